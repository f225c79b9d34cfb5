"""What a plan leaves for people, from keyframes named, added, dropped, marked in a table, or paid from a budget."""

import shutil
import time
from itertools import pairwise

import numpy as np
import pytest

import stylize
from stylize import renderers
from stylize.errors import FrameRangeError, GuideError, MatteError, PaintedKeyError, PlanError, SettingsError
from stylize.media.images import read_image, write_image
from stylize.planning import picking
from tests import synthetic
from tests.sliding import folder_of, picture, scene


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    """A box that turns to two new faces."""
    return folder_of(tmp_path_factory.mktemp("box") / "box", synthetic.box_turn(44, 6, 12, 2))


@pytest.fixture
def turning(box, tmp_path):
    return shutil.copytree(box, tmp_path / "box")


def keys_of(result):
    return [key for shot in result.shots for key in shot.keys]


def test_keys_for_the_worst_frame_are_another_pick_and_are_remembered(turning, monkeypatch):
    picks, pick = [], picking.keyframes.pick
    monkeypatch.setattr(picking.keyframes, "pick", lambda *a, **k: picks.append(k["worst"]) or pick(*a, **k))
    for placed in ("mean", "worst", "worst"):
        stylize.plan(turning, optimise_for=placed)
    assert picks == [False, True]


def test_a_plan_is_a_table_and_a_picture_with_a_row_for_every_frame(turning):
    planned = stylize.plan(turning)
    sheet, drawing = planned.outputs
    assert (sheet, drawing) == (planned.project / "keys.csv", planned.project / "plan.png")
    lines = sheet.read_text().splitlines()
    assert len(lines) == 45
    assert [line.split(",")[1] for line in lines[1:]] == [str(n) for n in range(1, 45)]
    assert [int(line.split(",")[1]) for line in lines[1:] if line.split(",")[4] == "1"] == keys_of(planned)
    assert lines[1].split(",")[2] == "00:00:00:00"
    assert lines[25].split(",")[2] == "00:00:01:00"
    assert read_image(drawing).shape[1] == 2400
    assert all(0 <= share <= 1 for share in planned.shots[0].coverage.values())
    assert sorted(path.name for path in (planned.project / "plan").iterdir()) == [
        f"plate.{key:04d}.png" for key in keys_of(planned)
    ]
    assert not list((planned.project / "keys").iterdir())


def test_the_same_plan_is_not_made_twice(turning):
    stages = []
    first = stylize.plan(turning)
    before = [path.stat().st_mtime_ns for path in first.outputs]
    again = stylize.plan(turning, on_progress=lambda stage, *_: stages.append(stage))
    assert [path.stat().st_mtime_ns for path in again.outputs] == before
    assert "pick" not in stages
    assert again.shots == first.shots


def test_the_table_goes_back_as_it_is_or_edited(turning):
    planned = stylize.plan(turning)
    sheet = planned.outputs[0]
    assert keys_of(stylize.plan(turning, keyframes=sheet)) == keys_of(planned)
    rows = sheet.read_text().splitlines()
    rows[9] = rows[9].replace(",,", ",x,")
    sheet.write_text("\n".join(rows))
    said = []
    edited = stylize.plan(turning, keyframes=sheet, on_message=said.append)
    assert keys_of(edited) == sorted([*keys_of(planned), 9])
    assert "marked in keys.csv" in {key.reason for key in edited.shots[0].keyframes}
    # What a person wrote stays, and the plan says so.
    assert sheet.read_text() == "\n".join(rows)
    assert edited.outputs[0].name == "keys.2.csv"
    assert "keys.csv was edited by hand and stays" in said[0]
    assert stylize.plan(turning, keyframes=sheet).outputs[0].name == "keys.2.csv"
    replaced = stylize.plan(turning, keyframes=sheet, overwrite=True)
    assert replaced.outputs[0] == sheet
    assert keys_of(replaced) == keys_of(edited)


def test_an_edited_table_that_was_not_given_back_is_pointed_to(turning):
    sheet = stylize.plan(turning).outputs[0]
    sheet.write_text(sheet.read_text() + "\n")
    said = []
    stylize.plan(turning, on_message=said.append)
    assert any("--keyframes" in line and "keys.csv" in line for line in said)


def test_a_table_with_a_mistake_is_refused_before_any_work(turning, tmp_path):
    (tmp_path / "k.csv").write_text("frame,key\n1,x\n2,perhaps\n")
    with pytest.raises(PlanError, match=r"k\.csv, line 3, column key"):
        stylize.plan(turning, keyframes=tmp_path / "k.csv")
    assert not (tmp_path / "box.stylize").exists()


# The user's hand


