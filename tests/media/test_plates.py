"""Plates by frame number."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from stylize.errors import FrameRangeError, InputError, OutputError
from stylize.media.images import read_image, write_image
from stylize.media.opening import open_shot
from stylize.media.plates import conform
from stylize.media.shot import read_frames
from tests.clips import picture, write_movie


def never(frame: int) -> bool:
    return False


def test_movie_is_unpacked_without_loss(tmp_path: Path) -> None:
    shot = open_shot(write_movie(tmp_path / "a.mp4", [picture(index) for index in range(6)]), start_number=9997)
    written: list[int] = []
    plates = conform(shot, tmp_path / "a.stylize" / "video", never, written.append)
    assert written == list(range(9997, 10003))
    assert [path.name for path in plates.paths.values()][2:4] == ["a.9999.png", "a.10000.png"]
    for number, pixels in read_frames(shot):
        np.testing.assert_array_equal(read_image(plates.paths[number]), pixels)
        np.testing.assert_array_equal(plates.colour(number), pixels)
        assert plates.alpha(number) is None


def test_unpacked_frames_are_not_rewritten(tmp_path: Path) -> None:
    shot = open_shot(write_movie(tmp_path / "a.mp4", [picture(index) for index in range(6)]))
    whole = conform(shot, tmp_path / "whole", never, lambda frame: None)
    written: list[int] = []
    resumed = conform(shot, tmp_path / "part", lambda frame: frame in (1, 4), written.append)
    assert written == [2, 3, 5, 6]
    assert list(resumed.paths) == list(shot.frames)
    assert not resumed.paths[4].exists()
    for frame in written:
        assert resumed.paths[frame].read_bytes() == whole.paths[frame].read_bytes()
    conform(shot, tmp_path / "part", lambda frame: True, lambda frame: pytest.fail("nothing was left to do"))


def test_files_of_a_sequence_are_used_in_place(tmp_path: Path) -> None:
    for number in (1001, 1002):
        write_image(tmp_path / f"plate.{number}.png", picture(number))
    plates = conform(open_shot(tmp_path), tmp_path / "video", never, lambda frame: pytest.fail("no copy"))
    assert plates.paths[1002] == tmp_path / "plate.1002.png"
    assert not (tmp_path / "video").exists()
    np.testing.assert_array_equal(plates.read(1002), picture(1002))


def test_16_bit_plates_keep_their_alpha(tmp_path: Path) -> None:
    deep = np.random.default_rng(0).integers(0, 65535, (48, 64, 4), np.uint16)
    path = write_movie(tmp_path / "a.mov", [deep] * 2, codec="png", layout="rgba64be", options={}, rate=Fraction(24))
    plates = conform(open_shot(path), tmp_path / "video", never, lambda frame: None)
    np.testing.assert_array_equal(plates.read(1), deep)
    np.testing.assert_array_equal(plates.alpha(1), deep[..., 3])
    assert plates.colour(1).dtype == np.uint8
    np.testing.assert_array_equal(plates.colour(1), np.floor(deep[..., :3] / 257 + 0.5))


def test_cache_holds_four_plates(tmp_path: Path) -> None:
    for number in range(1, 8):
        write_image(tmp_path / f"a.{number}.png", picture(number))
    plates = conform(open_shot(tmp_path), tmp_path / "video", never, lambda frame: None)
    first = plates.read(1)
    assert plates.read(1) is first
    assert not first.flags.writeable
    for number in range(2, 6):
        plates.read(number)
    assert plates.read(1) is not first


def test_missing_frame_is_an_error(tmp_path: Path) -> None:
    for number in range(1, 4):
        write_image(tmp_path / f"a.{number}.png", picture(number))
    plates = conform(open_shot(tmp_path), tmp_path / "video", never, lambda frame: None)
    with pytest.raises(FrameRangeError, match="expected one of the frames 1-3, found frame 9"):
        plates.read(9)
    plates.paths[2].unlink()
    with pytest.raises(InputError, match="no such file"):
        plates.read(2)
    write_image(plates.paths[3], picture(0, (10, 10)))
    with pytest.raises(InputError, match="expected 64x48"):
        plates.read(3)


def test_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    shot = open_shot(write_movie(tmp_path / "a.mp4", [picture(0)]))
    (tmp_path / "video").write_text("in the way")
    with pytest.raises(OutputError, match="the folder cannot be created"):
        conform(shot, tmp_path / "video", never, lambda frame: None)
