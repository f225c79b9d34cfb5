"""Outputs of a plan, for keyframes that are named, added, dropped, marked in a table, or limited by a budget."""

import shutil
import time
from itertools import pairwise

import cv2
import numpy as np
import pytest

import stylize
from stylize import renderers
from stylize.errors import FrameRangeError, GuideError, MatteError, PaintedKeyError, PlanError, SettingsError
from stylize.media.images import read_image, write_image
from stylize.planning import picking
from tests import synthetic
from tests.sliding import folder_of, picture, scene

COUNT = 34  # frames of the box


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    """A box that turns to two new faces."""
    pictures = (cv2.resize(one, (107, 60), interpolation=cv2.INTER_AREA) for one in synthetic.box_turn(COUNT, 4, 10, 2))
    return folder_of(tmp_path_factory.mktemp("box") / "box", pictures)


@pytest.fixture
def turning_box(box, tmp_path):
    return shutil.copytree(box, tmp_path / "box")


@pytest.fixture(scope="module")
def planned_folder(box):
    """A folder of the box and of its project, planned; moved, as a project stays that of a shot that exists."""
    folder = box.parent / "made"
    stylize.plan(shutil.copytree(box, folder / "box"))
    return folder.rename(box.parent / "planned")


@pytest.fixture
def planned_box(planned_folder, tmp_path):
    """The box, whose project beside it has a plan; tests may change both."""
    shutil.copytree(planned_folder, tmp_path, dirs_exist_ok=True)
    return tmp_path / "box"


def keys_of(result):
    return [key for shot in result.shots for key in shot.keys]


@pytest.mark.slow
def test_keys_for_the_worst_frame_are_cached_separately(turning_box, monkeypatch):
    picks, pick = [], picking.keyframes.pick
    monkeypatch.setattr(picking.keyframes, "pick", lambda *a, **k: picks.append(k["worst"]) or pick(*a, **k))
    for placed in ("mean", "worst", "worst"):
        stylize.plan(turning_box, optimise_for=placed)
    assert picks == [False, True]


@pytest.mark.slow
def test_plan_writes_a_table_of_all_frames_and_a_picture(turning_box):
    planned = stylize.plan(turning_box)
    sheet, drawing = planned.outputs
    assert (sheet, drawing) == (planned.project / "keys.csv", planned.project / "plan.png")
    lines = sheet.read_text().splitlines()
    assert len(lines) == COUNT + 1
    assert [line.split(",")[1] for line in lines[1:]] == [str(n) for n in range(1, COUNT + 1)]
    assert [int(line.split(",")[1]) for line in lines[1:] if line.split(",")[4] == "1"] == keys_of(planned)
    assert lines[1].split(",")[2] == "00:00:00:01"
    assert lines[25].split(",")[2] == "00:00:01:01"
    assert read_image(drawing).shape[1] == 2520
    assert all(0 <= share <= 1 for share in planned.shots[0].coverage.values())
    assert sorted(path.name for path in (planned.project / "plan").iterdir()) == [
        f"plate.{key:04d}.png" for key in keys_of(planned)
    ]
    assert not list((planned.project / "keys").iterdir())


@pytest.mark.slow
def test_same_plan_is_reused(planned_box):
    stages = []
    first = stylize.plan(planned_box)
    before = [path.stat().st_mtime_ns for path in first.outputs]
    again = stylize.plan(planned_box, on_progress=lambda stage, *_: stages.append(stage))
    assert [path.stat().st_mtime_ns for path in again.outputs] == before
    assert "pick" not in stages
    assert again.shots == first.shots


@pytest.mark.slow
def test_table_is_accepted_unchanged_or_edited(planned_box):
    planned = stylize.plan(planned_box)
    sheet = planned.outputs[0]
    assert keys_of(stylize.plan(planned_box, keyframes=sheet)) == keys_of(planned)
    rows = sheet.read_text().splitlines()
    rows[9] = rows[9].replace(",,", ",x,", 1)
    sheet.write_text("\n".join(rows))
    messages = []
    edited = stylize.plan(planned_box, keyframes=sheet, rate=24, on_message=messages.append)
    assert keys_of(edited) == sorted([*keys_of(planned), 9])
    assert "marked in keys.csv" in {key.reason for key in edited.shots[0].keyframes}
    # The user's edits are kept, and the plan reports it.
    assert sheet.read_text() == "\n".join(rows)
    assert edited.outputs[0].name == "keys.2.csv"
    assert "keys.csv was changed by hand and is kept" in messages[0]
    assert stylize.plan(planned_box, keyframes=sheet).outputs[0].name == "keys.2.csv"
    replaced = stylize.plan(planned_box, keyframes=sheet, overwrite=True)
    assert replaced.outputs[0] == sheet
    assert keys_of(replaced) == keys_of(edited)


