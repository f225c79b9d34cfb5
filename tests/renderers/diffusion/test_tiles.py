"""Large plates: rendered again in tiles that are aligned to the pixel, seamless, and follow all conditioning."""

import json
from itertools import pairwise

import cv2
import numpy as np
import pytest

from stylize.errors import RendererError, SettingsError
from stylize.renderers import RenderRequest
from stylize.renderers.diffusion import tiles
from stylize.renderers.diffusion.sizes import crop_resize, larger, paste_back, plan_size, tile_side
from stylize.renderers.diffusion.tiles import feather, in_tiles, plan_tiles
from stylize.settings import Settings
from tests.renderers.diffusion.test_failure import failing, full  # noqa: F401
from tests.renderers.diffusion.test_options import assert_differs, assert_same, control_options, renderer
from tests.renderers.diffusion.test_renderer import picture, quiet
from tests.renderers.diffusion.test_renderer import pytestmark as quietly

pytestmark = quietly
# Rendered at 96 x 48, then in tiles of 96 at the plate's 192 x 96.
LARGE = {"render_size": 68, "upscale": 8}


def plate(width=192, height=96):
    noise = np.random.default_rng(0).random((height, width, 3), np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 3)
    return ((soft - soft.min()) / (soft.max() - soft.min())).astype(np.float32)


def shift_of(one, other):
    """Shift of ``other`` relative to ``one``, in pixels, in x and y: least squares over the gradients."""
    down, across = np.gradient(one)
    slopes = np.stack([across.ravel(), down.ravel(), one.ravel(), np.ones(one.size)], axis=1)
    found, *_ = np.linalg.lstsq(slopes, other.ravel().astype(np.float64), rcond=None)
    return -found[:2] / found[2]


def test_shift_measurement_is_accurate():
    one = plate().mean(axis=2)
    for x, y in ((0, 0), (0.3, -0.2), (-0.5, 0.4)):
        moved = cv2.warpAffine(one, np.float32([[1, 0, x], [0, 1, y]]), one.shape[::-1], flags=cv2.INTER_CUBIC)
        noisy = moved + np.random.default_rng(1).normal(0, 0.03, one.shape)
        np.testing.assert_allclose(shift_of(one[20:76, 20:76], noisy[20:76, 20:76]), (x, y), atol=0.1)


def make(models, one=None, family="sd15", seed=3, request=None, **asked):
    wanted = RenderRequest(7, plate() if one is None else one, None, None, None, seed, **(request or {}))
    return renderer(models, family, **{**LARGE, **asked}).render(wanted, quiet)


# Layout


@pytest.mark.parametrize("size", [(64, 64), (64, 200), (135, 240), (72, 65), (10, 90), (128, 256)])
def test_tiles_cover_the_picture_and_overlap_with_feathered_weights(size):
    tiling = plan_tiles(*size, 64)
    seen, weight = np.zeros(size), feather(tiling)
    assert weight.shape == tiling.size
    assert 0 < weight.min() <= weight.max() <= 1
    for rows, columns in tiling.parts:
        seen[rows, columns] += weight
        assert 0 <= rows.start <= rows.stop <= size[0]
        assert 0 <= columns.start <= columns.stop <= size[1]
    assert seen.min() > 0
    for axis in (0, 1):
        starts = sorted({part[axis].start for part in tiling.parts})
        assert starts[-1] + tiling.size[axis] == size[axis]
        assert all(b - a <= 0.75 * tiling.size[axis] + 1 for a, b in pairwise(starts))


def test_larger_size_is_limited_to_the_plates_size():
    working = plan_size((1920, 1080), "sd15")
    twice = larger(working, 1.5)
    assert twice.scaled
    assert abs(twice.size[0] / working.size[0] - 1.5) < 0.01
    whole = larger(working, 8)
    assert (whole.size, whole.scaled) == ((1920, 1080), False)
    assert larger(plan_size((640, 360), "sd15"), 2) is None
    assert larger(plan_size((640, 360), "sd15", None, (300, 100, 400, 200)), 2) is None  # already enlarged
    assert tile_side(working, "sd15") == 512
    assert tile_side(plan_size((1920, 1080), "sd15", 256), "sd15") == 344


