"""References of every kind, and several at once, of the embedded renderer."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from propagate.palette import to_lab
from propagate.texture import optimise
from stylize.media.images import read_image
from stylize.renderers import RenderRequest, make_renderer
from stylize.renderers.example import MIN_MARKS, fit, to_paint
from stylize.settings import Settings

EXAMPLES = Path(__file__).parents[2] / "examples"
MAGENTA = np.array([1, 0, 1], np.float32)


def example(name, width=160, height=120):
    picture = read_image(EXAMPLES / f"{name}.png").astype(np.float32) / 255
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def plate():
    """A plate with dark, light, warm and cold parts and an edge."""
    ramp = np.linspace(0.05, 0.95, 120, dtype=np.float32)
    plate = np.repeat(np.repeat(ramp[None, :, None], 90, 0), 3, 2)
    plate[20:60, 30:80] = [0.8, 0.5, 0.3]
    plate[60:, :] *= np.array([0.6, 0.8, 1], np.float32)
    return plate


def paint(plate, *references, style=None, **settings):
    renderer = make_renderer("example", Settings(style="reference.png", **settings))
    request = RenderRequest(1, plate, style, None, None, 0, references=references)
    return renderer.render(request, lambda done, total: None).picture


def distance(picture, colours):
    """Distance in CIELAB from each pixel to the nearest of some colours."""
    lab = to_lab(picture).reshape(-1, 1, 3)
    return np.linalg.norm(lab - to_lab(np.asarray(colours, np.float32)[None])[0], axis=-1).min(axis=1)


def dots(colour, size=(100, 130)):
    """A reference of dots in one colour and its shades."""
    grey = cv2.GaussianBlur(np.random.default_rng(3).random(size, np.float32), (0, 0), 2)
    grey = (grey - grey.min()) / (grey.max() - grey.min())
    return grey[..., None] * np.asarray(colour, np.float32)


@pytest.mark.slow
def test_one_reference_gives_the_same_bits_in_either_field(plate):
    oil = example("oil")
    np.testing.assert_array_equal(paint(plate, oil), paint(plate, style=oil))
    opaque = np.dstack([oil, np.ones(oil.shape[:2], np.float32)])
    np.testing.assert_array_equal(paint(plate, opaque), paint(plate, style=oil))


@pytest.mark.slow
def test_two_references_give_colours_of_both(plate):
    red, blue = dots([1, 0.2, 0.1]), dots([0.1, 0.3, 1], (150, 60))
    both, other = paint(plate, red, blue), paint(plate, red)
    chroma = to_lab(both)[..., 1:].reshape(-1, 2)
    assert (chroma[:, 1] < -20).mean() > 0.1
    assert (chroma[:, 0] > 20).mean() > 0.05
    assert not (to_lab(other)[..., 2] < -20).any()


@pytest.mark.slow
def test_several_references_give_the_same_bits_again(plate):
    references = [example("oil"), example("pastel", 60, 150), example("ink", 40, 30)]
    np.testing.assert_array_equal(paint(plate, *references), paint(plate, *references))


@pytest.mark.slow
def test_every_search_is_confined_to_usable_positions(plate, monkeypatch):
    searches = []

    def spy(job, *arguments, **progress):
        made = optimise(job, *arguments, **progress)
        searches.append((job.usable, made.field))
        return made

    monkeypatch.setattr("stylize.renderers.example.optimise", spy)
    warped = paint(plate, example("oil"))
    searches.clear()
    renderer = make_renderer("example", Settings(style="reference.png"))
    references = (example("oil"), example("cel", 90, 60))
    request = RenderRequest(1, plate, None, warped, np.ones(plate.shape[:2], np.float32), 0, references=references)
    renderer.render(request, lambda done, total: None)
    assert len(searches) == 4  # the first field, two scales, and the previous key
    for usable, field in searches:
        assert not usable.all()
        assert usable[field[..., 1], field[..., 0]].all()


@pytest.mark.slow
def test_transparent_pixels_give_neither_marks_nor_colours(plate):
    plate = plate.copy()
    plate[60:] = 0.9 * MAGENTA
    oil = example("oil")
    ys, xs = np.mgrid[:120, :160]
    inside = ((ys - 60) / 50) ** 2 + ((xs - 80) / 70) ** 2 < 1
    cut = np.dstack([np.where(inside[..., None], oil, MAGENTA), inside.astype(np.float32)])
    white = np.dstack([np.where(inside[..., None], oil, 1), inside.astype(np.float32)])
    made = paint(plate, cut)
    np.testing.assert_array_equal(made, paint(plate, white))
    shown = np.where(inside[..., None], oil, MAGENTA)
    assert distance(made, [MAGENTA]).min() > 60
    assert distance(paint(plate, shown), [MAGENTA]).min() < 30


def test_thin_strokes_on_transparent_ground_are_used(plate):
    strokes = np.zeros((100, 100, 4), np.float32)
    strokes[::9] = strokes[1::9] = [0.1, 0.2, 0.7, 1]
    made = paint(plate, strokes)
    assert np.isfinite(made).all()
    assert (to_lab(made)[..., 2] < -15).mean() > 0.5


def test_thin_wash_counts_as_paint(plate):
    wash = np.dstack([example("watercolour"), np.full((120, 160), 0.25, np.float32)])
    assert to_paint(wash, (90, 120)).opaque is None


def test_premultiplied_scaling_keeps_the_colour_of_transparent_pixels_out():
    picture = np.zeros((400, 400, 4), np.float32)
    picture[..., :3] = MAGENTA
    picture[:, ::3] = [0, 1, 0, 1]
    fitted = to_paint(picture, (90, 120))
    assert np.abs(fitted.picture - [0, 1, 0]).max() < 1e-3


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (3, 160), (160, 3), (MIN_MARKS - 1, 200)])
def test_reference_without_marks_gives_its_colours_to_the_plate(plate, size):
    reference = np.full((*size, 3), [0.8, 0.3, 0.1], np.float32)
    made = paint(plate, reference)
    hue = np.degrees(np.arctan2(*to_lab(made).reshape(-1, 3).T[[2, 1]]))
    expected = np.degrees(np.arctan2(*to_lab(reference)[0, 0][[2, 1]]))
    assert abs(np.median(hue) - expected) < 8
    kept = np.corrcoef(to_lab(made)[..., 0].ravel(), to_lab(plate)[..., 0].ravel())[0, 1]
    assert kept > 0.98
    assert np.ptp(to_lab(made)[..., 0]) > 0.7 * np.ptp(to_lab(plate)[..., 0])


def test_large_flat_reference_does_not_hide_the_plate(plate):
    made = paint(plate, np.full((100, 120, 3), [0.8, 0.3, 0.1], np.float32))
    assert np.ptp(to_lab(made)[..., 0]) > 0.4 * np.ptp(to_lab(plate)[..., 0])


@pytest.mark.slow
def test_small_swatch_extends_the_palette_of_a_picture(plate):
    swatch = np.broadcast_to(np.array([0.1, 0.3, 1], np.float32), (4, 4, 3))
    made, alone = paint(plate, dots([1, 0.2, 0.1]), swatch), paint(plate, dots([1, 0.2, 0.1]))
    assert (to_lab(made)[..., 2] < -10).mean() > 0.05
    assert not (to_lab(alone)[..., 2] < -10).any()


@pytest.mark.parametrize(
    ("size", "fitted"),
    [
        ((480, 640), (270, 360)), ((640, 480), (360, 270)), ((1920, 1080), (360, 202)), ((100, 80), (100, 80)),
        ((100, 6000), (64, 3840)), ((6000, 100), (3840, 64)), ((3, 6000), (3, 6000)), ((50, 400), (50, 400)),
        ((100, 100000), (20, 19718)),
    ],
)  # fmt: skip
def test_references_are_scaled_down_to_the_plate_but_strips_keep_their_width(size, fitted):
    assert fit(np.zeros((*size, 1), np.float32), (270, 360)).shape[:2] == fitted


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "size"),
    [
        (["pencil"], (160, 120)), (["cel"], (60, 90)), (["woodcut"], (500, 40)), (["pastel"], (30, 300)),
        (["pixel"], (160, 120)), (["swatches"], (24, 24)), (["cel", "ink"], (160, 120)), (["oil"] * 4, (60, 90)),
    ],
)  # fmt: skip
def test_every_kind_and_shape_shows_the_plate(plate, names, size):
    made = paint(plate, *(example(name, *size) for name in names))
    assert made.shape == plate.shape
    assert np.isfinite(made).all()
    light = [cv2.GaussianBlur(to_lab(picture)[..., 0], (0, 0), 4).ravel() for picture in (made, plate)]
    assert np.corrcoef(*light)[0, 1] > 0.7
