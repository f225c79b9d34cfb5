"""The embedded renderer is measured: is it painted like the reference, and is the plate still there?"""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from propagate.features import luminance
from stylize.errors import RendererError, SettingsError
from stylize.renderers import RENDERERS, RenderRequest, make_renderer
from stylize.settings import Settings

EXAMPLES = Path(__file__).parents[2] / "examples"
REFERENCES = ["oil", "ink", "watercolour"]


def read(path):
    return cv2.imread(str(path))[..., ::-1].astype(np.float32) / 255


@pytest.fixture(scope="module")
def plate():
    with av.open(str(EXAMPLES / "bunny.mp4")) as movie:
        frame = next(f for n, f in enumerate(movie.decode(video=0)) if n == 20)
    return frame.to_ndarray(format="rgb24").astype(np.float32) / 255


def paint(plate, style, seed=0, warped=None, confidence=None, **settings):
    renderer = make_renderer("example", Settings(style="reference.png", **settings))
    return renderer.render(RenderRequest(1, plate, style, warped, confidence, seed), lambda done, total: None).picture


def patches(picture, count=3000):
    draw = np.random.default_rng(0)
    ys, xs = draw.integers(0, picture.shape[0] - 4, count), draw.integers(0, picture.shape[1] - 4, count)
    return np.stack([picture[y : y + 5, x : x + 5].ravel() for y, x in zip(ys, xs, strict=True)])


def unlikeness(picture, style):
    """Sliced Wasserstein distance of all 5x5 patches of two pictures: are they made of the same stuff?"""
    axes = np.random.default_rng(1).standard_normal((75, 64))
    ours, theirs = (np.sort(patches(p, 6000) @ (axes / np.linalg.norm(axes, axis=0)), axis=0) for p in (picture, style))
    return float(np.abs(ours - theirs).mean())


def edges_found(picture, plate):
    """Correlation of the two pictures' edge strengths at the size of shapes."""
    both = []
    for p in (picture, plate):
        grey = cv2.GaussianBlur(luminance(p), (0, 0), 3)
        both.append(np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)).ravel())
    return float(np.corrcoef(both)[0, 1])


@pytest.mark.parametrize("name", REFERENCES)
def test_a_key_is_painted_like_the_reference_and_shows_the_plate(plate, name, record_property):
    style = read(EXAMPLES / f"{name}.png")
    key = paint(plate, style)
    assert key.shape == plate.shape
    assert key.min() >= 0
    assert key.max() <= 1
    near, far = unlikeness(key, style), unlikeness(plate, style)
    edges = edges_found(key, plate)
    for label, value in (("unlikeness", near / far), ("edges", edges)):
        record_property(f"{name} {label}", round(float(value), 3))
    assert near < 0.7 * far
    assert edges > 0.6


def test_the_same_seed_paints_the_same_bits_and_another_does_not(plate):
    small, style = plate[:120, :160], read(EXAMPLES / "oil.png")[:200, :240]
    one, same, other = (paint(small, style, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert (one != other).mean() > 0.1


def test_structure_keeps_more_of_the_plates_edges(plate):
    style = read(EXAMPLES / "oil.png")
    loose, tight = (edges_found(paint(plate, style, structure=s), plate) for s in (0.0, 1.0))
    assert tight > loose


def test_keep_colours_keeps_the_plates_hues(plate):
    style = read(EXAMPLES / "oil.png")

    def hues(picture):
        lab = cv2.cvtColor(cv2.resize(picture, (64, 36), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB)
        return lab[..., 1:]

    kept, free = (np.abs(hues(paint(plate, style, keep_colours=k)) - hues(plate)).mean() for k in (True, False))
    assert kept < 0.8 * free


def test_a_later_key_agrees_with_the_earlier_one_where_it_is_trusted(plate):
    style = read(EXAMPLES / "oil.png")
    earlier = paint(plate, style, seed=1)
    confidence = np.ones(plate.shape[:2], np.float32)
    confidence[:, 320:] = 0
    later = paint(plate, style, 2, earlier, confidence)
    free = paint(plate, style, 2)
    inner = np.s_[:, :300]
    assert np.abs(later - earlier)[inner].mean() < 0.6 * np.abs(free - earlier)[inner].mean()


@pytest.mark.parametrize("size", [(9, 7), (40, 200), (1, 1)])
def test_tiny_plates_and_references_work(size):
    draw = np.random.default_rng(0)
    key = paint(draw.random((*size, 3), np.float32), draw.random((12, 10, 3), np.float32))
    assert key.shape == (*size, 3)
    assert np.isfinite(key).all()


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_black_and_white_plates_work(value):
    key = paint(np.full((60, 80, 3), value, np.float32), np.random.default_rng(0).random((50, 50, 3), np.float32))
    assert np.isfinite(key).all()


def test_without_a_style_it_says_what_to_give(plate):
    with pytest.raises(RendererError, match="--style"):
        paint(plate[:20, :20], None)


def test_painted_says_which_frame_it_waits_for(plate):
    with pytest.raises(RendererError, match="keyframe 1 is to be painted"):
        make_renderer("painted", Settings()).render(
            RenderRequest(1, plate, None, None, None, 0), lambda done, total: None
        )


def test_an_unknown_renderer_names_the_known_ones():
    with pytest.raises(SettingsError, match=r"example, painted, diffusion.*'oils'"):
        make_renderer("oils", Settings())


@pytest.mark.parametrize("name", [n for n in RENDERERS if n not in ("diffusion", "a1111")])
def test_every_renderer_has_a_cache_key(name):
    assert make_renderer(name, Settings()).cache_key()