def test_tiles_equal_the_whole_for_a_pixelwise_network(models):
    """A network with a receptive field of one pixel cannot distinguish tiles from the whole."""
    import torch

    class Unet(torch.nn.Module):
        def forward(self, sample, time, return_dict=True, **more):
            return (sample * 2 + time,)

    class Pipeline:
        unet = Unet()

    sample = torch.randn(2, 4, 40, 70, generator=torch.Generator().manual_seed(0))
    with in_tiles(Pipeline, 16):
        prediction = Pipeline.unet(sample, 3.0)[0]
    torch.testing.assert_close(prediction, sample * 2 + 3)
    assert "forward" not in vars(Pipeline.unet)
    assert len(Pipeline.unet(sample, 3.0)) == 1


def test_differing_tiles_blend_into_each_other():
    """Worst case: a network that paints every tile in its own tone. With hard borders, tones would differ by 1."""
    torch = pytest.importorskip("torch")

    class Unet(torch.nn.Module):
        tone = 0.0

        def forward(self, sample, time, return_dict=True, **more):
            self.tone = 1 - self.tone
            return (torch.full_like(sample, self.tone),)

    class Pipeline:
        unet = Unet()

    with in_tiles(Pipeline, 64):
        prediction = Pipeline.unet(torch.zeros(1, 4, 64, 208), 3.0)[0].numpy()
    assert np.ptp(prediction) > 0.99
    assert np.abs(np.diff(prediction, axis=-1)).max() < 1.5 / (64 * 0.25)
    assert not np.diff(prediction, axis=-2).any()


# Results


