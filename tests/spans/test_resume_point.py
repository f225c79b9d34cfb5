import numpy as np
import pytest

from propagate.synthesis import PassState, StylisedFrame
from stylize.errors import OutputError
from stylize.spans.resume_point import ResumeFiles, StoredDrawing, clear
from stylize.spans.span_job import BACKWARD, FORWARD

SIZE = (6, 8)


@pytest.fixture
def files(tmp_path):
    return ResumeFiles(tmp_path)


def state(frame):
    draw = np.random.default_rng(frame)
    flow, colour = draw.random((*SIZE, 2)).astype(np.float32), draw.random((*SIZE, 3)).astype(np.float32)
    return PassState(frame, flow, draw.random(SIZE) > 0.5, draw.integers(0, 6, (*SIZE, 2)).astype(np.int32), colour)


def drawing(number):
    colour = np.random.default_rng(number).random((*SIZE, 3)).astype(np.float32)
    return StylisedFrame(number, colour, colour[..., 0] ** 2, state(number))


def test_drawing_is_stored_per_side_with_more_precision_than_any_output(files):
    stored = StoredDrawing.of(drawing(4))
    assert (stored.colour.dtype, stored.error.dtype) == (np.uint16, np.float16)
    files.save_drawing(FORWARD, 4, stored)
    assert files.has_drawing(FORWARD, 4)
    assert not files.has_drawing(BACKWARD, 4)
    assert not files.has_drawing(FORWARD, 5)
    back = files.load_drawing(FORWARD, 4)
    np.testing.assert_array_equal(back.colour, stored.colour)
    np.testing.assert_array_equal(back.error, stored.error)


def test_resume_point_is_replaced_by_the_next_of_its_side(files):
    assert files.load_resume_point(FORWARD) is None
    for frame in (3, 5):
        files.save_resume_point(FORWARD, state(frame))
    files.save_resume_point(BACKWARD, state(8))
    back = files.load_resume_point(FORWARD)
    assert back is not None
    for name, array in state(5).arrays().items():
        np.testing.assert_array_equal(back.arrays()[name], array)
    assert files.load_resume_point(BACKWARD).frame == 8


def test_damaged_resume_point_is_ignored_and_damaged_drawing_removed(files, tmp_path):
    files.save_resume_point(FORWARD, state(3))
    files.save_drawing(FORWARD, 3, StoredDrawing.of(drawing(3)))
    for path in tmp_path.iterdir():
        data = bytearray(path.read_bytes())
        data[-40] ^= 1
        path.write_bytes(data)
    assert files.load_resume_point(FORWARD) is None
    for _ in range(2):  # damaged, and then removed
        assert not files.has_drawing(FORWARD, 3)
        with pytest.raises(OutputError, match=r"forward\.3\.npz was lost or damaged.*run again"):
            files.load_drawing(FORWARD, 3)
    assert [path.name for path in tmp_path.iterdir()] == ["forward.state.npz"]


def test_clearing_a_missing_folder_works(tmp_path):
    (tmp_path / "s").mkdir()
    ResumeFiles(tmp_path / "s").save_resume_point(FORWARD, state(3))
    for _ in range(2):
        clear(tmp_path / "s")
        assert not (tmp_path / "s").exists()
