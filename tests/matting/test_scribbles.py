"""``--scribble``: strokes that correct a tracked matte, or stand alone."""

import cv2
import numpy as np
import pytest

from stylize.errors import FrameRangeError, MatteError, SettingsError
from stylize.matting.matte_pipeline import make_mattes
from stylize.matting.scribbles import read_strokes
from stylize.media.images import quantise, read_values, write_image
from stylize.settings import MatteSettings
from tests.composites import Motion, body, compose, iou

COUNT, SIZE = 7, (160, 96)
GREY = 128


@pytest.fixture(scope="module")
def case():
    return compose(body(), Motion(lambda t: (70 + 2 * t, 48)), COUNT, seed=3, size=SIZE)


@pytest.fixture
def plates(tmp_path, case):
    (tmp_path / "plates").mkdir()
    for number, pixels in enumerate(case.frames, 1):
        write_image(tmp_path / "plates" / f"p.{number}.png", pixels)
    return tmp_path / "plates"


def make(plates, tmp_path, **options):
    return make_mattes(plates, MatteSettings(output=str(tmp_path / "m/"), **options))


def wrong_key(tmp_path, case):
    """The first matte, painted without what lies right of its middle."""
    matte = case.alphas[0] * (np.arange(SIZE[0]) < 76)[None]
    write_image(tmp_path / "wrong.png", quantise(matte.astype(np.float32), np.uint8))
    return f"1:{tmp_path / 'wrong.png'}"


def scribble(tmp_path, case, frame, *, sides=(1, -1)):
    """Strokes in the middle of the subject, and around it."""
    truth = (case.alphas[frame - 1] > 0.5).astype(np.uint8)
    reach = cv2.dilate(truth, np.ones((13, 13), np.uint8))
    picture = np.full((*truth.shape, 3), GREY, np.uint8)
    if 1 in sides:
        picture[cv2.erode(truth, np.ones((7, 7), np.uint8)) > 0] = 255
    if -1 in sides:
        picture[(cv2.dilate(reach, np.ones((3, 3), np.uint8)) > 0) & (reach == 0)] = 0
    path = tmp_path / f"strokes.{frame}.png"
    write_image(path, picture)
    return f"{frame}:{path}"


def values(path):
    return read_values(path)[..., 0]


@pytest.mark.slow
def test_strokes_on_one_frame_improve_its_span(tmp_path, plates, case):
    key = wrong_key(tmp_path, case)
    before = make(plates, tmp_path, key=key)
    poor = [iou(values(before.frames[n]), case.alphas[n - 1]) for n in range(2, COUNT + 1)]
    after = make(plates, tmp_path, key=key, scribble=scribble(tmp_path, case, 5))
    good = [iou(values(after.frames[n]), case.alphas[n - 1]) for n in range(5, COUNT + 1)]
    assert max(poor) < 0.8
    assert min(good) > 0.9
    assert 1 not in after.redone
    assert 0.5 < after.confidence[5] < 1
    again = make(plates, tmp_path, key=key, scribble=scribble(tmp_path, case, 5))
    assert again.redone == ()
    assert again.confidence == pytest.approx(after.confidence)


@pytest.mark.slow
def test_strokes_alone_are_tracked_through_the_shot(tmp_path, plates, case):
    made = make(plates, tmp_path, scribble=scribble(tmp_path, case, 1))
    assert min(iou(values(path), case.alphas[frame - 1]) for frame, path in made.frames.items()) > 0.85
    with pytest.raises(MatteError, match=r"strokes of one side only.*black strokes outside"):
        make(plates, tmp_path, scribble=scribble(tmp_path, case, 2, sides=(1,)))


def test_white_black_and_transparent_strokes_are_read(tmp_path):
    picture = np.full((4, 6, 4), GREY, np.uint8)
    picture[..., 3] = 255
    picture[0, 0, :3], picture[1, 1, :3], picture[2, 2] = 255, 0, (255, 255, 255, 0)
    picture[3, 3, :3] = 255, 0, 0
    write_image(tmp_path / "s.png", picture)
    found = read_strokes(tmp_path / "s.png", (6, 4))
    assert found.dtype == np.int8
    assert sorted(zip(*np.nonzero(found), strict=True)) == [(0, 0), (1, 1)]
    assert (found[0, 0], found[1, 1]) == (1, -1)


def test_unusable_strokes_are_refused(tmp_path):
    grey = np.full((4, 6, 3), GREY, np.uint8)
    write_image(tmp_path / "none.png", grey)
    write_image(tmp_path / "all.png", np.where(np.arange(6)[None, :, None] < 3, 0, 255 + 0 * grey).astype(np.uint8))
    for name, size, message in (
        ("none", (6, 4), "found neither"),
        ("none", (4, 4), "expected 4x4 like the shot, found 6x4"),
        ("all", (6, 4), r"no unknown pixels.*--key"),
        ("missing", (6, 4), r"missing\.png"),
    ):
        with pytest.raises(MatteError, match=message):
            read_strokes(tmp_path / f"{name}.png", size)


def test_contradictory_options_are_refused(tmp_path, plates, case):
    strokes = scribble(tmp_path, case, 3)
    with pytest.raises(FrameRangeError, match=r"--scribble 9.*no frame 9"):
        make(plates, tmp_path, scribble=strokes.replace("3:", "9:", 1))
    with pytest.raises(SettingsError, match="frame 3 has a painted matte"):
        make(plates, tmp_path, key=strokes, scribble=strokes)
    with pytest.raises(SettingsError, match="--scribble has two mattes for frame 3"):
        make(plates, tmp_path, scribble=(strokes, strokes))
    with pytest.raises(SettingsError, match="two methods"):
        make(plates, tmp_path, scribble=strokes, chroma="green")
