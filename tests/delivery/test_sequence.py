"""Numbered frames, written under the source's own numbers."""

import errno
import os
import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import OpenImageIO
import pytest
from PIL import Image

from propagate.arrays import Pixels
from stylize.delivery.sequence import write_sequence
from stylize.errors import OutputError
from stylize.media.colour import BT709, Colour
from stylize.media.images import image_info, read_image, write_image
from stylize.media.images.icc import icc_profile
from stylize.media.opening import open_shot
from stylize.media.sequences import Pattern, parse_pattern
from tests.media.profiles import ADOBE_RGB, DISPLAY_P3, SRGB_CURVE, gamma_curve, rgb_profile

NUMBERS = (1001, 1002, 1004)


def picture(channels: int = 3, dtype: type = np.uint8) -> Pixels:
    most = np.iinfo(dtype).max
    pixels = np.random.default_rng(7).integers(0, most, (18, 26, channels), dtype, endpoint=True)
    pixels[..., 3:] |= most >> 1  # EXR premultiplies colour by alpha: none of it may vanish
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


def test_frames_of_the_same_format_are_copied_byte_for_byte(tmp_path: Path) -> None:
    frames = results(tmp_path / "out", picture())
    seen: list[int] = []
    notes = write_sequence(frames, pattern(tmp_path / "Zürich 2/comp.####.png"), on_frame=seen.append)
    written = sorted((tmp_path / "Zürich 2").iterdir())
    assert [path.name for path in written] == [f"comp.{number}.png" for number in NUMBERS]
    assert all(path.read_bytes() == frames[0][1].read_bytes() for path in written)
    assert (seen, notes) == (list(NUMBERS), ())


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".exr", ".dpx"])
def test_frames_declare_a_known_rate_and_never_an_assumed_one(tmp_path: Path, suffix: str) -> None:
    frames = results(tmp_path / "out", picture())
    for name, rate in (("assumed", None), ("known", Fraction(25))):
        shot = open_shot(tmp_path / "out", frames="1001,1002,1004", rate=rate)
        write_sequence(frames, pattern(tmp_path / name / f"c.####{suffix}"), shot=shot)
        header = image_info(tmp_path / name / f"c.1004{suffix}").header
        assert header.rate == rate
        # The timecode counts the frame that is left out.
        expected = {".exr": 0x00004004, ".dpx": 0x00004004}.get(suffix, "00:00:40:04")
        assert header.timecode == (None if rate is None else expected)
    if suffix == ".png":
        assert (tmp_path / "assumed/c.1004.png").read_bytes() == frames[2][1].read_bytes()
        np.testing.assert_array_equal(read_image(tmp_path / "known/c.1004.png"), picture())


@pytest.mark.parametrize("kind", ["profile", "retouched"])
def test_result_that_declares_another_colour_is_not_copied(tmp_path: Path, kind: str) -> None:
    """Programs that retouch a frame may store it in Adobe RGB or Display P3."""
    frames = results(tmp_path / "out", picture())
    profile = rgb_profile(*((ADOBE_RGB, gamma_curve(2.2)) if kind == "profile" else (DISPLAY_P3, SRGB_CURVE)))
    Image.fromarray(picture()).save(frames[0][1], icc_profile=profile)
    write_sequence(frames, pattern(tmp_path / "new/c.####.png"), shot=open_shot(tmp_path / "out/shot.1002.png"))
    found = image_info(tmp_path / "new/c.1001.png")
    assert (found.profile, found.colour) == ("", BT709)
    np.testing.assert_array_equal(read_image(tmp_path / "new/c.1001.png"), read_image(frames[0][1], BT709))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff"])
def test_lossless_formats_keep_every_bit(tmp_path: Path, suffix: str, channels: int, dtype: type) -> None:
    pixels = picture(channels, dtype)
    write_sequence(results(tmp_path / "out", pixels), pattern(tmp_path / f"x/c.######{suffix}"))
    np.testing.assert_array_equal(read_image(tmp_path / f"x/c.001004{suffix}"), pixels)


@pytest.mark.parametrize("channels", [3, 4])
def test_exr_keeps_colour_to_half_float(tmp_path: Path, channels: int) -> None:
    pixels = picture(channels)
    write_sequence(results(tmp_path / "out", pixels), pattern(tmp_path / "c.%04d.exr"))
    back = read_image(tmp_path / "c.1001.exr").astype(float) / 257
    np.testing.assert_allclose(back, pixels, atol=0.5)


def test_jpeg_notes_lost_alpha_and_bit_depth(tmp_path: Path) -> None:
    pixels = picture(4, np.uint16)
    pixels[..., 3] = 0
    notes = write_sequence(results(tmp_path / "out", pixels), pattern(tmp_path / "c.####.jpg"))
    assert read_image(tmp_path / "c.1001.jpg").max() == 0  # fully transparent, so composited over black
    assert [note.split(":")[0] for note in notes] == ["JPEG has no alpha", "JPEG reduces 16 bits to 8"]


