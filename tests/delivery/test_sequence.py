"""Numbered frames, written under the source's own numbers."""

import errno
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import OpenImageIO
import pytest

from propagate.arrays import Pixels
from stylize.delivery.sequence import write_sequence
from stylize.errors import OutputError
from stylize.media.colour import Colour
from stylize.media.images import image_info, read_image, write_image
from stylize.media.images.icc import icc_profile
from stylize.media.sequences import Pattern, parse_pattern
from stylize.media.shot import open_shot

NUMBERS = (1001, 1002, 1004)


def picture(channels: int = 3, dtype: type = np.uint8) -> Pixels:
    most = np.iinfo(dtype).max
    pixels = np.random.default_rng(7).integers(0, most, (18, 26, channels), dtype, endpoint=True)
    pixels[..., 3:] |= most >> 1  # EXR multiplies colour by alpha: none of it may vanish
    return pixels


def pattern(text: Path) -> Pattern:
    parsed = parse_pattern(str(text))
    assert parsed is not None
    return parsed


def results(folder: Path, pixels: Pixels) -> list[tuple[int, Path]]:
    folder.mkdir()
    paths = [(number, folder / f"shot.{number}.png") for number in NUMBERS]
    for _, path in paths:
        write_image(path, pixels)
    return paths


def test_the_same_kind_is_copied_byte_for_byte_under_the_same_numbers(tmp_path: Path) -> None:
    frames = results(tmp_path / "out", picture())
    seen: list[int] = []
    notes = write_sequence(frames, pattern(tmp_path / "Zürich 2/comp.####.png"), on_frame=seen.append)
    written = sorted((tmp_path / "Zürich 2").iterdir())
    assert [path.name for path in written] == [f"comp.{number}.png" for number in NUMBERS]
    assert all(path.read_bytes() == frames[0][1].read_bytes() for path in written)
    assert (seen, notes) == (list(NUMBERS), ())


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff"])
def test_lossless_kinds_keep_every_bit(tmp_path: Path, suffix: str, channels: int, dtype: type) -> None:
    pixels = picture(channels, dtype)
    write_sequence(results(tmp_path / "out", pixels), pattern(tmp_path / f"x/c.######{suffix}"))
    np.testing.assert_array_equal(read_image(tmp_path / f"x/c.001004{suffix}"), pixels)


@pytest.mark.parametrize("channels", [3, 4])
def test_exr_keeps_colour_to_half_float(tmp_path: Path, channels: int) -> None:
    pixels = picture(channels)
    write_sequence(results(tmp_path / "out", pixels), pattern(tmp_path / "c.%04d.exr"))
    back = read_image(tmp_path / "c.1001.exr").astype(float) / 257
    np.testing.assert_allclose(back, pixels, atol=0.5)


def test_jpeg_says_what_it_cannot_keep(tmp_path: Path) -> None:
    pixels = picture(4, np.uint16)
    pixels[..., 3] = 0
    notes = write_sequence(results(tmp_path / "out", pixels), pattern(tmp_path / "c.####.jpg"))
    assert read_image(tmp_path / "c.1001.jpg").max() == 0  # nothing was to be seen: over black
    assert [note.split(":")[0] for note in notes] == ["JPEG keeps no alpha", "JPEG keeps 8 of the 16 bits"]


def test_files_of_somebody_else_stay_unless_told(tmp_path: Path) -> None:
    frames = results(tmp_path / "out", picture())
    target = pattern(tmp_path / "x/c.####.png")
    (tmp_path / "x").mkdir()
    target.path(1004).write_bytes(b"precious")
    with pytest.raises(OutputError, match=r"c\.1004\.png already exists.*--overwrite"):
        write_sequence(frames, target)
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["c.1004.png"]  # refused before the first frame
    assert target.path(1004).read_bytes() == b"precious"
    write_sequence(frames, target, ours=lambda path: path == target.path(1004))
    write_sequence(frames, target, overwrite=True)
    assert target.path(1004).read_bytes() == frames[0][1].read_bytes()


def test_files_that_the_result_is_made_from_are_never_written(tmp_path: Path) -> None:
    frames = results(tmp_path / "out", picture())
    keys = tmp_path / "keys"
    shutil.copytree(tmp_path / "out", keys)
    (tmp_path / "link").symlink_to(keys)
    target = pattern(tmp_path / "link/shot.####.png")
    with pytest.raises(OutputError, match="made from"):
        write_sequence(frames, target, protected=[keys / "shot.1002.png"], overwrite=True)


@pytest.mark.parametrize(
    ("given", "name"), [("plates/plate.####.png", "plate.####.png"), ("plates", "styled.####.png")]
)
def test_the_shot_is_never_written_into(tmp_path: Path, given: str, name: str) -> None:
    plates = results(tmp_path / "plates", picture())
    for number, path in plates:
        path.rename(tmp_path / f"plates/plate.{number}.png")
    frames = results(tmp_path / "out", picture())
    shot = open_shot(tmp_path / given, frames="1001-1002")
    with pytest.raises(OutputError, match=r"made from|folder of the shot itself"):
        write_sequence(frames[2:], pattern(tmp_path / "plates" / name), shot=shot, overwrite=True)
    assert len(list((tmp_path / "plates").iterdir())) == 3


