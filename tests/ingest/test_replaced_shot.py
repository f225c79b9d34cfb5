"""A new version of a shot takes over the keys, mattes, settings and results of a project."""

import re

import numpy as np
import pytest

import stylize
from stylize.errors import ProjectError, SettingsError, ShotError
from stylize.ingest.shot_versions import Versions, compare
from stylize.media.images import read_image, write_image
from stylize.project import Project
from stylize.settings import Settings
from tests.clips import write_movie
from tests.command.words import digests
from tests.fields import interlaced, moving
from tests.sliding import folder_of, picture, scene


@pytest.fixture(scope="module")
def pictures():
    return scene(10)


def recompressed(frames):
    """Frames with errors as those of compression."""
    draw = np.random.default_rng(5)
    return [np.clip(frame + draw.integers(-6, 7, frame.shape), 0, 255).astype(np.uint8) for frame in frames]


@pytest.mark.slow
def test_changed_plates_regenerate_only_their_spans(tmp_path, pictures):
    write_image(tmp_path / "ref.png", 255 - pictures[0])
    old = stylize.run(folder_of(tmp_path / "v1", pictures), style=tmp_path / "ref.png", keyframes="1,4,7,10")
    before = {folder: digests(old.project / folder) for folder in ("keys", "out", "passes", "flow", "export")}
    changed = [frame.copy() for frame in pictures]
    changed[8][8:24, 8:40] = 255 - changed[8][8:24, 8:40]
    messages = []
    new = stylize.run(old.project, replace_shot=folder_of(tmp_path / "v2", changed), on_message=messages.append)
    assert new.project == tmp_path / "v2.stylize"
    assert f"{tmp_path}/v2 replaces {tmp_path}/v1: its frames 1-10 are 1-10 of the old version (offset +0)" in messages
    assert "changed frames: 9" in messages
    assert not new.rendered
    # the plates before key 10 have changed, but not its own
    kept = [one for one in messages if "for other plates" in one]
    assert [re.findall("keyframe ([0-9]+); --repaint 10", one) for one in kept] == [["10"]]
    assert set(new.redone) <= {7, 8, 9, 10}
    assert 9 in new.redone
    for frame in range(1, 7):
        np.testing.assert_array_equal(read_image(new.frames[frame]), read_image(old.frames[frame]))
    assert {folder: digests(old.project / folder) for folder in before} == before
    # again: the new project continues
    again = stylize.run(old.project, replace_shot=tmp_path / "v2", on_message=messages.append)
    assert f"note: {tmp_path}/v2.stylize has already taken over from {old.project}, and continues" in messages
    assert (again.rendered, again.redone) == ((), ())


@pytest.mark.slow
def test_keys_and_mattes_of_a_trimmed_and_recompressed_movie_move(tmp_path, pictures):
    mattes = folder_of(tmp_path / "mattes", [picture(255 - frame) for frame in range(10)])
    (tmp_path / "mine").mkdir()
    write_image(tmp_path / "mine/9.png", picture(90))
    movie = write_movie(tmp_path / "shot.mov", pictures)
    write_image(tmp_path / "ref.png", 255 - pictures[0])
    given = {"style": tmp_path / "ref.png", "matte": str(mattes), "keys": tmp_path / "mine", "keyframes": "1,5,9"}
    old = stylize.run(movie, to_stage="render", **given)
    write_image(old.project / "keys/painted 7.png", picture(70))
    before = {path: path.read_bytes() for path in (old.project / "keys").iterdir()}
    new_movie, messages = write_movie(tmp_path / "shot_v002.mov", recompressed(pictures[2:])), []
    new = stylize.run(old.project, replace_shot=new_movie, to_stage="render", on_message=messages.append)
    assert {path: path.read_bytes() for path in (old.project / "keys").iterdir()} == before
    assert f"{new_movie} replaces {movie}: its frames 1-8 are 3-10 of the old version (offset -2)" in messages
    assert "old frames that are not in the new version: 1-2" in messages
    assert not any("changed" in one for one in messages)
    assert f"keys of old frames that are not in the new version stay in {old.project}: 1" in messages
    assert new.painted == (5, 7)
    assert new.rendered == ()
    found = {path.name: read_image(path) for path in (new.project / "keys").iterdir()}
    assert sorted(found) == ["shot_v002.0003.png", "shot_v002.0005.png", "shot_v002.0007.png"]
    assert (found["shot_v002.0005.png"] == 70).all()
    assert (found["shot_v002.0007.png"] == 90).all()
    np.testing.assert_array_equal(found["shot_v002.0003.png"], read_image(old.project / "keys/shot.0005.png"))
    matte = read_image(new.project / "inputs/matte/matte.0001.png")
    assert (matte == 255 - 2).all()
    # a rendered key follows another style
    write_image(tmp_path / "other.png", pictures[4])
    assert stylize.run(new.project, style=tmp_path / "other.png", to_stage="render").rendered == (3,)


