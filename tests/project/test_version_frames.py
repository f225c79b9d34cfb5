"""Frames that are saved with a version: kept once, removed with it, and never restored."""

import json

import pytest

import stylize
from stylize.errors import ProjectError
from stylize.media.images import read_image
from stylize.project import VersionStore, restore_version
from stylize.project.project import Project


@pytest.mark.slow
def test_frames_are_saved_with_a_version_and_removed_with_it(plates, style):
    result = stylize.run(plates, style=style, keyframes=(1,))
    plain = stylize.save_version(result.project, "plain")
    version = stylize.save_version(result.project, "oil", frames=True)
    assert (plain.frames, len(version.frames)) == ((), 8)
    store = VersionStore(result.project)
    assert store.read("oil") == version
    for file in version.frames:
        assert (read_image(store.path(file)) == read_image(result.project / file.name)).all()
    first = result.project / version.frames[3].name
    first.unlink()
    project = Project(result.project)
    with project.locked():
        restore_version(project, "oil")
    assert not first.exists(), "frames are made again by a run, not restored"
    store.check(version)
    stylize.save_version(result.project, "again", frames=True)
    store.remove("oil")
    assert not store.path(version.frames[3]).exists()
    assert store.path(version.frames[4]).exists(), "another version has it"

    table = store.folder / "again.json"
    content = json.loads(table.read_text())
    content["frames"][0]["name"] = "../out/plate.0001.png"
    table.write_text(json.dumps(content))
    with pytest.raises(ProjectError, match="is not the name of a file that a version keeps"):
        store.read("again")