@pytest.mark.parametrize("size", [(161, 95), (95, 161), (160, 120), (215, 90)])
def test_result_with_little_noise_is_the_enlarged_key(models, size):
    """Odd, portrait, 4:3 and 2.39:1 sizes: the key is resized, and not shifted anywhere."""
    one = plate(*size)
    asked = {"vae": str(models / "clear"), "steps": 1000, "denoise": 0.001, "render_size": 64}
    key = make(models, one, **asked, upscale=8, upscale_denoise=0.001).picture
    small = make(models, one, **asked, upscale=None).picture
    working = plan_size(size, "sd15", 64)
    assert key.shape == one.shape
    assert working.size[0] < size[0]
    assert np.abs(key - small).mean() < 0.03
    grey, other = one.mean(axis=2), key.mean(axis=2)
    part = 56
    for top in (0, (size[1] - part) // 2, size[1] - part):
        for left in (0, (size[0] - part) // 2, size[0] - part):
            crop = np.s_[top : top + part, left : left + part]
            assert np.hypot(*shift_of(grey[crop], other[crop])) <= 0.25


def paints_softly(painter, monkeypatch):
    """A network that draws soft shapes half towards the mean of their tile, so that seams would show."""
    import torch
    from torch.nn.functional import avg_pool2d, pad

    kept = painter.parts.base.scheduler.alphas_cumprod

    def forward(sample, time, *args, **kwargs):
        share = kept[int(time)]
        soft = avg_pool2d(pad(sample, (6,) * 4, mode="reflect"), 13, 1)
        shown = (soft + sample.mean(dim=(-2, -1), keepdim=True)) / 2 / share**0.5
        return ((sample - share**0.5 * shown) / (1 - share) ** 0.5,)

    monkeypatch.setattr(painter.parts.base.unet, "forward", torch.no_grad()(forward))


def test_no_seam_at_tile_borders(models, monkeypatch):
    """No pair of adjacent columns differs more than others; with hard borders, the tiles differ far more."""
    ramp = np.linspace(0.1, 0.9, 280, dtype=np.float32)[None, :, None]
    one = np.ascontiguousarray(np.repeat(np.repeat(ramp, 88, axis=0), 3, axis=2))
    asked = {"vae": str(models / "clear"), "steps": 8, "denoise": 0.5, "upscale_denoise": 0.5, "render_size": 64}
    painter = renderer(models, **{**LARGE, **asked, "cfg": 1})
    paints_softly(painter, monkeypatch)

    def worst():
        key = painter.render(RenderRequest(7, one, None, None, None, 3), quiet).picture
        rows = cv2.GaussianBlur(key, (0, 0), 1).mean(axis=(0, 2))
        return np.abs(np.diff(rows)).max() / np.abs(np.diff(rows)).mean()

    soft = worst()
    sharp = np.zeros((88, 112), np.float32) + np.float32(1e-6)
    sharp[:, 14:-14] = 1
    monkeypatch.setattr(tiles, "feather", lambda tiling: sharp)
    hard = worst()
    assert soft < 5
    assert hard > 3 * soft


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
def test_seed_and_denoise_determine_the_tiles(models, family):
    one = make(models, family=family)
    assert_same(one.picture, make(models, family=family).picture)
    assert_differs(one.picture, make(models, family=family, seed=4).picture)
    assert_differs(one.picture, make(models, family=family, upscale=None).picture)
    assert_differs(one.picture, make(models, family=family, upscale_denoise=0.6).picture)
    assert_same(one.picture, make(models, family=family, upscale_denoise="0: 0.26, 7: 0.3, 9: 0.9").picture)


def test_cost_of_tiles_is_reported_and_stored(models):
    made = make(models)
    assert made.notes == (
        "keyframe 7: repainted at 192x96 in 3 tiles of 96x96, about 3.0 times the cost of the key at 96x48",
    )
    metadata = json.loads(made.text["stylize"])
    assert metadata["upscale"] == {"size": [192, 96], "tile": [96, 96], "tiles": 3, "denoise": 0.3}
    assert metadata["size"] == [96, 48]
    assert metadata["settings"]["upscale"] == 8
    assert "Size: 96x48" in made.text["parameters"]
    assert "Hires resize: 192x96, Hires denoising strength: 0.3" in made.text["parameters"]
    assert json.loads(make(models, upscale=None).text["stylize"])["upscale"] is None


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
def test_controls_act_in_tiles(models, family):
    asked = control_options(
        models,
        family,
        control="tile",
        control_model=f"tile={models / control_options(models, family)['control_model'][6:]}",
    )
    plain, held = make(models, family=family).picture, make(models, family=family, **asked).picture
    assert_differs(plain, held)
    two = {
        "control": ("tile:0.5", "canny"),
        "control_model": (f"tile={models / 'control'}", f"canny={models / 'control2'}"),
    }
    if family == "sd15":
        assert_differs(held, make(models, **two).picture)


def test_tile_gets_its_crop_of_the_control(models):
    """One tile of full size gives the same as no tiles, including controls and the half of the batch without them."""
    import torch

    painter = renderer(models, **control_options(models))
    pipeline = painter.parts.base
    from stylize.renderers.diffusion import loading

    pipeline = loading.pipeline_for(pipeline, "sd15", painter.parts.nets, from_image=True)
    draw = torch.Generator().manual_seed(0)
    sample, words = torch.randn(2, 4, 16, 24, generator=draw), torch.randn(2, 77, 32, generator=draw)
    shown = torch.rand(2, 3, 128, 192, generator=draw)

    def ask(count):
        kwargs = {"controlnet_cond": shown[:count], "conditioning_scale": 1.0, "return_dict": False}
        with torch.no_grad():
            down, middle = pipeline.controlnet(sample[-count:], 5, encoder_hidden_states=words[-count:], **kwargs)
            if count == 1:  # as pipelines do in guess mode
                down = [torch.cat([torch.zeros_like(one), one]) for one in down]
                middle = torch.cat([torch.zeros_like(middle), middle])
            added = {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}
            return pipeline.unet(sample, 5, encoder_hidden_states=words, **added, return_dict=False)[0]

    for count in (1, 2):
        whole = ask(count)
        with in_tiles(pipeline, 24):
            torch.testing.assert_close(ask(count), whole)
        with in_tiles(pipeline, 16):
            parts = ask(count)
        assert parts.shape == whole.shape
        assert not torch.equal(parts, whole)
        # With other pictures beyond the pixels of the first tile, nothing changes in the area of that tile alone.
        before, shown = shown, torch.cat([shown[..., :128], 1 - shown[..., 128:]], dim=-1)
        with in_tiles(pipeline, 16):
            other = ask(count)
        shown = before
        assert torch.equal(other[..., :8], parts[..., :8])
        assert (other != parts)[-1, ..., 8:].float().mean() > 0.9
        assert torch.equal(other[:-count], parts[:-count])


def test_earlier_key_is_fused_into_the_tiles(models):
    """The large picture repeats the earlier key where both show the same content, at its own sharpness."""
    one, earlier = plate(), 1 - plate()
    confidence = np.zeros((96, 192), np.float32)
    confidence[:, :96] = 1
    asked = {"vae": str(models / "clear"), "fuse": 1, "match_colours": 0, "upscale_denoise": 0.6}
    painter = renderer(models, **{**LARGE, **asked})
    key = painter.render(RenderRequest(7, one, None, earlier, confidence, 3), quiet).picture
    near = np.abs(key - earlier).mean(axis=2)
    assert near[:, :90].mean() < 0.02
    assert near[:, 102:].mean() > 0.1


def test_matte_limits_the_tiles_and_small_boxes_need_none(models):
    matte = np.zeros((96, 192), np.float32)
    matte[20:80, 10:180] = 1
    one = plate()
    key = make(models, one, request={"matte": matte}).picture
    assert_same(key[matte == 0], one[matte == 0])
    assert (key[matte > 0] != one[matte > 0]).mean() > 0.9
    matte[:, 60:] = 0
    made = make(models, one, request={"matte": matte}, render_size=None)
    assert not made.notes
    assert json.loads(made.text["stylize"])["upscale"] is None


def test_full_memory_is_reported_and_reduces_the_tiles(models, failing):  # noqa: F811
    failing += [None, full(), None, full(), full()]
    made = make(models, plate(520, 440), render_size=372, upscale=1.2, steps=2, denoise=0.5, upscale_denoise=0.5)
    assert [note.split(": ", 1)[1] for note in made.notes[:3]] == [
        "memory was exhausted, so attention is computed in slices",
        "memory was exhausted, so the autoencoder works in tiles",
        "memory was exhausted, so the key is painted at 304x256",
    ]
    assert "repainted at 368x304 in" in made.notes[3]


def test_upscale_without_effect_is_refused(models):
    with pytest.raises(
        RendererError, match=r"--upscale has no effect, because plates are processed at their own size, 64x48"
    ):
        make(models, picture(), render_size=None)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"upscale_denoise": 0.5}, "--upscale-denoise needs --upscale"),
        ({"upscale": 2, "steps": 10, "upscale_denoise": 0.05}, "--upscale-denoise 0.05 of --steps 10 leaves no step"),
        ({"upscale": 1}, "--upscale must be a number from 1.1 to 8"),
    ],
)
def test_option_combinations_without_effect_are_refused(asked, message):
    with pytest.raises(SettingsError) as error:
        Settings(renderer="diffusion", model="a/b", **asked)
    assert message in str(error.value)


