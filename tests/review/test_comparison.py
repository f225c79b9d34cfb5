"""Sources to compare with, versions from the page, and their pictures."""

import shutil

import numpy as np
import pytest

pytest.importorskip("starlette")
pytest.importorskip("httpx2")

import stylize
from stylize.errors import ProjectError, SettingsError
from stylize.media.images import read_image
from stylize.review.comparison_sources import sources, version_picture
from stylize.review.proxies import PNG
from stylize.review.roots import Roots, open_roots, project_id
from stylize.review.shown_project import show_project
from tests.review.conftest import BITS, BLOCK, coded

WIDTH = BITS * BLOCK


@pytest.fixture(scope="module")
def compared(sample, tmp_path_factory):
    """Copies of the sample in a root of their own: a project with two versions, and another of the same shot."""
    root = tmp_path_factory.mktemp("compared")
    shutil.copytree(sample.root.parent / "shot", root / "shot")
    for name in ("shot.stylize", "other.stylize"):
        with stylize.open(root / "shot", to_stage="conform", project=root / name) as session:
            shutil.copytree(sample.root / "out", session.project / "out", dirs_exist_ok=True)
    stylize.save_version(root / "shot.stylize", "framed", frames=True)
    shutil.copy(sample.file("out", 5), root / "shot.stylize" / "keys" / "plate.0005.png")
    stylize.save_version(root / "shot.stylize", "plain")
    return root


def pictures_of(compared, name, frame, tmp_path):
    project = show_project(compared / "shot.stylize", print)
    picture = version_picture(project, project.part(""), name, frame, WIDTH, PNG)
    if picture is None:
        return None
    (tmp_path / "x.png").write_bytes(picture.make())
    return read_image(tmp_path / "x.png")


@pytest.mark.slow
def test_sources_are_parts_versions_and_projects_in_the_roots(compared):
    project = show_project(compared / "shot.stylize", print)
    found = sources(project, project.part(""), open_roots([compared], ()))
    assert [(one.group, one.label, one.kind, one.version) for one in found] == [
        ("This one", "Plate", "plate", ""), ("This one", "Result", "result", ""), ("This one", "Keys", "key", ""),
        ("Versions", "framed", "result", "framed"), ("Versions", "plain, keys", "result", "plain"),
        ("Other projects of this shot", "other.stylize", "result", ""),
    ]  # fmt: skip
    assert found[-1].project == project_id(compared / "other.stylize")
    assert not [one for one in sources(project, project.part(""), Roots(())) if one.group.startswith("Other")]


@pytest.mark.slow
def test_pictures_of_a_version_are_its_frames_or_its_keys(compared, tmp_path):
    assert np.array_equal(pictures_of(compared, "framed", 7, tmp_path), coded(7, inverted=True))
    assert np.array_equal(pictures_of(compared, "plain", 5, tmp_path), coded(5, inverted=True))
    assert pictures_of(compared, "plain", 7, tmp_path) is None
    assert pictures_of(compared, "framed", 4000, tmp_path) is None
    with pytest.raises(ProjectError, match="found no version 'none'"):
        pictures_of(compared, "none", 1, tmp_path)
    with pytest.raises(SettingsError):
        pictures_of(compared, "../framed", 1, tmp_path)


@pytest.mark.slow
def test_contents_of_a_version_that_are_a_link_are_not_opened(compared, tmp_path):
    """A store may come from somebody else."""
    from stylize.project import VersionStore

    store = VersionStore(compared / "shot.stylize")
    [file] = [one for one in store.read("framed").frames if one.name.endswith("0009.png")]
    path = store.path(file)
    content = path.read_bytes()
    (tmp_path / "secret.png").write_bytes(content)
    project = show_project(compared / "shot.stylize", print)
    path.unlink()
    path.symlink_to(tmp_path / "secret.png")
    try:
        assert version_picture(project, project.part(""), "framed", 9, WIDTH, PNG) is None
    finally:
        path.unlink()
        path.write_bytes(content)
