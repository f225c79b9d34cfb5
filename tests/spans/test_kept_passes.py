"""Passes of a draft are kept, so that a change of one key remakes one pass of each of its spans, outwards."""

import os
import shutil

import numpy as np
import pytest

import stylize
from stylize.media.images import write_image
from stylize.project.clean import clean
from stylize.project.layout import KEPT_PASSES
from stylize.project.project import Project
from stylize.spans.resume_point import prune_kept
from stylize.stages import cache_key
from tests.sliding import folder_of, picture, scene
from tests.test_events import bits

DRAFT = {"scale": "1/2", "to_stage": "propagate"}


@pytest.fixture(scope="module")
def drafted(tmp_path_factory, user_data):
    """A project with a draft of two spans."""
    folder = tmp_path_factory.mktemp("kept")
    plates = folder_of(folder / "plates", scene(9))
    write_image(folder / "ref.png", np.random.default_rng(1).integers(0, 255, (60, 80, 3)).astype(np.uint8))
    stylize.run(plates, style=folder / "ref.png", keyframes=(1, 5, 9), **DRAFT)
    return folder


@pytest.fixture
def project(drafted, tmp_path):
    shutil.copytree(drafted, tmp_path / "job")
    return tmp_path / "job" / "plates.stylize"


def kept(project):
    return project / "drafts" / "1-2" / "passes" / KEPT_PASSES


def made(project):
    """Frames and steps of a run of the draft, in order."""
    frames, steps = [], []

    def receive(event):
        if isinstance(event, stylize.FrameFinished):
            frames.append(event.frame)
        elif isinstance(event, stylize.StageProgress) and event.stage == "propagate":
            steps.append(event.total)

    result = stylize.run(project, on_event=receive, **DRAFT)
    return result, frames, steps[-1]


@pytest.mark.slow
def test_changed_key_remakes_its_own_passes_outwards_with_the_same_bits(project):
    write_image(project / "keys" / "plate.0005.png", picture(90))
    again = shutil.copytree(project, project.parent / "again.stylize")
    shutil.rmtree(kept(again))
    times = {path: path.stat().st_mtime_ns for path in kept(project).rglob("*.npz")}
    result, frames, _ = made(project)
    assert frames[0] == 5
    assert {*frames[1:3]} == {4, 6}
    assert {*frames[3:5]} == {3, 7}
    assert {*frames[5:]} == {2, 8}
    # Two of the four passes were not made again.
    assert len([path for path, time in times.items() if path.exists() and path.stat().st_mtime_ns == time]) == 8
    assert len([path for path in kept(project).iterdir() if path.is_dir()]) == 4
    assert bits(result) == bits(made(again)[0])


@pytest.mark.slow
def test_files_of_passes_are_removed_with_all_that_can_be_made_again(project):
    assert len(list(kept(project).rglob("*.npz"))) == 4 * 4
    counted = clean(Project(project), dry_run=True).files["passes"]
    with Project(project).locked():
        assert clean(Project(project)).files["passes"] == counted >= 16
    assert not list(kept(project).rglob("*.npz"))


@pytest.mark.slow
def test_full_run_keeps_no_passes(project):
    stylize.run(project, to_stage="propagate")
    assert not (project / "passes" / KEPT_PASSES).exists()


def test_unused_and_oldest_passes_are_removed(tmp_path):
    names = [cache_key("span", "pass", number) for number in range(4)]
    for number, name in enumerate(names):
        (tmp_path / name).mkdir()
        (tmp_path / name / "forward.1.npz").write_bytes(bytes(100))
        (tmp_path / name / "mine.txt").write_text("")

        os.utime(tmp_path / name, ns=(number, number))
    prune_kept(tmp_path, [tmp_path / name for name in names[:3]], 250)
    left = [name for name in names if (tmp_path / name / "forward.1.npz").exists()]
    assert left == [names[2]]
    assert all((tmp_path / name / "mine.txt").exists() for name in names)
    prune_kept(tmp_path / "none", [], 0)
