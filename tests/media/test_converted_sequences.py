"""Numbered pictures that are converted like movies: tone-mapped, deinterlaced, freed of premultiplication."""

import csv
import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import stylize
from propagate.arrays import Pixels
from stylize.drafting import draft_project
from stylize.errors import SequenceError, SettingsError, ShotError
from stylize.ingest.conforming import conform_plates
from stylize.ingest.draft_plates import draft_plates
from stylize.ingest.scene_view import with_view
from stylize.media.colour import BT709, Colour
from stylize.media.images import png, read_image, write_image
from stylize.media.opening import open_shot
from stylize.media.plates import Plates
from stylize.media.scaling import scale_picture
from stylize.media.shot import Shot, read_frames
from stylize.media.tonemap import ToneMap
from stylize.project import Project
from stylize.settings import Settings
from tests.clips import write_movie
from tests.fields import interlaced, moving, telecined
from tests.media.test_alpha_of_footage import SIZE, ball
from tests.media.test_deinterlacing import error
from tests.media.test_tonemap import ENCODED_100, HLG, HLG_100, PQ, PQ_100, grey

VIDEO = Fraction(30000, 1001)
FIRST = 1001


def sequence(folder: Path, pictures: Sequence[Pixels], suffix: str = ".png", colour: Colour = BT709) -> Path:
    folder.mkdir()
    for number, picture in enumerate(pictures, FIRST):
        write_image(folder / f"p.{number}{suffix}", picture, colour=colour)
    return folder


def frames(shot: Shot) -> list[Pixels]:
    return [pixels for _, pixels in read_frames(shot)]


def conformed(shot: Shot, project: Project) -> Plates:
    return conform_plates(shot, project, lambda stage, done, total: None)


# High dynamic range


