"""Per-frame inputs follow a new version of a shot: pictures, movies and motion vectors."""

import numpy as np
import pytest

from stylize.errors import InputError
from stylize.ingest.replaced_inputs import copy_inputs, plan_inputs, report_other_inputs
from stylize.ingest.shot_versions import Replacement
from stylize.ingest.unpacking import unpack_once
from stylize.media.companions import Companion
from stylize.media.images import read_image, write_image
from stylize.media.opening import open_shot
from stylize.media.sequences import find_sequence
from stylize.project import Project
from stylize.settings import Settings
from tests.clips import write_movie
from tests.exr_files import Part, write_exr
from tests.sliding import folder_of, picture

OLD, NEW = range(1, 7), range(101, 107)


@pytest.fixture
def found(tmp_path):
    """Old frames 3-6 are new frames 101-104, which 105-106 follow; frame 102 has changed."""
    old, new = (open_shot(folder_of(tmp_path / f"v{n}", [picture(0)] * 6, n)) for n in (1, 101))
    frames = {number: number - 98 for number in range(101, 105)}
    same = frozenset(frames) - {102}
    return Replacement(old, new, 98, frames, same, same, certain=True)


@pytest.fixture
def old(tmp_path):
    return Project(tmp_path / "v1.stylize")


@pytest.fixture
def take(tmp_path, found, old):
    def take(given=(), **options):
        settings, target, messages = Settings(**{"style": "a.png"} | options), tmp_path / "v2.stylize", []
        moves = plan_inputs(found, Settings(), settings, given, old, target)
        report_other_inputs(found, moves.settings, given, messages.append)
        project = Project(target)
        with project.locked():
            copy_inputs(found, moves, project, messages.append)
        return moves.settings, messages

    return take


def greys(pattern):
    return {number: int(read_image(path)[0, 0, 0]) for number, path in find_sequence(pattern).items()}


def test_pictures_get_the_new_numbers(tmp_path, take):
    folder = folder_of(tmp_path / "depth", [picture(10 * number) for number in OLD])
    settings, messages = take(
        matte=str(folder), guide=f"{folder}:3", depth=str(folder), export="passes", control=f"depth={folder}",
        renderer="diffusion", model="o/n", prompt="ink", style=None,
    )  # fmt: skip
    expected = {101: 30, 102: 40, 103: 50, 104: 60}
    # one folder is copied once, whatever uses it
    (guide,), (control,) = settings.guide, settings.control
    assert {settings.matte, settings.depth, str(guide.path), str(control.path)} == {settings.matte}
    assert (greys(settings.matte), guide.weight) == (expected, 3)
    copied, missing, changed = messages
    assert (
        copied
        == f"--control, --matte, --guide, --depth {folder}: copied to {settings.matte} under the new frame numbers"
    )
    assert missing == (
        f"warning: --control, --matte, --guide, --depth {folder} has no file for the frames 105-106 of the new "
        f"version; add them as {settings.matte}, or give the option anew"
    )
    assert changed == (
        "--control, --matte, --guide, --depth: the files of the changed frames 102 are those of the old version; check "
        "them"
    )
    assert greys(folder) == {number: 10 * number for number in OLD}


def test_cryptomatte_gets_the_new_numbers(tmp_path, take):
    for number in OLD:
        (tmp_path / "ids").mkdir(exist_ok=True)
        write_exr(tmp_path / "ids" / f"id.{number:04d}.exr", [Part(np.full((4, 6, 3), number, np.float32))])
    settings, _ = take(matte="crypto:hero", cryptomatte=tmp_path / "ids")
    assert settings.matte == "crypto:hero"
    moved = find_sequence(settings.cryptomatte)
    assert sorted(moved) == [101, 102, 103, 104]
    assert all(
        path.read_bytes() == (tmp_path / f"ids/id.{number - 98:04d}.exr").read_bytes() for number, path in moved.items()
    )


