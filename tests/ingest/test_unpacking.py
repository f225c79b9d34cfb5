"""Guide and matte movies: unpacked once, found again under any order of options, removed when unused."""

import numpy as np
import pytest

import stylize
from stylize.errors import OutputError
from stylize.ingest import unpacking
from stylize.ingest.unpacking import edited_frames, remove_stale_frames, unpack_once
from stylize.media.images import read_image, write_image
from stylize.media.opening import open_shot
from stylize.project import Project
from tests.clips import write_movie
from tests.media.damage import damage_packets
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
def written_frames(monkeypatch):
    """Names of the frames that are written."""
    names, write = [], unpacking.write_image
    monkeypatch.setattr(
        unpacking, "write_image", lambda path, pixels, **more: names.append(path.name) or write(path, pixels, **more)
    )
    return names


def test_only_missing_frames_are_unpacked(movie, project, written_frames):
    files = unpack_once(open_shot(movie), project, "guides")
    assert written_frames == [f"ids.{n:04d}.png" for n in range(1, 6)]
    assert {n: int(read_image(path).mean()) // 20 for n, path in files.items()} == {n: n for n in range(1, 6)}
    del written_frames[:]
    assert unpack_once(open_shot(movie), project, "guides") == files
    assert written_frames == []
    files[3].unlink()
    assert unpack_once(open_shot(movie), project, "guides") == files
    assert written_frames == ["ids.0003.png"]
    assert int(read_image(files[3]).mean()) // 20 == 3


def test_lost_frames_of_an_accompanying_movie_are_reported_and_shift_no_frame(tmp_path, project, monkeypatch):
    messages = []
    monkeypatch.setattr(project, "message", messages.append)
    layout = {"codec": "png", "layout": "rgb24", "options": {}}
    path = damage_packets(write_movie(tmp_path / "ids.mov", greys(5), **layout), [2], skip=8)
    files = unpack_once(open_shot(path), project, "guides")
    assert [int(read_image(file).mean()) // 20 for file in files.values()] == [1, 2, 2, 4, 5]
    assert messages[0].startswith("warning: ids.mov: frame 3 is not decodable")


def test_edited_frame_is_kept_and_reported(tmp_path, movie, project, written_frames):
    files = unpack_once(open_shot(movie), project, "mask")
    edited = greys(1, 11)[0]
    write_image(files[3], edited)
    files[5].unlink()
    del written_frames[:]
    for opened in (project, Project(project.root)):
        assert unpack_once(open_shot(movie), opened, "mask") == files
        np.testing.assert_array_equal(read_image(files[3]), edited)
        assert edited_frames(opened, {"mask": [movie], "guides": [tmp_path / "none.mp4"]}) == [files[3]]
    assert written_frames == ["ids.0005.png"]
    remove_stale_frames(project, {"mask": []})  # no longer used: our own frames are removed
    assert [path.name for path in files[3].parent.iterdir()] == ["ids.0003.png"]
    np.testing.assert_array_equal(read_image(files[3]), edited)


@pytest.mark.slow
def test_run_uses_and_reports_an_edited_matte(tmp_path):
    plates = folder_of(tmp_path / "plates", scene(5))
    movie = write_movie(tmp_path / "m.mp4", [np.full((36, 64, 3), 255, np.uint8)] * 5)
    keys, messages = _keys(tmp_path), []
    first = stylize.run(plates, keys=keys, matte=movie)
    (edited,) = first.project.glob("mask/m.*/m.0003.png")
    write_image(edited, np.zeros((36, 64, 3), np.uint8))
    for _ in range(2):
        del messages[:]
        again = stylize.run(plates, keys=keys, matte=movie, on_message=messages.append)
        np.testing.assert_array_equal(read_image(again.frames[3]), scene(5)[2])
        assert [text for text in messages if text.startswith(f"3 in {edited.parent}: changed by hand")]
        assert not read_image(edited).any()


def test_later_run_reuses_frames_of_the_same_numbers_and_contents(movie, project, written_frames):
    first = unpack_once(open_shot(movie), project, "mask")
    again = Project(project.root)
    del written_frames[:]
    assert unpack_once(open_shot(movie), again, "mask") == first
    assert written_frames == []
    moved = unpack_once(open_shot(movie, start_number=2), again, "mask")
    assert {n: int(read_image(path).mean()) // 20 for n, path in moved.items()} == {n + 1: n for n in range(1, 6)}
    write_movie(movie, greys(5, 4))
    other = unpack_once(open_shot(movie), again, "mask")
    assert not set(other.values()) & set(first.values())
    assert int(read_image(other[1]).mean()) // 20 == 4


def test_cleanup_removes_unused_frames_and_keeps_the_users_files(tmp_path, movie, project):
    kept = unpack_once(open_shot(movie), project, "guides")
    gone = unpack_once(open_shot(write_movie(tmp_path / "old.mp4", greys(3))), project, "guides")
    other = unpack_once(open_shot(write_movie(tmp_path / "mine.mp4", greys(2))), project, "mask")
    (gone[1].parent / ".old.0003.png.stylize-partial").write_bytes(b"half")
    (gone[1].parent / ".old.0003.png.partial").write_bytes(b"half")  # as earlier versions named it
    (gone[1].parent / ".old.0003.part.png").write_bytes(b"half")  # and still earlier ones
    (other[1].parent / "notes.txt").write_text("mine")
    write_image(project.folder("mask") / "painted.0001.png", greys(1)[0])
    (project.folder("guides") / "sketches").mkdir()
    remove_stale_frames(project, {"guides": [movie, tmp_path / "none.mp4"], "mask": []})
    assert all(path.is_file() for path in kept.values())
    assert not gone[1].parent.exists()
    assert [path.name for path in other[1].parent.iterdir()] == ["notes.txt"]
    assert (project.folder("mask") / "painted.0001.png").is_file()
    assert (project.folder("guides") / "sketches").is_dir()
    assert not project.has_written(gone[1])
    assert project.has_written(kept[1])


def test_folder_that_cannot_be_created_is_reported(movie, project):
    place = unpacking.folder_of(movie, project, "guides")
    place.write_text("in the way")
    with pytest.raises(OutputError, match=r"guides.*ids\..*the folder cannot be created"):
        unpack_once(open_shot(movie), project, "guides")


@pytest.mark.slow
def test_runs_unpack_once_and_remove_unused_guides(tmp_path, movie, written_frames):
    plates = folder_of(tmp_path / "plates", scene(5))
    other = write_movie(tmp_path / "depth.mp4", greys(5, 3))
    asked = {"keys": _keys(tmp_path), "matte": movie}
    stylize.run(plates, **asked, guide=f"{movie}:4")
    assert len(written_frames) == 5 + 5  # a guide and a matte
    del written_frames[:]
    both = stylize.run(plates, **asked, guide=(f"{other}:2", f"{movie}:4"))
    assert len(written_frames) == 5
    assert stylize.run(plates, **asked, guide=(f"{other}:2", f"{movie}:4")).redone == ()
    stylize.plan(plates)  # reads only, and changes nothing
    names = {path.name.partition(".")[0] for path in (both.project / "guides").iterdir()}
    assert names == {"depth", "ids"}
    stylize.run(plates, keys=asked["keys"], guide=f"{movie}:4")
    assert [path.name.partition(".")[0] for path in (both.project / "guides").iterdir()] == ["ids"]
    assert not list((both.project / "mask").iterdir())
    assert len(written_frames) == 5


def _keys(folder):
    keys = folder / "keys"
    keys.mkdir()
    write_image(keys / "1.png", 255 - scene(5)[0])
    return keys


@pytest.mark.slow
def test_truncated_frame_is_unpacked_again_and_not_reported_as_edited(tmp_path, movie):
    plates, keys, messages = folder_of(tmp_path / "plates", scene(5)), _keys(tmp_path), []
    first = stylize.run(plates, keys=keys, guide=f"{movie}:2")
    (frame,) = first.project.glob("guides/ids.*/ids.0003.png")
    whole = frame.read_bytes()
    frame.write_bytes(whole[: len(whole) // 2])
    stylize.run(plates, keys=keys, guide=f"{movie}:2", on_message=messages.append)
    assert frame.read_bytes() == whole
    assert f"3 in {frame.parent}: damaged and unpacked again" in messages
    assert not [text for text in messages if "by hand" in text]
