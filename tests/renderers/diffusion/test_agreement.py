"""Keys agree with the previous key where it shows the same content, and follow their own plate elsewhere.

The autoencoder here is almost the identity, so that the contents of the latents are visible.
"""

import av
import cv2
import numpy as np
import pytest

from propagate.confidence import warp_confidence
from propagate.flow import compose_step, estimate_step, identity_flow, warp
from propagate.flow_dis import DisFlow
from stylize.keys.agreement import agreement
from stylize.renderers import RenderRequest
from stylize.renderers.diffusion.colours import match_colours
from tests.renderers.diffusion.test_options import renderer
from tests.renderers.diffusion.test_renderer import picture, quiet
from tests.renderers.diffusion.test_renderer import pytestmark as quietly

pytestmark = quietly
ALONE = {"fuse": 0, "share_attention": 0, "match_colours": 0}
SIZE = (128, 72)


FAMILIES = ("sd15", "sdxl")


@pytest.fixture(scope="module", params=[3, 20])
def clip(request):
    """Nine frames of the example, small, uint8."""
    first = request.param
    with av.open("examples/bunny.mp4") as movie:
        decoded = zip(range(first + 9), movie.decode(video=0), strict=False)
        frames = [frame.to_ndarray(format="rgb24") for number, frame in decoded if number >= first]
    return [cv2.resize(frame, SIZE, interpolation=cv2.INTER_AREA) for frame in frames]


def clear(models, family="sd15", **asked):
    return renderer(models, family, vae=str(models / "clear"), **{"steps": 6, **asked})


def floats(frame):
    return frame.astype(np.float32) / np.float32(255)


def moved(clip):
    """Flow from the last frame to the first, and its confidence."""
    composed = identity_flow(0, *clip[0].shape[:2])
    for number in range(1, len(clip)):
        composed = compose_step(composed, number, estimate_step(clip[number - 1], clip[number], DisFlow()))
    return composed.flow, warp_confidence(composed.flow, composed.valid, clip[0], clip[-1])


def two_keys(models, clip, family="sd15", **asked):
    """The first and the last frame rendered, the earlier key warped to the later, and the confidence of the warp."""
    painter = clear(models, family, **asked)
    first = painter.render(RenderRequest(1, floats(clip[0]), None, None, None, 5), quiet).picture
    flow, confidence = moved(clip)
    warped = np.clip(warp(first, flow), 0, 1)
    request = RenderRequest(9, floats(clip[-1]), None, warped, confidence, 5, (first,))
    return painter.render(request, quiet).picture, warped, confidence


def test_autoencoder_is_almost_the_identity(models):
    made = clear(models, denoise=0.17).render(RenderRequest(1, picture(), None, None, None, 0), quiet).picture
    from stylize.renderers.diffusion.fusion import decode_latents, encode_picture

    pipeline = clear(models).parts.base
    back = decode_latents(pipeline, encode_picture(pipeline, picture()))
    assert np.abs(back - picture()).max() < 0.02
    assert made.shape == picture().shape


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("denoise", [0.5, 1])
def test_neighbouring_keys_agree_better_than_separate_ones(models, clip, family, denoise):
    # The weights are random: colour agrees with any negative prompt, but structure only with some, such as this one.
    given = {"denoise": denoise, "negative": "x"}
    alone = agreement(*two_keys(models, clip, family, **given, **ALONE))
    together = agreement(*two_keys(models, clip, family, **given))
    assert together.common > 0.2
    assert together.colour <= 0.6 * alone.colour
    assert together.structure > alone.structure


@pytest.mark.parametrize("family", FAMILIES)
def test_content_missing_from_the_earlier_key_follows_the_plate(models, clip, family):
    """The right half of the later plate is another picture, with zero confidence there."""
    other = clip[-1].copy()
    other[:, 64:] = 255 - other[:, 64:]
    flow, confidence = moved(clip)
    confidence[:, 56:] = 0
    painter = clear(models, family, denoise=0.34, match_colours=0)
    first = painter.render(RenderRequest(1, floats(clip[0]), None, None, None, 5), quiet).picture
    warped = np.clip(warp(first, flow), 0, 1)
    request = RenderRequest(9, floats(other), None, warped, confidence, 5, (first,))
    key = cv2.GaussianBlur(painter.render(request, quiet).picture, (0, 0), 2)
    plate, copied = (cv2.GaussianBlur(floats(one), (0, 0), 2) for one in (other, clip[-1]))
    right = np.s_[:, 70:]
    own = np.corrcoef(key[right].ravel(), plate[right].ravel())[0, 1]
    assert own > 0.5
    assert own > np.corrcoef(key[right].ravel(), copied[right].ravel())[0, 1] + 0.5


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
@pytest.mark.parametrize("option", ["fuse", "share_attention"])
def test_each_part_of_agreement_has_an_effect_unless_0(models, family, option):
    plate, earlier = picture(), 1 - picture()
    confidence = np.ones((48, 64), np.float32)

    def paint(warped, **asked):
        request = RenderRequest(9, plate, None, earlier if warped else None, confidence if warped else None, 5,
                                (earlier,) if warped else ())  # fmt: skip
        return (
            renderer(models, family, **{**ALONE, "prompt": "a", "denoise": 0.9, **asked}).render(request, quiet).picture
        )

    without = paint(False)
    np.testing.assert_array_equal(paint(True), without)
    assert (paint(True, **{option: 1}) != without).mean() > 0.5
    np.testing.assert_array_equal(paint(False, **{option: 1}), without)
    np.testing.assert_array_equal(paint(True, **{option: 1}), paint(True, **{option: 1}))


def test_shared_attention_restores_the_network(models):
    painter = renderer(models, share_attention=1, fuse=0)
    request = RenderRequest(9, picture(), None, picture(), np.ones((48, 64), np.float32), 5, (picture(), 1 - picture()))
    before = {name: type(one) for name, one in painter.parts.base.unet.attn_processors.items()}
    painter.render(request, quiet)
    assert {name: type(one) for name, one in painter.parts.base.unet.attn_processors.items()} == before
    assert not painter.parts.base.unet._forward_pre_hooks


def test_fully_fused_key_is_reproduced(models):
    earlier = picture(seed=4)
    mask = np.zeros((48, 64), np.float32)
    mask[:, :32] = 1
    asked = {**ALONE, "fuse": 1, "denoise": 0.5}
    request = RenderRequest(9, picture(), None, earlier, mask, 5, (earlier,))
    key = clear(models, **asked).render(request, quiet).picture
    assert np.abs(key - earlier)[:, :30].max() < 0.03
    assert np.abs(key - earlier)[:, 34:].mean() > 0.1


def test_colours_are_matched_to_the_earlier_key():
    key, confidence = picture(), np.zeros((48, 64), np.float32)
    confidence[:, :40] = 1
    earlier = (key * 0.9 + 0.05).astype(np.float32)
    matched = match_colours(key, earlier, confidence, 1)
    assert np.abs(matched - earlier).mean() < 0.2 * np.abs(key - earlier).mean()
    half = match_colours(key, earlier, confidence, 0.5)
    np.testing.assert_allclose(half, (key + matched) / 2, atol=1e-5)
    assert match_colours(key, earlier, confidence, 0) is key
    assert match_colours(key, earlier, confidence * 0, 1) is key