@pytest.mark.slow
def test_unused_edited_table_is_pointed_out(planned_box):
    sheet = stylize.plan(planned_box).outputs[0]
    sheet.write_text(sheet.read_text() + "\n")
    messages = []
    stylize.plan(planned_box, on_message=messages.append)
    assert any("--keyframes" in line and "keys.csv" in line for line in messages)


def test_table_with_a_mistake_is_refused_before_any_work(turning_box, tmp_path):
    (tmp_path / "k.csv").write_text("frame,key\n1,x\n2,perhaps\n")
    with pytest.raises(PlanError, match=r"k\.csv, line 3, column key"):
        stylize.plan(turning_box, keyframes=tmp_path / "k.csv")
    assert not (tmp_path / "box.stylize").exists()


# Options of the user


@pytest.mark.slow
def test_added_frames_become_keyframes_and_dropped_ones_do_not(planned_box):
    picked = keys_of(stylize.plan(planned_box))
    added = stylize.plan(planned_box, add_key=(4,))
    assert 4 in keys_of(added)
    assert {key.frame: key.reason for key in added.shots[0].keyframes}[4] == "requested"
    dropped = keys_of(stylize.plan(planned_box, drop_key=(picked[0],)))
    assert picked[0] not in dropped
    assert dropped
    assert keys_of(stylize.plan(planned_box)) == picked


@pytest.mark.slow
def test_min_gap_keeps_picked_keyframes_apart(planned_box):
    keys = keys_of(stylize.plan(planned_box, coverage=0.98))
    assert min(after - before for before, after in pairwise(keys)) < 15
    apart = keys_of(stylize.plan(planned_box, coverage=0.98, min_gap=15))
    assert min(after - before for before, after in pairwise(apart)) >= 15


@pytest.mark.slow
def test_named_keyframes_can_be_added_to_and_dropped(plates):
    planned = stylize.plan(plates, keyframes=(1, 3, 8), add_key="5", drop_key=["3"])
    assert keys_of(planned) == [1, 5, 8]
    assert keys_of(stylize.plan(plates, keyframes=(1,), drop_key=(1,), add_key=(5,))) == [5]


def test_dropping_all_named_keyframes_is_an_error(plates, tmp_path):
    for named in ((1,), tmp_path / "k.csv"):
        (tmp_path / "k.csv").write_text("frame,key\n1,x\n2,\n")
        with pytest.raises(FrameRangeError, match=r"--drop-key leaves no keyframe that --keyframes names in .*1 to 8"):
            stylize.plan(plates, keyframes=named, drop_key=(1,))


def test_painted_key_is_locked_and_cannot_be_dropped(plates, style, tmp_path):
    (tmp_path / "painted").mkdir()
    write_image(tmp_path / "painted" / "5.png", picture(90))
    keys = tmp_path / "painted"
    assert 5 in keys_of(stylize.plan(plates, keys=keys, style=style))
    with pytest.raises(PaintedKeyError, match=r"frame 5 has a painted key.*--drop-key"):
        stylize.plan(plates, keys=keys, style=style, drop_key=(5,))


def test_more_added_keys_than_max_keyframes_are_refused(plates):
    with pytest.raises(SettingsError, match=r"--add-key names 3 keyframes .* --max-keyframes allows 2"):
        stylize.plan(plates, add_key=(1, 3, 5), max_keyframes=2)


def test_missing_frames_cannot_be_added_or_dropped(plates):
    with pytest.raises(FrameRangeError, match="99"):
        stylize.plan(plates, add_key=(99,))
    with pytest.raises(FrameRangeError, match=r"frame 99 of --drop-key.*1-8"):
        stylize.plan(plates, drop_key=(99,))
    with pytest.raises(FrameRangeError, match="leaves no frame"):
        stylize.plan(plates, drop_key=range(1, 9))


@pytest.mark.slow
def test_matte_limits_the_area_that_counts(tmp_path):
    clip = synthetic.enter(24, 6, 8)
    plates = folder_of(tmp_path / "enter", clip)
    assert len(keys_of(stylize.plan(plates))) == 2
    # The entering object changes this part of the picture least.
    moved = np.abs(clip[0].astype(int) - clip[-1]).sum(axis=2)
    width = moved.shape[1] // 4
    still = min(range(0, moved.shape[1] - width, 8), key=lambda x: moved[:, x : x + width].sum())
    matte = np.zeros(clip[0].shape, np.uint8)
    matte[:, still : still + width] = 255
    write_image(tmp_path / "matte.png", matte)
    assert len(keys_of(stylize.plan(plates, matte=tmp_path / "matte.png"))) == 1