@pytest.mark.slow
def test_shot_that_moved_is_found_again_by_the_plates_in_the_project(tmp_path, pictures):
    movie = write_movie(tmp_path / "shot.mov", pictures[:4])
    folder_of(tmp_path / "mine", [picture(9)])
    old = stylize.run(movie, keys=tmp_path / "mine")
    (tmp_path / "else").mkdir()
    moved = movie.rename(tmp_path / "else/take.mov")
    with pytest.raises(ProjectError, match=r"missing the shot .*shot\.mov \(--replace-shot PATH\)"):
        stylize.run(old.project)
    new = stylize.run(old.project, replace_shot=moved)
    assert new.project == tmp_path / "else/take.stylize"
    assert (new.painted, new.redone) == ((1,), ())
    for path in (old.project / "video").glob("*.png"):
        path.unlink()
    with pytest.raises(
        ShotError, match=r"the old shot .*shot\.mov cannot be read .* plates are not in .*video; put it back"
    ):
        stylize.run(old.project, replace_shot=moved, project=tmp_path / "more.stylize")


@pytest.mark.slow
def test_version_that_does_not_fit_is_refused(tmp_path, pictures):
    folder_of(tmp_path / "mine", [picture(9)])
    shot = folder_of(tmp_path / "v1", pictures[:3])
    old = stylize.run(shot, keys=tmp_path / "mine", to_stage="render").project
    others = folder_of(tmp_path / "other", scene(3, seed=9))
    with pytest.raises(
        ShotError, match=r"other: expected at least half of the frames to agree with those of .*v1, found . of . at"
    ):
        stylize.run(old, replace_shot=others)
    small = folder_of(tmp_path / "small", [frame[::2, ::2] for frame in pictures[:3]])
    with pytest.raises(ShotError, match=r"small: expected 64x36 pixels like .*v1, .* found 32x18; scale it"):
        stylize.run(old, replace_shot=small)
    with pytest.raises(SettingsError, match=r"--replace-shot applies to a project, found .*v1; give the project"):
        stylize.run(shot, replace_shot=others)
    with pytest.raises(ProjectError, match=r"v1\.stylize is the project of the old version, .* --project FOLDER"):
        stylize.run(old, replace_shot=folder_of(tmp_path / "v2", pictures[:3]), project=old)
    assert not (tmp_path / "other.stylize").exists()


def test_interlaced_versions_are_compared_by_their_progressive_frames(tmp_path):
    one, two = (write_movie(tmp_path / name, interlaced(moving(8))) for name in ("v1.mkv", "v2.mkv"))
    fields = Settings(deinterlace="fields")
    project = Project(tmp_path / "v1.stylize")
    asked = Versions(project.root, one, fields, two, tmp_path / "v2.stylize", fields)
    found, _ = compare(project, asked, lambda text: None)
    assert found.frames == {frame: frame for frame in range(1, 9)}