def test_foreign_frames_are_overwritten_only_on_request(tmp_path: Path) -> None:
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


def test_inputs_of_the_result_are_never_overwritten(tmp_path: Path) -> None:
    frames = results(tmp_path / "out", picture())
    keys = tmp_path / "keys"
    shutil.copytree(tmp_path / "out", keys)
    (tmp_path / "link").symlink_to(keys)
    target = pattern(tmp_path / "link/shot.####.png")
    with pytest.raises(OutputError, match="is one of the input files"):
        write_sequence(frames, target, protected=[keys / "shot.1002.png"], overwrite=True)


@pytest.mark.parametrize(
    ("given", "name"), [("plates/plate.####.png", "plate.####.png"), ("plates", "styled.####.png")]
)
def test_shot_folder_is_never_written_to(tmp_path: Path, given: str, name: str) -> None:
    plates = results(tmp_path / "plates", picture())
    for number, path in plates:
        path.rename(tmp_path / f"plates/plate.{number}.png")
    frames = results(tmp_path / "out", picture())
    shot = open_shot(tmp_path / given, frames="1001-1002")
    with pytest.raises(OutputError, match=r"is one of the input files|is the folder of the shot"):
        write_sequence(frames[2:], pattern(tmp_path / "plates" / name), shot=shot, overwrite=True)
    assert len(list((tmp_path / "plates").iterdir())) == 3


def test_results_already_in_place_are_not_rewritten(tmp_path: Path) -> None:
    frames = results(tmp_path / "out", picture())
    before = [path.stat().st_mtime_ns for _, path in frames]
    write_sequence(frames, pattern(tmp_path / "out/shot.####.png"))
    assert [path.stat().st_mtime_ns for _, path in frames] == before


def test_missing_result_is_reported_before_anything_is_written(tmp_path: Path) -> None:
    frames = results(tmp_path / "out", picture())
    frames[1][1].unlink()
    with pytest.raises(OutputError, match=r"results of frame 1002 are missing, such as .*1002\.png; run again"):
        write_sequence(frames, pattern(tmp_path / "x/c.####.png"))
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("number", "message"),
    [(errno.ENOSPC, "disk is full"), (errno.EACCES, "does not allow"), (errno.EIO, "Input/output")],
)
def test_disk_error_leaves_no_partial_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, message: str
) -> None:
    frames = results(tmp_path / "out", picture())

    def fill(source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(shutil, "copyfile", fill)
    with pytest.raises(OutputError, match=f"{message}.*"):
        write_sequence(frames, pattern(tmp_path / "x/c.####.png"))
    assert list((tmp_path / "x").iterdir()) == []


def test_file_in_the_place_of_the_folder_is_reported(tmp_path: Path) -> None:
    frames = results(tmp_path / "out", picture())
    (tmp_path / "x").write_text("")
    with pytest.raises(OutputError, match="a file exists where a folder is needed"):
        write_sequence(frames, pattern(tmp_path / "x/c.####.png"))


@pytest.mark.parametrize("workers", [1, 4])
def test_output_does_not_depend_on_the_number_of_workers(tmp_path: Path, workers: int) -> None:
    (tmp_path / "out").mkdir()
    frames = [(number, tmp_path / "out" / f"{number}.png") for number in range(1001, 1041)]
    for number, path in frames:
        write_image(path, np.full((18, 26, 3), number % 251, np.uint8))
    seen: list[int] = []
    write_sequence(frames, pattern(tmp_path / "x/c.####.exr"), workers=workers, on_frame=seen.append)
    assert seen == [number for number, _ in frames]
    assert {path.name for path in (tmp_path / "x").iterdir()} == {f"c.{number}.exr" for number, _ in frames}
    assert all(((read_image(tmp_path / f"x/c.{n}.exr")[0, 0] / 257).round() == n % 251).all() for n, _ in frames)


def test_interrupt_leaves_only_complete_frames(tmp_path: Path) -> None:
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


@pytest.mark.slow
def test_ten_thousand_frames_are_written(tmp_path: Path) -> None:
    write_image(tmp_path / "r.png", picture())
    frames = dict.fromkeys(range(95_001, 105_001), tmp_path / "r.png")
    write_sequence(frames.items(), pattern(tmp_path / "x/c.####.png"), workers=4)
    written = {path.name for path in (tmp_path / "x").iterdir()}
    assert written == {f"c.{number}.png" for number in frames}


def test_primaries_are_tagged_where_the_format_allows(tmp_path: Path) -> None:
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
    assert note.startswith(".dpx cannot declare the primaries Rec. 2020")
    old = replace(shot, colour=lines)
    assert write_sequence(frames, pattern(tmp_path / "y/c.####.dpx"), shot=old) == ()
    source = OpenImageIO.ImageInput.open(str(tmp_path / "y/c.1001.dpx"))
    assert source.spec().get_string_attribute("dpx:Colorimetric") == "ITU-R 601-5 system M"
    source.close()