@pytest.mark.parametrize(("transfer", "signal", "atol"), [(PQ, PQ_100, 1e-3), (HLG, HLG_100, 1e-3)])
@pytest.mark.parametrize("depth", [8, 16])
def test_light_of_pictures_has_its_value_in_rec709(
    tmp_path: Path, transfer: int, signal: float, atol: float, depth: int
) -> None:
    picture = grey(signal) if depth == 16 else (grey(signal) // 257).astype(np.uint8)
    path = sequence(tmp_path / "p", [picture], colour=Colour(9, 9, transfer))
    shot = open_shot(path, tonemap="clip")
    assert (shot.colour, shot.tonemap) == (BT709, ToneMap("clip", Colour(9, 9, transfer), 1000))
    assert not shot.in_place
    (pixels,) = frames(shot)
    values = pixels / np.iinfo(pixels.dtype).max
    np.testing.assert_allclose(values, ENCODED_100, atol=atol if depth == 16 else 0.012)
    # Unpacked, it is not converted again.
    plates = conformed(shot, Project(tmp_path / "p.stylize"))
    np.testing.assert_array_equal(plates.read(FIRST), pixels)
    assert plates.paths[FIRST].parent == tmp_path / "p.stylize/video"


def test_pictures_are_refused_with_the_option_to_give(tmp_path: Path) -> None:
    path = sequence(tmp_path / "p", [grey(0.5)], colour=Colour(9, 9, PQ))
    with pytest.raises(ShotError, match=r"p\.1001\.png: .* \(PQ\); give --tonemap bt2390 to convert it to Rec\. 709$"):
        open_shot(path)


@pytest.mark.parametrize(
    ("chunks", "peak"),
    [
        ([], 1000),
        ([(b"cLLI", struct.pack(">II", 6_000_000, 1_000_000))], 600),
        ([(b"mDCV", bytes(16) + struct.pack(">II", 20_000_000, 50))], 2000),
        ([(b"mDCv", bytes(16) + struct.pack(">II", 40_000_000, 50))], 4000),
        ([(b"mDCV", bytes(16) + struct.pack(">II", 40_000_000, 50)), (b"cLLi", struct.pack(">II", 8_000_000, 0))], 800),
        ([(b"cLLI", bytes(8)), (b"mDCV", bytes(24))], 1000),
        ([(b"cLLI", b"ab")], 1000),
    ],
)
def test_declared_light_of_png_sets_the_peak(tmp_path: Path, chunks: list[tuple[bytes, bytes]], peak: float) -> None:
    path = sequence(tmp_path / "p", [grey(0.5)], colour=Colour(9, 9, PQ))
    data = b"".join(png.chunk(kind, content) for kind, content in chunks)
    file = path / f"p.{FIRST}.png"
    file.write_bytes(png.insert_chunks(file.read_bytes(), data))
    shot = open_shot(path, tonemap="bt2390")
    assert shot.tonemap is not None
    assert shot.tonemap.peak == pytest.approx(peak)


def test_wide_colour_goes_through_the_curve_alone(tmp_path: Path) -> None:
    picture = np.random.default_rng(1).integers(0, 65536, (16, 16, 3), np.uint16)
    path = sequence(tmp_path / "p", [picture], colour=Colour(9, 9, PQ))
    shot = open_shot(path, tonemap="hable")
    assert shot.tonemap is not None
    np.testing.assert_array_equal(frames(shot)[0], shot.tonemap.apply(picture))


def test_another_curve_replaces_the_unpacked_plates(tmp_path: Path) -> None:
    path = sequence(tmp_path / "p", [grey(0.6)], colour=Colour(9, 9, PQ))
    project = Project(tmp_path / "p.stylize")
    for curve in ("hable", "clip"):
        shot = open_shot(path, tonemap=curve)
        np.testing.assert_array_equal(conformed(shot, project).read(FIRST), frames(shot)[0])


def test_another_conversion_replaces_the_plates_of_a_draft(tmp_path: Path) -> None:
    path = sequence(tmp_path / "p", interlaced([one // 2 for one in moving(8)]), colour=Colour(9, 9, PQ))
    draft = draft_project(Project(tmp_path / "p.stylize"), Fraction(1, 2))
    requests: list[dict[str, str]] = [
        {"tonemap": "hable"},
        {"tonemap": "clip"},
        {"tonemap": "clip", "deinterlace": "frames"},
    ]
    for request in requests:
        shot = open_shot(path, **request)  # type: ignore[arg-type]
        plates = draft_plates(shot, (48, 32), draft, lambda stage, done, total: None)
        np.testing.assert_array_equal(plates.read(FIRST + 2), scale_picture(frames(shot)[2], (48, 32)))


# Fields


@pytest.mark.parametrize("suffix", [".png", ".dpx", ".tif"])
@pytest.mark.parametrize("method", ["auto", "frames"])
def test_one_progressive_frame_for_each_woven_picture(tmp_path: Path, suffix: str, method: str) -> None:
    pictures = moving(24)
    path = sequence(tmp_path / "p", interlaced(pictures), suffix)
    shot = open_shot(path, rate=VIDEO, deinterlace=method)
    found, woven = frames(shot), frames(open_shot(path, deinterlace="off"))
    assert (shot.frames, shot.rate, shot.warnings) == (tuple(range(FIRST, FIRST + 12)), VIDEO, ())
    for at in range(1, 11):
        assert error(found[at], pictures[2 * at]) < 0.4 * error(woven[at], pictures[2 * at])


def test_one_frame_for_each_field_of_pictures(tmp_path: Path) -> None:
    pictures = moving(24)
    path = sequence(tmp_path / "p", interlaced(pictures, "bottom"))
    shot = open_shot(path, rate=VIDEO, deinterlace="fields")
    found = frames(shot)
    assert (len(found), shot.frames[-1], shot.rate) == (24, FIRST + 23, 2 * VIDEO)
    assert shot.times == tuple(range(24))
    assert shot.time_base == 1 / (2 * VIDEO)
    for at in range(2, 22):
        assert error(found[at], pictures[at]) < error(found[at], pictures[at + 1])


@pytest.mark.parametrize(("dtype", "alpha"), [(np.uint8, False), (np.uint16, True)])
def test_film_of_pictures_is_restored_to_the_bit(tmp_path: Path, dtype: type, alpha: bool) -> None:
    def stored(picture: Pixels) -> Pixels:
        wide = picture.astype(dtype) * (257 if dtype == np.uint16 else 1)
        opaque = np.full((*picture.shape[:2], 1), np.iinfo(dtype).max, dtype)
        return np.concatenate([wide, opaque], axis=2) if alpha else wide

    pictures = moving(16)
    path = sequence(tmp_path / "p", [stored(one) for one in telecined(pictures)])
    shot = open_shot(path, rate=VIDEO, deinterlace="auto")
    assert (len(shot.frames), shot.rate, shot.alpha) == (16, VIDEO * Fraction(4, 5), alpha)
    for found, picture in zip(frames(shot), pictures, strict=True):
        np.testing.assert_array_equal(found, stored(picture))


def test_pictures_give_what_their_movie_gives(tmp_path: Path) -> None:
    woven = interlaced(moving(12))
    path = sequence(tmp_path / "p", woven)
    movie = write_movie(tmp_path / "a.mov", woven, codec="png", layout="rgb24", options={})
    for one, other in zip(
        frames(open_shot(path, deinterlace="fields")), frames(open_shot(movie, deinterlace="fields")), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_part_of_conformed_pictures_is_that_of_the_whole(tmp_path: Path) -> None:
    path = sequence(tmp_path / "p", telecined(moving(16)))
    whole = frames(open_shot(path, deinterlace="film"))
    shot = open_shot(path, deinterlace="film", frames="1003-1005", rate=VIDEO)
    np.testing.assert_array_equal(frames(shot), whole[2:5])
    assert (shot.source_frames, shot.times) == (16, tuple(range(0, 3 * shot.times[1], shot.times[1])))


def test_progressive_pictures_stay_in_place(tmp_path: Path) -> None:
    path = sequence(tmp_path / "p", moving(12))
    assert open_shot(path, deinterlace="auto", frames="1002-1004") == open_shot(path, frames="1002-1004")


def test_pictures_with_a_gap_are_not_deinterlaced(tmp_path: Path) -> None:
    path = sequence(tmp_path / "p", moving(6))
    (path / "p.1003.png").unlink()
    with pytest.raises(SequenceError, match="frame 1003 is missing"):
        open_shot(path, deinterlace="frames", frames="1004-1006")


def test_linear_light_is_deinterlaced_as_it_is_displayed(tmp_path: Path) -> None:
    path = sequence(tmp_path / "p", interlaced(moving(8)), ".exr")
    shot, project = open_shot(path, deinterlace="frames"), Project(tmp_path / "p.stylize")
    with pytest.raises(SettingsError, match=r"--deinterlace reads display-encoded pictures, .*give --clip"):
        with_view(shot, Settings(deinterlace="frames"), project, lambda stage, done, total: None)
    clipped = with_view(shot, Settings(deinterlace="frames", clip=True), project, lambda stage, done, total: None)
    assert error(frames(clipped)[2], moving(8)[4]) < 4
    assert conformed(clipped, project).read(FIRST).shape == (64, 96, 3)


def test_only_frames_of_changed_pictures_are_conformed_again(tmp_path: Path) -> None:
    path = sequence(tmp_path / "p", interlaced(moving(16)))
    project = Project(tmp_path / "p.stylize")

    def written() -> list[int]:
        before = {file: file.stat().st_mtime_ns for file in project.folder("video").glob("*.png")}
        plates = conformed(open_shot(path, deinterlace="frames"), project)
        return [frame for frame, file in plates.paths.items() if before.get(file) != file.stat().st_mtime_ns]

    assert written() == list(range(FIRST, FIRST + 8))
    assert written() == []
    write_image(path / "p.1004.png", interlaced(moving(16, seed=9))[3])
    # Those beside it have fields of it.
    assert written() == [1003, 1004, 1005]


@pytest.mark.slow
def test_run_of_interlaced_pictures_lists_their_sources(tmp_path: Path) -> None:
    path = sequence(tmp_path / "p", telecined(moving(8)))
    (tmp_path / "keys").mkdir()
    write_image(tmp_path / "keys/p.1001.png", moving(1)[0])
    options: dict[str, Any] = {"keys": tmp_path / "keys", "output": f"{tmp_path / 'out'}/", "export": ("otio", "nuke")}
    result = stylize.run(path, deinterlace="film", rate=VIDEO, **options)
    assert sorted(file.name for file in (tmp_path / "out").glob("*.png")) == [f"p.{n}.png" for n in range(1001, 1009)]
    with (result.project / "source_frames.csv").open() as table:
        rows = list(csv.DictReader(table))
    assert [row["frame"] for row in rows] == [str(number) for number in range(1001, 1009)]
    assert rows[-1]["source_frame"] == "1010"
    # Timelines show the conformed plates.
    assert str(result.project / "video") in next(tmp_path.rglob("*.nk")).read_text()


# Premultiplied alpha


def test_premultiplied_pictures_are_reported_and_read_as_straight(tmp_path: Path) -> None:
    colour = (220, 180, 90)
    path = sequence(tmp_path / "p", [ball(colour, straight=False)] * 2)
    (warning,) = open_shot(path).warnings
    assert warning.startswith("p: colour never exceeds alpha, as if premultiplied; its alpha is taken as straight: giv")
    assert open_shot(path, alpha="straight").warnings == ()
    shot = open_shot(path, alpha="premultiplied")
    assert shot.warnings == ()
    found, expected = frames(shot)[0], ball(colour, straight=True)
    visible = expected[..., 3] > 60
    assert np.abs(found[..., :3].astype(int) - expected[..., :3])[visible].mean() < 3
    np.testing.assert_array_equal(found[..., 3], expected[..., 3])
    plates = conformed(shot, Project(tmp_path / "p.stylize"))
    np.testing.assert_array_equal(plates.read(FIRST), found)


@pytest.mark.parametrize(
    "picture",
    [
        ball((220, 180, 90), straight=True),
        ball((60, 40, 30), straight=True),
        ball((220, 180, 90), straight=False, soft=0.01),
        ball((220, 180, 90), straight=False)[..., :3],
    ],
    ids=["straight", "straight and dark", "hard edges", "no alpha"],
)
def test_other_alpha_of_pictures_is_not_reported(tmp_path: Path, picture: Pixels) -> None:
    assert open_shot(sequence(tmp_path / "p", [picture])).warnings == ()


def test_premultiplied_alpha_in_one_frame_only_is_measured(tmp_path: Path) -> None:
    premultiplied = ball((220, 180, 90), straight=False)
    path = sequence(tmp_path / "p", [premultiplied[..., :3], premultiplied])
    assert any("as if premultiplied" in warning for warning in open_shot(path).warnings)


@pytest.mark.slow
def test_run_of_premultiplied_pictures_has_no_fringes(tmp_path: Path) -> None:
    colour = (220, 180, 90)
    path = sequence(tmp_path / "p", [ball(colour, straight=False)] * 2)
    (tmp_path / "keys").mkdir()
    write_image(tmp_path / "keys/p.1001.png", np.full((*SIZE[::-1], 3), 90, np.uint8))
    still = np.zeros((*SIZE[::-1], 3), np.uint8)
    still[:4, :4] = 255
    write_image(tmp_path / "matte.png", still)
    stylize.run(path, keys=tmp_path / "keys", output=f"{tmp_path / 'out'}/", alpha="premultiplied",
                matte=tmp_path / "matte.png")  # fmt: skip
    found, expected = read_image(tmp_path / "out/p.1002.png"), ball(colour, straight=True)
    visible = expected[..., 3] > 60
    assert np.abs(found[..., :3].astype(int) - expected[..., :3])[visible].mean() < 3
