"""Damage of movies that accompany a shot: named by the shot's frame numbers, and refused with --strict."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import stylize
from stylize.context.guides import open_control, open_guides
from stylize.context.mattes import mattes_from_files
from stylize.errors import InputError, MatteError
from stylize.interchange.depth import depth_from_files
from stylize.matting.keying import open_keyer
from stylize.media.images import write_image
from stylize.media.opening import open_shot
from stylize.media.plates import Plates
from stylize.media.shot import Shot
from stylize.project import Project
from stylize.settings import GuideSpec, MatteSettings, Settings
from tests.clips import picture, write_movie
from tests.media.damage import damage_packets
from tests.media.test_alpha_of_footage import ball

COUNT = 6


def clean_plate(path: Path, shot: Shot, project: Project) -> object:
    settings = MatteSettings(clean=path, output="m/")
    return open_keyer(settings, shot, Plates(dict(zip(shot.frames, shot.files, strict=True)), shot), project)


KINDS: dict[str, Callable[[Path, Shot, Project], object]] = {
    "matte": lambda path, shot, project: mattes_from_files(shot, Settings(matte=str(path)), project),
    "guide": lambda path, shot, project: open_guides([GuideSpec(path, 1.0)], shot, project),
    "control": open_control,
    "depth": depth_from_files,
    "clean plate": clean_plate,
}


def sequence(folder: Path, count: int = COUNT, *, strict: bool = False, frames: str | None = None) -> Shot:
    """Frames from 1001 on."""
    folder.mkdir()
    for number in range(1001, 1001 + count):
        write_image(folder / f"p.{number}.png", picture(number))
    return open_shot(folder, strict=strict, frames=frames)


def damaged(path: Path, packet: int = 3) -> Path:
    """A movie whose fourth frame cannot be decoded."""
    return damage_packets(write_movie(path, [picture(one) for one in range(COUNT)], codec="png", layout="rgb24",
                                      options={}), [packet], skip=8)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_lost_frame_is_named_and_refused_with_strict(tmp_path: Path, kind: str) -> None:
    path, messages = damaged(tmp_path / "extra.mov"), list[str]()
    loss = "extra.mov: frame 1004 is not decodable: the picture of a neighbouring frame is repeated"
    shot = sequence(tmp_path / "plates")
    KINDS[kind](path, shot, Project(tmp_path / "a.stylize", message=messages.append))
    assert messages == [f"warning: {loss}"]
    strict = open_shot(tmp_path / "plates", strict=True)
    with pytest.raises(InputError, match=rf"^[^\n]*{loss}; copy or export it again, or leave out --strict[^\n]*$"):
        KINDS[kind](path, strict, Project(tmp_path / "b.stylize"))


@pytest.mark.parametrize(("part", "expected"), [("1001-1003", []), ("1004-1006x2", ["1004"])])
def test_only_the_frames_of_the_part_count(tmp_path: Path, part: str, expected: list[str]) -> None:
    path, messages = damaged(tmp_path / "extra.mov"), list[str]()
    shot = sequence(tmp_path / "plates", frames=part, strict=not expected)
    open_guides([GuideSpec(path, 1.0)], shot, Project(tmp_path / "a.stylize", message=messages.append))
    assert [text.partition(": frame ")[2][:4] for text in messages] == expected


def test_movie_of_the_part_alone_is_named_by_the_frames_of_the_part(tmp_path: Path) -> None:
    path, messages = damaged(tmp_path / "extra.mov"), list[str]()
    shot = sequence(tmp_path / "plates", 20, frames="1005-1015x2")
    open_guides([GuideSpec(path, 1.0)], shot, Project(tmp_path / "a.stylize", message=messages.append))
    assert "extra.mov: frame 1011 is not decodable" in messages[0]


def test_mattes_without_alpha_are_refused_with_strict(tmp_path: Path) -> None:
    shot = sequence(tmp_path / "plates", strict=True)
    (tmp_path / "mask").mkdir()
    for number in shot.frames:
        picture_of = ball((9, 9, 9), straight=True)
        write_image(tmp_path / "mask" / f"m.{number}.png", picture_of if number < 1005 else picture_of[..., :3])
    request = Settings(matte=str(tmp_path / "mask"))
    with pytest.raises(MatteError, match=r"frames 1005-1006 have no alpha.*leave out --strict"):
        mattes_from_files(shot, request, Project(tmp_path / "a.stylize"))
    assert mattes_from_files(open_shot(tmp_path / "plates"), request, Project(tmp_path / "a.stylize"))


@pytest.mark.slow
def test_run_refuses_a_damaged_matte_before_work(tmp_path: Path) -> None:
    sequence(tmp_path / "plates")
    path = damaged(tmp_path / "extra.mov")
    shutil.copytree(tmp_path / "plates", tmp_path / "keys")
    with pytest.raises(InputError, match="frame 1004 is not decodable"):
        stylize.run(tmp_path / "plates", keys=tmp_path / "keys", matte=path, strict=True, output=str(tmp_path / "out/"))
    assert not (tmp_path / "out").exists()