def test_results_on_their_own_place_are_left_alone(tmp_path: Path) -> None:
    frames = results(tmp_path / "out", picture())
    before = [path.stat().st_mtime_ns for _, path in frames]
    write_sequence(frames, pattern(tmp_path / "out/shot.####.png"))
    assert [path.stat().st_mtime_ns for _, path in frames] == before


def test_a_missing_result_is_told_before_anything_is_written(tmp_path: Path) -> None:
    frames = results(tmp_path / "out", picture())
    frames[1][1].unlink()
    with pytest.raises(OutputError, match="1 of 3 results are missing, first frame 1002"):
        write_sequence(frames, pattern(tmp_path / "x/c.####.png"))
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("number", "says"), [(errno.ENOSPC, "disk is full"), (errno.EACCES, "does not allow"), (errno.EIO, "Input/output")]
)
def test_a_failing_disk_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, says: str
) -> None:
    frames = results(tmp_path / "out", picture())

    def fill(source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(shutil, "copyfile", fill)
    with pytest.raises(OutputError, match=f"{says}.*"):
        write_sequence(frames, pattern(tmp_path / "x/c.####.png"))
    assert list((tmp_path / "x").iterdir()) == []


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    frames = results(tmp_path / "out", picture())
    (tmp_path / "x").write_text("")
    with pytest.raises(OutputError, match="a file stands where a folder is needed"):
        write_sequence(frames, pattern(tmp_path / "x/c.####.png"))


@pytest.mark.parametrize("workers", [1, 4])
def test_what_is_written_does_not_depend_on_how_many_write(tmp_path: Path, workers: int) -> None:
    (tmp_path / "out").mkdir()
    frames = [(number, tmp_path / "out" / f"{number}.png") for number in range(1001, 1041)]
    for number, path in frames:
        write_image(path, np.full((18, 26, 3), number % 251, np.uint8))
    seen: list[int] = []
    write_sequence(frames, pattern(tmp_path / "x/c.####.exr"), workers=workers, on_frame=seen.append)
    assert seen == [number for number, _ in frames]
    assert {path.name for path in (tmp_path / "x").iterdir()} == {f"c.{number}.exr" for number, _ in frames}
    assert all(((read_image(tmp_path / f"x/c.{n}.exr")[0, 0] / 257).round() == n % 251).all() for n, _ in frames)


def test_an_interrupt_leaves_whole_frames_only(tmp_path: Path) -> None:
    frames = results(tmp_path / "out", picture())

    def stop(frame: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_sequence(frames, pattern(tmp_path / "x/c.####.tif"), workers=2, on_frame=stop)
    names = sorted(path.name for path in (tmp_path / "x").iterdir())
    assert "c.1001.tif" in names
    for name in names:
        assert name.startswith("c.")
        np.testing.assert_array_equal(read_image(tmp_path / "x" / name), picture())


def test_ten_thousand_frames(tmp_path: Path) -> None:
    write_image(tmp_path / "r.png", picture())
    frames = dict.fromkeys(range(95_001, 105_001), tmp_path / "r.png")
    write_sequence(frames.items(), pattern(tmp_path / "x/c.####.png"), workers=4)
    written = {path.name for path in (tmp_path / "x").iterdir()}
    assert written == {f"c.{number}.png" for number in frames}


def test_primaries_of_the_source_are_said_where_a_file_can(tmp_path: Path) -> None:
    frames = results(tmp_path / "out", picture())
    folder_of = [(number, tmp_path / f"in/p.{number}.png") for number in NUMBERS]
    (tmp_path / "in").mkdir()
    wide, lines = Colour(9, 9, 14), Colour(6, 6, 6)
    for _, path in folder_of:
        write_image(path, picture(), colour=wide)
    shot = open_shot(tmp_path / "in", frames="1001,1002,1004")
    assert shot.colour == wide
    assert write_sequence(frames, pattern(tmp_path / "x/c.####.png"), shot=shot) == ()
    assert image_info(tmp_path / "x/c.1002.png").colour == wide
    np.testing.assert_array_equal(read_image(tmp_path / "x/c.1002.png"), picture())
    for suffix in (".tif", ".jpg"):
        assert write_sequence(frames, pattern(tmp_path / f"x/c.####{suffix}"), shot=shot) == ()
        source = OpenImageIO.ImageInput.open(str(tmp_path / f"x/c.1002{suffix}"))
        assert bytes(source.spec().getattribute("ICCProfile")) == icc_profile(wide)
        source.close()
    (note,) = write_sequence(frames, pattern(tmp_path / "x/c.####.dpx"), shot=shot)
    assert note.startswith(".dpx cannot say that its colours are those of Rec. 2020")
    old = replace(shot, colour=lines)
    assert write_sequence(frames, pattern(tmp_path / "y/c.####.dpx"), shot=old) == ()
    source = OpenImageIO.ImageInput.open(str(tmp_path / "y/c.1001.dpx"))
    assert source.spec().get_string_attribute("dpx:Colorimetric") == "ITU-R 601-5 system M"
    source.close()