def test_enlargement_does_not_shift():
    one = plate(161, 95)
    working = plan_size((161, 95), "sd15", 64)
    target = larger(working, 1.3)
    there = crop_resize(paste_back(crop_resize(one, working), one, working), target)
    assert there.shape[:2] == target.size[::-1]
    shift, _ = cv2.phaseCorrelate(*(shown.mean(axis=2) - shown.mean() for shown in (crop_resize(one, target), there)))
    assert np.hypot(*shift) <= 0.1


def test_tiles_use_the_enlarged_annotation(models, monkeypatch, tmp_path):
    """The annotator is not run again at the larger size, where it would find other content and take far more memory."""
    from stylize.renderers.diffusion import control, networks

    asked_for = []

    def annotate(network, seen):
        asked_for.append(seen.shape[:2])
        return seen[..., ::-1] * network

    monkeypatch.setattr(control, "check_annotator", lambda kind, folder, source: tmp_path)
    monkeypatch.setattr(networks, "load_annotator", lambda kind, folder, device: np.float32(0.5))
    monkeypatch.setattr(networks, "annotate", annotate)
    led_by = {"control": "depth", "control_model": f"depth={models / 'control'}"}
    made = make(models, **led_by)
    assert asked_for == [(48, 96)]
    assert made.control_pictures["depth"].shape == (48, 96, 3)
    ready = {"control": "depth=x.png", "control_model": led_by["control_model"]}
    drawn = cv2.resize(plate(), (96, 48), interpolation=cv2.INTER_AREA)[..., ::-1] * np.float32(0.5)
    shown = np.clip(cv2.resize(drawn, (192, 96), interpolation=cv2.INTER_CUBIC), 0, 1)
    other = make(models, request={"controls": {"depth=x.png": shown}}, **ready)
    assert np.abs(made.picture - other.picture).mean() < 0.05
    assert_differs(made.picture, make(models).picture)