def test_plan_checks_guides_and_mattes(plates, tmp_path):
    write_image(tmp_path / "small.png", picture(90)[::2, ::2].copy())
    with pytest.raises(MatteError, match="64x36"):
        stylize.plan(plates, matte=tmp_path / "small.png")
    with pytest.raises(GuideError, match="64x36"):
        stylize.plan(plates, guide=[tmp_path / "small.png"])
    few = folder_of(tmp_path / "few", scene(5))
    with pytest.raises(GuideError, match="6-8"):
        stylize.plan(plates, guide=[few])


# The budget


class Slow:
    """Renderer that takes its time."""

    def __init__(self, seconds):
        self.seconds, self.count = seconds, 0

    def render(self, request, on_step):
        self.count += 1
        time.sleep(self.seconds * (3 if self.count == 1 else 1))
        return renderers.RenderedKey(request.plate)

    def cache_key(self):
        return "slow"


@pytest.fixture
def slow(monkeypatch):
    made = []

    def make(*_):
        made.append(Slow(0.5))
        return made[-1]

    monkeypatch.setattr("stylize.renderers.example.open_example", make)
    return made


@pytest.mark.slow
def test_budget_gives_the_best_keys_of_that_number(planned_box, style, slow):
    free = keys_of(stylize.plan(planned_box, style=style))
    assert len(free) == 3
    messages = []
    planned = stylize.plan(planned_box, style=style, keys_budget=1.4, on_message=messages.append)
    # The first key takes 1.5 s, the next ones, which do not include startup, 0.5 s each.
    assert len(keys_of(planned)) == 2
    assert "2 keys at 0.5" in messages[-1]
    assert messages[-1].count(", in agreement with frame 1)") == 1
    stylize.run(planned_box, style=style, to_stage="render")
    messages.clear()
    measured = stylize.plan(planned_box, style=style, keys_budget="1.4s", on_message=messages.append)
    assert "in agreement with frame 1" in messages[-1]  # a reported measurement is kept
    measured = stylize.plan(planned_box, style=style, keys_budget=1.3, on_message=messages.append)
    assert "measured on 3 keys of this project" in messages[-1]
    assert keys_of(measured) == keys_of(stylize.plan(planned_box, style=style, max_keyframes=2))
    assert len(keys_of(stylize.plan(planned_box, style=style, keys_budget="1h"))) == 3


class Loading:
    """Renderer that loads a model for 13 s, then paints a key in 1 s, and in 1.4 s if it starts from another one."""

    def __init__(self, now):
        self.now, self.requests = now, []

    def render(self, request, on_step):
        self.requests.append(request)
        loading = 13.0 if len(self.requests) == 1 else 0.0
        self.now[0] += loading + (1 if request.warped is None else 1.4)
        return renderers.RenderedKey(request.plate, loading=loading)

    def cache_key(self):
        return "loading"


@pytest.mark.slow
def test_budget_prices_a_warm_key_in_agreement(planned_box, style, monkeypatch):
    now, messages = [0.0], []
    renderer = Loading(now)
    monkeypatch.setattr("stylize.planning.budget.time.perf_counter", lambda: now[0])
    monkeypatch.setattr("stylize.renderers.example.open_example", lambda *_: renderer)

    def planned(budget):
        messages.clear()
        stylize.plan(planned_box, style=style, keys_budget=budget, on_message=messages.append)
        return messages[-1], len(renderer.requests)

    # A key of its own takes more than half of the budget: at most one fits.
    text, count = planned(1.9)
    assert text.startswith(
        "--keys-budget 1.9 s: 1 keys at 1 s each, after 13 s to load the models (measured on frame 1)"
    )
    assert count == 1
    renderer.requests.clear()
    text, count = planned(2.5)
    assert text.startswith("--keys-budget 2.5 s: 1 keys at 1.4 s each, after 13 s to load the models (measured on ")
    assert count == 2
    first, second = renderer.requests
    assert first.warped is None
    assert second.frame != first.frame
    np.testing.assert_array_equal(second.warped, first.plate)
    np.testing.assert_array_equal(second.earlier[0], first.plate)
    assert second.confidence.min() == 1
    # The measurement is recorded for other budgets.
    text, count = planned(10)
    assert text.startswith("--keys-budget 10 s: 7 keys at 1.4 s each, after 13 s to load the models (measured on 1 key")
    assert count == 2


def test_budget_needs_a_renderer_to_measure(plates):
    with pytest.raises(SettingsError, match=r"--keys-budget measures.*--style PICTURE"):
        stylize.plan(plates, keys_budget="10m")
