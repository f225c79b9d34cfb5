"""Movies of guides and mattes: unpacked once, found again under any order of options, removed when nobody asks."""

import numpy as np
import pytest

import stylize
from stylize.errors import OutputError
from stylize.ingest import unpacking
from stylize.ingest.unpacking import edited_frames, remove_stale_frames, unpack_once
from stylize.media.images import read_image, write_image
from stylize.media.shot import open_shot
from stylize.project import Project
from tests.clips import write_movie
from tests.sliding import folder_of, scene


def greys(count, first=1):
    return [np.full((36, 64, 3), 20 * (n + first), np.uint8) for n in range(count)]


@pytest.fixture
def movie(tmp_path):
    return write_movie(tmp_path / "ids.mp4", greys(5))


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "p.stylize")


@pytest.fixture
def written(monkeypatch):
    """The names of the frames that are written."""
    names, write = [], unpacking.write_image
    monkeypatch.setattr(unpacking, "write_image", lambda path, pixels: names.append(path.name) or write(path, pixels))
    return names


def test_only_what_is_lacking_is_unpacked(movie, project, written):
    files = unpack_once(open_shot(movie), project, "guides")
    assert written == [f"ids.{n:04d}.png" for n in range(1, 6)]
    assert {n: int(read_image(path).mean()) // 20 for n, path in files.items()} == {n: n for n in range(1, 6)}
    del written[:]
    assert unpack_once(open_shot(movie), project, "guides") == files
    assert written == []
    files[3].unlink()
    assert unpack_once(open_shot(movie), project, "guides") == files
    assert written == ["ids.0003.png"]
    assert int(read_image(files[3]).mean()) // 20 == 3


def test_a_frame_that_a_person_has_changed_stays_and_is_told(tmp_path, movie, project, written):
    files = unpack_once(open_shot(movie), project, "mask")
    mended = greys(1, 11)[0]
    write_image(files[3], mended)
    files[5].unlink()
    del written[:]
    for opened in (project, Project(project.root)):
        assert unpack_once(open_shot(movie), opened, "mask") == files
        np.testing.assert_array_equal(read_image(files[3]), mended)
        assert edited_frames(opened, {"mask": [movie], "guides": [tmp_path / "none.mp4"]}) == [files[3]]
    assert written == ["ids.0005.png"]
    remove_stale_frames(project, {"mask": []})  # asked for no more: what is ours goes
    assert [path.name for path in files[3].parent.iterdir()] == ["ids.0003.png"]
    np.testing.assert_array_equal(read_image(files[3]), mended)


def test_a_run_uses_a_mended_matte_and_says_so(tmp_path):
    plates = folder_of(tmp_path / "plates", scene(5))
    movie = write_movie(tmp_path / "m.mp4", [np.full((36, 64, 3), 255, np.uint8)] * 5)
    keys, said = _keys(tmp_path), []
    first = stylize.run(plates, keys=keys, matte=movie)
    (mended,) = first.project.glob("mask/m.*/m.0003.png")
    write_image(mended, np.zeros((36, 64, 3), np.uint8))
    for _ in range(2):
        del said[:]
        again = stylize.run(plates, keys=keys, matte=movie, on_message=said.append)
        np.testing.assert_array_equal(read_image(again.frames[3]), scene(5)[2])
        assert [text for text in said if text.startswith(f"3 in {mended.parent}: changed by hand")]
        assert not read_image(mended).any()


def test_another_run_finds_them_and_other_numbers_or_contents_are_told_apart(movie, project, written):
    first = unpack_once(open_shot(movie), project, "mask")
    again = Project(project.root)
    del written[:]
    assert unpack_once(open_shot(movie), again, "mask") == first
    assert written == []
    moved = unpack_once(open_shot(movie, start_number=2), again, "mask")
    assert {n: int(read_image(path).mean()) // 20 for n, path in moved.items()} == {n + 1: n for n in range(1, 6)}
    write_movie(movie, greys(5, 4))
    other = unpack_once(open_shot(movie), again, "mask")
    assert not set(other.values()) & set(first.values())
    assert int(read_image(other[1]).mean()) // 20 == 4


def test_tidying_removes_what_nobody_asks_for_and_nothing_of_a_persons(tmp_path, movie, project):
    kept = unpack_once(open_shot(movie), project, "guides")
    gone = unpack_once(open_shot(write_movie(tmp_path / "old.mp4", greys(3))), project, "guides")
    other = unpack_once(open_shot(write_movie(tmp_path / "mine.mp4", greys(2))), project, "mask")
    (gone[1].parent / ".old.0003.png.partial").write_bytes(b"half")
    (gone[1].parent / ".old.0003.part.png").write_bytes(b"half")  # as earlier versions named it
    (other[1].parent / "notes.txt").write_text("mine")
    write_image(project.folder("mask") / "painted.0001.png", greys(1)[0])
    (project.folder("guides") / "sketches").mkdir()
    remove_stale_frames(project, {"guides": [movie, tmp_path / "none.mp4"], "mask": []})
    assert all(path.is_file() for path in kept.values())
    assert not gone[1].parent.exists()
    assert [path.name for path in other[1].parent.iterdir()] == ["notes.txt"]
    assert (project.folder("mask") / "painted.0001.png").is_file()
    assert (project.folder("guides") / "sketches").is_dir()
    assert not list(project._records.files(project._name(gone[1])))
    assert list(project._records.files(project._name(kept[1])))


def test_a_folder_that_cannot_be_made_is_told(movie, project):
    place = unpacking.folder_of(movie, project, "guides")
    place.write_text("in the way")
    with pytest.raises(OutputError, match=r"guides.*ids\..*no folder can be made"):
        unpack_once(open_shot(movie), project, "guides")


def test_runs_unpack_once_and_forget_guides_that_are_left_out(tmp_path, movie, written):
    plates = folder_of(tmp_path / "plates", scene(5))
    other = write_movie(tmp_path / "depth.mp4", greys(5, 3))
    asked = {"keys": _keys(tmp_path), "matte": movie}
    stylize.run(plates, **asked, guide=f"{movie}:4")
    assert len(written) == 5 + 5  # a guide, and a matte
    del written[:]
    both = stylize.run(plates, **asked, guide=(f"{other}:2", f"{movie}:4"))
    assert len(written) == 5
    assert stylize.run(plates, **asked, guide=(f"{other}:2", f"{movie}:4")).redone == ()
    stylize.plan(plates)  # looks, and changes nothing
    names = {path.name.partition(".")[0] for path in (both.project / "guides").iterdir()}
    assert names == {"depth", "ids"}
    stylize.run(plates, keys=asked["keys"], guide=f"{movie}:4")
    assert [path.name.partition(".")[0] for path in (both.project / "guides").iterdir()] == ["ids"]
    assert not list((both.project / "mask").iterdir())
    assert len(written) == 5


def _keys(folder):
    keys = folder / "keys"
    keys.mkdir()
    write_image(keys / "1.png", 255 - scene(5)[0])
    return keys
