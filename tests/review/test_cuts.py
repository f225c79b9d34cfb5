"""Cuts, held drawings and schedules of the timeline."""

import json

import numpy as np
import pytest

pytest.importorskip("starlette")

import stylize
from stylize.errors import ReviewError
from stylize.media.images import write_image
from stylize.review.cut_changes import add_cut, drop_cut, move_cut
from stylize.review.held_drawings import drawing_starts, schedule_lanes
from stylize.review.prepare import prepare_project
from stylize.review.project_state import last_plan
from stylize.review.shown_cuts import shown_cuts
from stylize.review.shown_project import show_project
from tests.sliding import folder_of

FRAMES = 12


@pytest.fixture
def root(tmp_path):
    pictures = [np.full((48, 64, 3), 20 * n, np.uint8) for n in range(FRAMES)]
    return prepare_project(folder_of(tmp_path / "shot", pictures), {}, lambda event: None)


def record(root, **facts):
    """Record facts as a run does."""
    lines = [json.dumps({"fact": name.replace("_", " "), "key": "k", "value": value}) for name, value in facts.items()]
    (root / "state").mkdir(exist_ok=True)
    (root / "state" / "plan.jsonl").write_text("\n".join(lines) + "\n")


def opened(root):
    project = show_project(root, print)
    return project, project.part("")


def test_cuts_are_changed_with_the_fewest_options(root):
    record(root, cuts=[5, 9])
    assert shown_cuts(*opened(root)) == (5, 9)
    assert add_cut(*opened(root), 3) == f"stylize {root} --add-cut 3"
    assert move_cut(*opened(root), 5, 6) == f"stylize {root} --add-cut 3,6 --drop-cut 5"
    assert drop_cut(*opened(root), 9) == f"stylize {root} --add-cut 3,6 --drop-cut 5,9"
    project, part = opened(root)
    assert shown_cuts(project, part) == (3, 6)
    assert (project.settings.add_cut, project.settings.drop_cut) == ((3, 6), (5, 9))
    move_cut(*opened(root), 6, 5)
    assert drop_cut(*opened(root), 3) == f"stylize {root} --drop-cut 9"
    assert add_cut(*opened(root), 9) == f"stylize {root}"
    assert shown_cuts(*opened(root)) == (5, 9)


def test_cuts_that_cannot_be_are_refused(root):
    record(root, cuts=[5])
    for change, frames in ((add_cut, (1,)), (add_cut, (99,)), (drop_cut, (6,)), (move_cut, (6, 7)), (move_cut, (5, 5))):
        with pytest.raises(ReviewError):
            change(*opened(root), *frames)
    assert shown_cuts(*opened(root)) == (5,)
    stylize.configure(root, split=False)
    assert shown_cuts(*opened(root)) == ()
    assert add_cut(*opened(root), 5) == f"stylize {root} --add-cut 5"


def test_keys_of_the_last_plan_stay_visible_until_the_next_one(root):
    record(root, cuts=[], **{"keyframes_1-12": {"keys": [[2, "first", 1, 0], [10, "turn", 1, 0.2]]}})
    add_cut(*opened(root), 7)
    plan = last_plan(*opened(root))
    assert (plan.cuts, sorted(plan.picked)) == ((7,), [2, 10])


@pytest.mark.slow
def test_drawings_are_held_as_in_a_run(root, style):
    stylize.configure(root, style=style, on="twos")
    record(root, cuts=[8])
    assert drawing_starts(*opened(root)) == [0, 2, 4, 6, 7, 9, 11]
    stylize.configure(root, on="auto")
    assert drawing_starts(*opened(root)) == []
    record(root, cuts=[], **{"repeats_1-12": [3, 4, 12]})
    assert drawing_starts(*opened(root)) == [0, 1, 4, 5, 6, 7, 8, 9, 10]
    write_image(root / "keys" / "plate.0004.png", np.zeros((48, 64, 3), np.uint8))
    assert drawing_starts(*opened(root)) == [0, 1, 4, 5, 6, 7, 8, 9, 10], "a key is the drawing of its whole hold"
    stylize.configure(root, on="ones")
    assert drawing_starts(*opened(root)) == []


@pytest.mark.slow
def test_schedules_are_those_of_the_settings(root):
    assert schedule_lanes(opened(root)[1]) == []
    stylize.configure(
        root, renderer="diffusion", model="owner/name", denoise="1: 0.4, 8: 0.7",
        prompt='0: "a village", 6: "a burning village"', control=["lineart:(0: 0.5, 9: 1)"], cfg=6,
    )  # fmt: skip
    lanes = {lane.label: lane for lane in schedule_lanes(opened(root)[1])}
    assert set(lanes) == {"denoise", "prompt", "control lineart"}
    assert (lanes["denoise"].points, lanes["denoise"].low, lanes["denoise"].high) == (((1, 0.4), (8, 0.7)), 0.4, 0.7)
    assert lanes["prompt"].points == ((0, "a village"), (6, "a burning village"))
