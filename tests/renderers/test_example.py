"""Measurements of the embedded renderer: similarity to the reference, and preservation of the plate."""

import hashlib
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from skimage import data

from propagate.features import luminance
from propagate.palette import palette_of, to_lab
from propagate.patchmatch import BAND
from propagate.texture import optimise
from stylize.errors import RendererError, SettingsError
from stylize.renderers import RenderRequest, example, make_renderer
from stylize.renderers.example import fit
from stylize.settings import Settings
from tests.benchmarks.key_measures import fitted, hue_errors, patch_distance, patches

EXAMPLES = Path(__file__).parents[2] / "examples"
REFERENCES = ["oil", "ink", "watercolour"]


def read(path):
    return cv2.imread(str(path))[..., ::-1].astype(np.float32) / 255


@pytest.fixture(scope="module")
def plate():
    with av.open(str(EXAMPLES / "bunny.mp4")) as movie:
        frame = next(f for n, f in enumerate(movie.decode(video=0)) if n == 20)
    # The animal and some of what surrounds it, 440x248: all of the frame takes twice the time.
    return frame.to_ndarray(format="rgb24")[56:304, 100:540].astype(np.float32) / 255


@pytest.fixture(scope="module")
def small_plate(plate):
    """A plate of half the width and height, for comparisons between keys."""
    return cv2.resize(plate, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def astronaut():
    """A portrait, 256x256."""
    return cv2.resize(data.astronaut(), (256, 256), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


@pytest.fixture(scope="module")
def small_portrait():
    """The portrait, 192x192, in half the time; brush marks are too large in it to compare it with a reference."""
    return cv2.resize(data.astronaut(), (192, 192), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


# Pixels of the face in the small portrait.
FACE = np.zeros((192, 192), bool)
FACE[24:60, 71:98] = True


_painted = {}


def paint(*pictures, **options):
    """Paint a key, or return the one that another test painted from the same inputs."""
    own = {name: options.pop(name) for name in ("shot", "scale") if name in options}
    settings = Settings(style="reference.png", **options)
    key = repr(([digest(one) for one in pictures], {name: digest(value) for name, value in own.items()}, settings))
    if key not in _painted:
        _painted[key] = paint_anew(*pictures, **own, **options)
        _painted[key].flags.writeable = False
    return _painted[key]


def digest(value):
    return (value.shape, hashlib.sha256(value.tobytes()).hexdigest()) if isinstance(value, np.ndarray) else value


def paint_anew(plate, style, seed=0, warped=None, confidence=None, shot=None, scale=1.0, **settings):
    renderer = make_renderer("example", Settings(style="reference.png", **settings))
    request = RenderRequest(1, plate, style, warped, confidence, seed, shot=shot, scale=scale)
    return renderer.render(request, lambda done, total: None).picture


def lightness(picture):
    return float(to_lab(picture)[..., 0].mean())


def edges_found(picture, plate):
    """Correlation of the two pictures' edge strengths at the scale of shapes."""
    both = []
    for p in (picture, plate):
        grey = cv2.GaussianBlur(luminance(p), (0, 0), 3)
        both.append(np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)).ravel())
    return float(np.corrcoef(both)[0, 1])


def texture(picture, plate, style):
    """Distance of the brushwork to a reference's, relative to that of the plate: patches less their mean colour."""
    wanted = patches(fitted(style, plate))
    return patch_distance(patches(picture), wanted) / patch_distance(patches(plate), wanted)


# Maximum distance of the brushwork. A watercolour has few marks, and its washes look much like a smooth plate.
BRUSHWORK = {"oil": 0.4, "ink": 0.4, "watercolour": 0.93}


@pytest.mark.slow
@pytest.mark.parametrize("name", REFERENCES)
def test_key_has_the_brushwork_of_the_reference_and_shows_the_plate(plate, name, record_property):
    style = read(EXAMPLES / f"{name}.png")
    key = paint(plate, style)
    assert key.shape == plate.shape
    assert key.min() >= 0
    assert key.max() <= 1
    unlikeness, edges = texture(key, plate, style), edges_found(key, plate)
    for label, value in (("unlikeness", unlikeness), ("edges", edges)):
        record_property(f"{name} {label}", round(float(value), 3))
    assert unlikeness < BRUSHWORK[name]
    assert min(1.0, *(texture(cv2.GaussianBlur(plate, (0, 0), s), plate, style) for s in (1, 3))) > BRUSHWORK[name]
    assert edges > 0.8


@pytest.mark.slow
@pytest.mark.parametrize("name", REFERENCES)
def test_skin_stays_warm(small_portrait, name):
    off = hue_errors(small_portrait, paint(small_portrait, read(EXAMPLES / f"{name}.png")), FACE)
    assert off.size > 840
    assert np.median(off) < 25


@pytest.mark.slow
@pytest.mark.parametrize(("name", "most"), [("oil", 8), ("ink", 9), ("watercolour", 8)])
def test_night_stays_a_night(astronaut, name, most):
    night = (0.1 * astronaut**2.2) ** np.float32(1 / 2.2)
    # The ink of a reference is lighter than black.
    difference = lightness(paint(night, read(EXAMPLES / f"{name}.png"))) - lightness(night)
    assert abs(difference) < most


@pytest.mark.slow
@pytest.mark.parametrize("name", REFERENCES)
def test_black_plate_gives_the_darkest_paint_without_marks(astronaut, name):
    style = read(EXAMPLES / f"{name}.png")
    dark = to_lab(paint(np.zeros_like(astronaut), style))
    darkest = np.quantile(to_lab(cv2.GaussianBlur(style, (0, 0), 1))[..., 0], 0.01)
    assert dark[..., 0].mean() < darkest + 4
    assert dark[..., 0].std() < 4.5
    assert lightness(paint(np.zeros_like(astronaut), style, palette=0.0)) < 5.5


@pytest.mark.slow
def test_grey_reference_gives_a_grey_key(small_portrait):
    grey = np.repeat(read(EXAMPLES / "oil.png").mean(axis=2, keepdims=True), 3, axis=2)
    assert np.abs(to_lab(paint(small_portrait, grey))[..., 1:]).max() < 3


@pytest.mark.slow
@pytest.mark.parametrize("name", REFERENCES)
def test_tone_moves_the_lightness_to_the_references(small_portrait, name):
    style = read(EXAMPLES / f"{name}.png")
    kept, half, moved = (lightness(paint(small_portrait, style, tone=tone)) for tone in (0.0, 0.5, 1.0))
    assert abs(moved - lightness(style)) < 3
    assert abs(kept - lightness(small_portrait)) < 5
    assert min(kept, moved) - 1 < half < max(kept, moved) + 1


@pytest.mark.slow
@pytest.mark.parametrize("name", REFERENCES)
def test_full_palette_uses_the_references_shares(astronaut, name):
    style = read(EXAMPLES / f"{name}.png")
    colours = palette_of(to_lab(cv2.GaussianBlur(style, (0, 0), 1)), 12).colours

    def shares(picture):
        pixels = to_lab(cv2.GaussianBlur(picture, (0, 0), 1)).reshape(-1, 1, 3)
        nearest = ((pixels - colours) ** 2).sum(axis=2).argmin(axis=1)
        return np.bincount(nearest, minlength=len(colours)) / len(nearest)

    off = [np.abs(shares(paint(astronaut, style, palette=dial)) - shares(style)).sum() / 2 for dial in (0.5, 1.0)]
    assert off[1] < 0.65 * off[0]
    assert off[1] < 0.3


def flat_patch(surround):
    """A plate with the same grey-brown square in the middle, and a surround of its own."""
    plate = np.broadcast_to(np.array(surround, np.float32), (96, 128, 3)).copy()
    plate[24:72, 32:96] = (0.45, 0.4, 0.32)
    return plate


@pytest.mark.slow
@pytest.mark.parametrize("dial", [{"tone": 1.0}, {"palette": 1.0}])
def test_keys_of_a_shot_paint_the_same_colour_alike(dial):
    style = np.ascontiguousarray(read(EXAMPLES / "oil.png")[::2, ::2])
    plates = [flat_patch((0.8, 0.85, 0.95)), flat_patch((0.05, 0.08, 0.02))]
    shot = np.concatenate([plate[::4, ::4].reshape(-1, 3) for plate in plates])

    def difference(shot):
        squares = [to_lab(paint(plate, style, shot=shot, **dial))[30:66, 38:90].mean(axis=(0, 1)) for plate in plates]
        return np.linalg.norm(squares[0] - squares[1])

    assert difference(shot) < 4
    assert difference(None) > 3 * difference(shot)


@pytest.mark.slow
def test_search_leaves_no_seams_at_the_borders_of_bands(small_portrait, monkeypatch):
    fields = []

    def recorded(*arguments, **named):
        made = optimise(*arguments, **named)
        fields.append(made.field)
        return made

    monkeypatch.setattr(example, "optimise", recorded)
    paint_anew(small_portrait, read(EXAMPLES / "watercolour.png"))
    broken = (np.abs(np.diff(fields[-1], axis=0) - [0, 1]).sum(axis=2) > 2).mean(axis=1)
    assert broken[BAND - 1 :: BAND].mean() < 1.3 * broken.mean()


@pytest.mark.parametrize(
    ("style", "plate_size", "scale", "expected"),
    [
        ((100, 200), (360, 640), 1.0, (100, 200)),  # never enlarged
        ((100, 200), (180, 320), 0.5, (50, 100)),  # smaller than the shot: at its scale
        ((720, 1280), (180, 320), 0.5, (180, 320)),  # larger: fitted to the shot, then scaled
    ],
)
def test_reference_is_fitted_to_the_size_of_the_shot(style, plate_size, scale, expected):
    """In a draft brush marks keep their size relative to the shot."""
    assert fit(np.zeros((*style, 3), np.float32), plate_size, scale).shape[:2] == expected


def lab_difference(picture, other, sigma):
    """Mean CIELAB distance of two pictures of one size, smoothed by a Gaussian of ``sigma`` pixels."""
    first, second = (cv2.GaussianBlur(cv2.cvtColor(p, cv2.COLOR_RGB2LAB), (0, 0), sigma) for p in (picture, other))
    return float(np.linalg.norm(first - second, axis=-1).mean())


@pytest.mark.slow
@pytest.mark.parametrize(("name", "scale"), [("oil", 0.5), ("oil", 0.25), ("ink", 0.25), ("watercolour", 0.5)])
def test_draft_of_a_key_resembles_the_full_size(plate, name, scale):
    """Without scaled filters, the distance is 4.1 or more."""
    style = read(EXAMPLES / f"{name}.png")
    full = paint(plate, style)
    size = round(plate.shape[1] * scale), round(plate.shape[0] * scale)
    draft = paint(cv2.resize(plate, size, interpolation=cv2.INTER_AREA), style, scale=scale)
    assert lab_difference(draft, cv2.resize(full, size, interpolation=cv2.INTER_AREA), 2) < 3.6


@pytest.mark.slow
def test_guides_and_reference_of_a_draft_are_scaled(monkeypatch):
    """Sigmas of the guides, and the size of the reference, by the name of the guide."""
    used = {}
    for name, places in (("tone", (2, 5)), ("chroma", (2,)), ("structure", (2,))):
        guide = getattr(example, name)

        def record(*values, name=name, places=places, guide=guide):
            used.setdefault(name, []).append((*(values[place] for place in places), *values[1].shape[:2]))
            return guide(*values)

        monkeypatch.setattr(example, name, record)
    plate = np.random.default_rng(0).random((64, 64, 3), np.float32)
    for scale in (1.0, 0.5):
        paint_anew(plate, plate, scale=scale)
    assert sorted(used) == ["chroma", "structure", "tone"]
    for full, draft in used.values():
        np.testing.assert_allclose(draft, np.array(full) / 2)


@pytest.mark.parametrize(("scale", "expected"), [(1.0, 1.0), (0.5, 77.6 / 34.4), (0.25, 250.4 / 34.4)])
def test_work_at_full_size_includes_work_that_does_not_depend_on_the_size(scale, expected):
    plate = np.full((90, 160, 3), 0.5, np.float32)
    request = RenderRequest(1, plate, plate, None, None, 0, scale=scale)
    made = make_renderer("example", Settings(style="reference.png")).render(request, lambda done, total: None)
    assert made.full_work == pytest.approx(expected)


@pytest.mark.slow
def test_seed_determines_the_bits(plate):
    small, style = plate[:120, :160], read(EXAMPLES / "oil.png")[:200, :240]
    one, same, other = (paint_anew(small, style, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert (one != other).mean() > 0.1


@pytest.mark.slow
def test_structure_preserves_more_of_the_plates_edges(small_plate):
    style = read(EXAMPLES / "oil.png")
    loose, tight = (edges_found(paint(small_plate, style, structure=s), small_plate) for s in (0.0, 1.0))
    assert tight > loose


@pytest.mark.slow
@pytest.mark.parametrize("name", REFERENCES)
def test_keep_colours_preserves_the_plates_hues(small_portrait, name):
    style = read(EXAMPLES / f"{name}.png")
    kept = paint(small_portrait, style, keep_colours=True)
    assert np.median(hue_errors(small_portrait, kept)) < 6
    np.testing.assert_array_equal(kept, paint(small_portrait, style, palette=0.0))
    free = paint(small_portrait, style)
    differences = [
        np.abs(to_lab(picture)[..., 1:] - to_lab(small_portrait)[..., 1:]).mean() for picture in (kept, free)
    ]
    # The oil has most colours of the portrait.
    assert differences[0] < 0.95 * differences[1]


@pytest.mark.slow
def test_later_key_agrees_with_the_earlier_one_where_confident(small_plate):
    style = read(EXAMPLES / "oil.png")
    earlier = paint(small_plate, style, seed=1)
    confidence = np.ones(small_plate.shape[:2], np.float32)
    confidence[:, 160:] = 0
    later = paint(small_plate, style, 2, earlier, confidence)
    free = paint(small_plate, style, 2)
    inner = np.s_[:, :150]
    assert np.abs(later - earlier)[inner].mean() < 0.6 * np.abs(free - earlier)[inner].mean()


@pytest.mark.slow
@pytest.mark.parametrize("size", [(9, 7), (40, 200), (1, 1)])
def test_tiny_plates_and_references_work(size):
    draw = np.random.default_rng(0)
    key = paint(draw.random((*size, 3), np.float32), draw.random((12, 10, 3), np.float32))
    assert key.shape == (*size, 3)
    assert np.isfinite(key).all()


@pytest.mark.slow
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_black_and_white_plates_work(value):
    key = paint(np.full((60, 80, 3), value, np.float32), np.random.default_rng(0).random((50, 50, 3), np.float32))
    assert np.isfinite(key).all()


def test_missing_style_is_reported_with_a_remedy(plate):
    with pytest.raises(RendererError, match="--style"):
        paint(plate[:20, :20], None)


def test_painted_renderer_names_the_frame_it_waits_for(plate):
    with pytest.raises(RendererError, match="keyframe 1 must be painted"):
        make_renderer("painted", Settings()).render(
            RenderRequest(1, plate, None, None, None, 0), lambda done, total: None
        )


def test_unknown_renderer_lists_the_known_ones():
    with pytest.raises(SettingsError, match=r"example, painted, diffusion.*'oils'"):
        make_renderer("oils", Settings())


@pytest.mark.parametrize("name", ["example", "painted"])
def test_every_renderer_has_a_cache_key(name):
    assert make_renderer(name, Settings()).cache_key()