def test_added_frames_are_keyframes_and_dropped_ones_are_not(turning):
    picked = keys_of(stylize.plan(turning))
    added = stylize.plan(turning, add_key=(4,))
    assert 4 in keys_of(added)
    assert {key.frame: key.reason for key in added.shots[0].keyframes}[4] == "asked for"
    dropped = keys_of(stylize.plan(turning, drop_key=(picked[0],)))
    assert picked[0] not in dropped
    assert dropped
    assert keys_of(stylize.plan(turning)) == picked


def test_a_least_gap_keeps_picked_keyframes_apart(turning):
    keys = keys_of(stylize.plan(turning, coverage=0.98))
    assert min(after - before for before, after in pairwise(keys)) < 15
    apart = keys_of(stylize.plan(turning, coverage=0.98, min_gap=15))
    assert min(after - before for before, after in pairwise(apart)) >= 15


def test_named_keyframes_take_additions_and_omissions(plates):
    planned = stylize.plan(plates, keyframes=(1, 3, 8), add_key="5", drop_key=["3"])
    assert keys_of(planned) == [1, 5, 8]
    assert keys_of(stylize.plan(plates, keyframes=(1,), drop_key=(1,), add_key=(5,))) == [5]


def test_what_leaves_no_named_keyframe_is_an_error(plates, tmp_path):
    for named in ((1,), tmp_path / "k.csv"):
        (tmp_path / "k.csv").write_text("frame,key\n1,x\n2,\n")
        with pytest.raises(FrameRangeError, match=r"--drop-key leaves no keyframe that --keyframes names of .*1 to 8"):
            stylize.plan(plates, keyframes=named, drop_key=(1,))


def test_a_painted_key_is_locked_and_cannot_be_dropped(plates, style, tmp_path):
    (tmp_path / "painted").mkdir()
    write_image(tmp_path / "painted" / "5.png", picture(90))
    keys = tmp_path / "painted"
    assert 5 in keys_of(stylize.plan(plates, keys=keys, style=style))
    with pytest.raises(PaintedKeyError, match=r"frame 5 has a painted key.*--drop-key"):
        stylize.plan(plates, keys=keys, style=style, drop_key=(5,))


def test_more_added_keys_than_are_allowed_are_told(plates):
    with pytest.raises(SettingsError, match=r"--add-key names 3 keyframes .* --max-keyframes allows 2"):
        stylize.plan(plates, add_key=(1, 3, 5), max_keyframes=2)


def test_frames_that_are_not_there_cannot_be_added_or_dropped(plates):
    with pytest.raises(FrameRangeError, match="99"):
        stylize.plan(plates, add_key=(99,))
    with pytest.raises(FrameRangeError, match=r"frame 99 of --drop-key.*1-8"):
        stylize.plan(plates, drop_key=(99,))
    with pytest.raises(FrameRangeError, match="leaves no frame"):
        stylize.plan(plates, drop_key=range(1, 9))


def test_a_matte_says_where_information_counts(tmp_path):
    clip = synthetic.enter(40, 12, 8)
    plates = folder_of(tmp_path / "enter", clip)
    assert len(keys_of(stylize.plan(plates))) == 2
    # What enters changes this part of the picture least.
    moved = np.abs(clip[0].astype(int) - clip[-1]).sum(axis=2)
    width = moved.shape[1] // 4
    still = min(range(0, moved.shape[1] - width, 8), key=lambda x: moved[:, x : x + width].sum())
    matte = np.zeros(clip[0].shape, np.uint8)
    matte[:, still : still + width] = 255
    write_image(tmp_path / "matte.png", matte)
    assert len(keys_of(stylize.plan(plates, matte=tmp_path / "matte.png"))) == 1


def test_a_plan_looks_at_guides_and_mattes(plates, tmp_path):
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
    """Takes its time."""

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

    monkeypatch.setitem(renderers.RENDERERS, "example", make)
    return made


def test_a_budget_is_the_best_use_of_so_many_keys(turning, style, slow):
    free = keys_of(stylize.plan(turning, style=style))
    assert len(free) == 3
    said = []
    planned = stylize.plan(turning, style=style, keys_budget=1.4, on_message=said.append)
    # The first key takes 1.5 s, which is too much of the budget to try another without the start.
    assert len(keys_of(planned)) == 1
    assert "frame 1, the start included" in said[-1]
    stylize.run(turning, style=style, to_stage="render")
    said.clear()
    measured = stylize.plan(turning, style=style, keys_budget="1.4s", on_message=said.append)
    assert len(keys_of(measured)) == 1  # what was told once stays
    measured = stylize.plan(turning, style=style, keys_budget=1.3, on_message=said.append)
    assert "measured on 2 keys of this project" in said[-1]
    assert keys_of(measured) == keys_of(stylize.plan(turning, style=style, max_keyframes=2))
    assert len(keys_of(stylize.plan(turning, style=style, keys_budget="1h"))) == 3


def test_a_budget_needs_something_to_measure(plates):
    with pytest.raises(SettingsError, match=r"--keys-budget measures.*--style PICTURE"):
        stylize.plan(plates, keys_budget="10m")