def test_motion_vectors_get_the_new_numbers(tmp_path, take):
    for name in ("back", "on"):
        (tmp_path / name).mkdir()
        for number in OLD:
            (tmp_path / name / f"v.{number:04d}.flo").write_bytes(bytes([number]))
    (tmp_path / "back/v.0003.flo").unlink()
    pattern = {name: str(tmp_path / name / "v.####.flo") for name in ("back", "on")}
    settings, messages = take(vectors_back=pattern["back"], vectors_forward=pattern["on"])
    back, forward = settings.vectors_back, settings.vectors_forward
    for path, name, first in ((back, "vectors-back", 102), (forward, "vectors-forward", 101)):
        files = {number: file.read_bytes() for number, file in find_sequence(path, (".flo",)).items()}
        assert files == {number: bytes([number - 98]) for number in range(first, 105)}
        assert path.parent == tmp_path / "v2.stylize/inputs" / name
    # The first frame needs no vectors to the previous one, and the last none to the next.
    assert [line for line in messages if "warning" in line] == [
        f"warning: {flag} {path} has no file for the frames {frames} of the new version; add them as {copies}, or give "
        "the option anew"
        for flag, path, frames, copies in (
            ("--vectors-back", pattern["back"], "105-106", back),
            ("--vectors-forward", pattern["on"], "105", forward),
        )
    ]


def test_frames_of_movies_follow_their_positions(tmp_path, take, old, found):
    movie = write_movie(tmp_path / "matte.mkv", [picture(30 * number) for number in OLD], options={"qp": "0"})
    files = Companion("matte", InputError).files(movie, found.old, lambda part: unpack_once(part, old, "mask"))
    write_image(files[5], picture(7))
    settings, messages = take(matte=str(movie), guide=str(movie))
    found_greys = greys(settings.matte)
    assert found_greys.pop(103) == 7  # changed by hand
    assert found_greys == {
        101: pytest.approx(90, abs=2),
        102: pytest.approx(120, abs=2),
        104: pytest.approx(180, abs=2),
    }
    assert str(settings.guide[0].path) == settings.matte
    assert "105-106" in messages[1]


def test_movie_of_the_new_length_has_been_replaced_too(tmp_path, take, found):
    longer = open_shot(folder_of(tmp_path / "v3", [picture(0)] * 8, 101))
    movie = write_movie(tmp_path / "matte.mkv", [picture(30)] * 8)
    grown = Replacement(found.old, longer, 98, found.frames, found.alike, found.same, certain=True)
    settings = Settings(style="a.png", matte=str(movie))
    moves = plan_inputs(grown, Settings(), settings, (), Project(tmp_path / "v1.stylize"), tmp_path / "v3.stylize")
    assert (moves.settings.matte, moves.moves) == (str(movie), [])


def test_inputs_that_fit_stay_where_they_are(tmp_path, take, found):
    still, folder = tmp_path / "still.png", folder_of(tmp_path / "given", [picture(1)] * 6, 101)
    write_image(still, picture(9))
    settings, messages = take(("guide",), matte=str(still), guide=str(folder))
    assert (settings.matte, str(settings.guide[0].path)) == (str(still), str(folder))
    assert not any("copied" in line for line in messages)
    assert take(matte="alpha")[0].matte == "alpha"


def test_copies_that_the_user_has_changed_survive_another_attempt(tmp_path, take):
    folder = folder_of(tmp_path / "mattes", [picture(number) for number in OLD])
    copies = tmp_path / "v2.stylize/inputs/matte"
    take(matte=str(folder))
    write_image(copies / "matte.0101.png", picture(200))
    write_image(copies / "matte.0105.png", picture(201))
    settings, messages = take(matte=str(folder))
    assert greys(settings.matte) == {101: 200, 102: 4, 103: 5, 104: 6, 105: 201}
    assert "has no file for the frames 106 of" in messages[1]


def test_missing_inputs_are_reported_before_the_project_is_created(tmp_path, take):
    with pytest.raises(InputError, match=r"^--matte .*gone: no such folder; check the path"):
        take(matte=str(tmp_path / "gone"))
    assert not (tmp_path / "v2.stylize").exists()
