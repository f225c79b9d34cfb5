import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import stylize
from propagate.box import Box
from propagate.flow import estimate_step
from propagate.flow_codec import quantise
from propagate.flow_dis import DisFlow
from stylize.errors import OutputError
from stylize.motion import estimated as moving
from stylize.motion.estimated import EstimatedMotion, Estimators, remove_stale_flow
from tests.sliding import folder_of, scene

PLATES = dict(enumerate(scene(5), 1))


class Counting(DisFlow):
    """DIS that counts how often it was asked."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def __call__(self, source, target):
        self.calls += 1
        return super().__call__(source, target)


def motion(folder, plates=PLATES):
    def digest(frame):
        return f"digest {plates[frame].sum()}"

    return EstimatedMotion(plates.__getitem__, digest, Estimators(Counting(), DisFlow(), "flow_dis"), folder, "shot")


def assert_same(one, other):
    np.testing.assert_array_equal(one.flow, other.flow)
    np.testing.assert_array_equal(one.consistent, other.consistent)


def test_a_pair_is_estimated_once_for_both_ways_and_all_runs(tmp_path):
    first = motion(tmp_path)
    onward = first.step(1, 2)
    assert first.estimators.neighbours.calls == 2
    back = first.step(2, 1)
    assert first.estimators.neighbours.calls == 2
    again = motion(tmp_path)
    assert_same(again.step(1, 2), onward)
    assert_same(again.step(2, 1), back)
    assert again.estimators.neighbours.calls == 0
    assert_same(onward, quantise(estimate_step(PLATES[1], PLATES[2], DisFlow())))
    assert_same(back, quantise(estimate_step(PLATES[2], PLATES[1], DisFlow())))
    assert [path.name for path in tmp_path.iterdir()] == ["shot.0001-0002.flow"]


class Slow(Counting):
    """DIS that is not done before somebody else has begun to ask."""

    def __init__(self):
        super().__init__()
        self.begun = threading.Event()

    def __call__(self, source, target):
        self.begun.set()
        time.sleep(0.2)
        return super().__call__(source, target)


def test_two_passes_that_meet_estimate_the_pair_once(tmp_path):
    slow = Slow()
    whole = replace(motion(tmp_path), estimators=Estimators(slow, DisFlow(), "flow_dis"))
    with ThreadPoolExecutor(2) as passes:
        onward = passes.submit(whole.within(None).step, 1, 2)
        assert slow.begun.wait(60)
        back = passes.submit(whole.within(None).step, 2, 1)
        assert_same(onward.result(), quantise(estimate_step(PLATES[1], PLATES[2], DisFlow())))
        assert_same(back.result(), quantise(estimate_step(PLATES[2], PLATES[1], DisFlow())))
    assert slow.calls == 2


def test_who_waits_for_a_pair_that_fails_makes_it(tmp_path):
    class Failing(Slow):
        def __call__(self, source, target):
            if not self.begun.is_set():
                self.begun.set()
                time.sleep(0.2)
                raise RuntimeError("the first try")
            return DisFlow.__call__(self, source, target)

    whole = replace(motion(tmp_path), estimators=Estimators(Failing(), DisFlow(), "flow_dis"))
    with ThreadPoolExecutor(2) as passes:
        onward = passes.submit(whole.step, 1, 2)
        assert whole.estimators.neighbours.begun.wait(60)
        back = passes.submit(whole.step, 2, 1)
        with pytest.raises(RuntimeError, match="the first try"):
            onward.result()
        assert_same(back.result(), quantise(estimate_step(PLATES[2], PLATES[1], DisFlow())))


def test_the_first_to_ask_may_come_from_either_side(tmp_path):
    assert_same(motion(tmp_path).step(2, 1), motion(tmp_path).step(2, 1))
    (tmp_path / "other").mkdir()
    assert_same(motion(tmp_path / "other").step(1, 2), motion(tmp_path).step(1, 2))


def test_motion_in_a_box_is_that_of_the_box_alone_and_kept_by_itself(tmp_path):
    whole, box = motion(tmp_path), Box(8, 4, 72, 44)
    before = whole.step(1, 2)
    inside = motion(tmp_path).within(box)
    expected = quantise(estimate_step(box.crop(PLATES[1]), box.crop(PLATES[2]), DisFlow()))
    assert_same(inside.step(1, 2), expected)
    inside.step(2, 1)
    assert inside.estimators.neighbours.calls == 2
    again = motion(tmp_path).within(box)
    assert_same(again.step(1, 2), expected)
    assert again.estimators.neighbours.calls == 0
    moved = motion(tmp_path).within(Box(9, 4, 73, 44))
    moved.step(1, 2)
    assert moved.estimators.neighbours.calls == 2
    again = motion(tmp_path)
    assert_same(again.step(1, 2), before)
    assert again.estimators.neighbours.calls == 0
    remove_stale_flow(tmp_path, (1, 2, 3))
    assert {path.name for path in tmp_path.iterdir()} == {"shot.0001-0002.flow", "shot.inside.0001-0002.flow"}
    remove_stale_flow(tmp_path, (2, 3))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-9]),
        lambda path: path.write_bytes(path.read_bytes()[:100] + b"?" + path.read_bytes()[101:]),
        Path.unlink,
    ],
)
def test_a_spoilt_file_is_made_again(tmp_path, spoil):
    whole = [motion(tmp_path).step(1, 2), motion(tmp_path).step(2, 1)]
    kept = (tmp_path / "shot.0001-0002.flow").read_bytes()
    spoil(tmp_path / "shot.0001-0002.flow")
    again = motion(tmp_path)
    assert_same(again.step(1, 2), whole[0])
    assert_same(again.step(2, 1), whole[1])
    assert (tmp_path / "shot.0001-0002.flow").read_bytes() == kept


def test_another_plate_or_estimator_is_another_motion(tmp_path):
    motion(tmp_path).step(1, 2)
    other = motion(tmp_path, {**PLATES, 2: PLATES[3]})
    assert_same(other.step(1, 2), quantise(estimate_step(PLATES[1], PLATES[3], DisFlow())))
    faster = replace(motion(tmp_path), estimators=Estimators(DisFlow("fast"), DisFlow(), "flow_dis"))
    assert_same(faster.step(1, 2), quantise(estimate_step(PLATES[1], PLATES[2], DisFlow("fast"))))
    assert faster.cache_key((1, 2)) != other.cache_key((1, 2))


def test_layers_have_boxes_of_their_own_and_whole_frames_in_common(tmp_path):
    box, other = Box(8, 4, 72, 44), Box(0, 0, 64, 40)
    one, two = (motion(tmp_path).of_layer(name, shared=False) for name in ("one", "two"))
    expected = quantise(estimate_step(box.crop(PLATES[1]), box.crop(PLATES[2]), DisFlow()))
    assert_same(one.within(box).step(1, 2), expected)
    two.within(other).step(1, 2)
    calls = one.estimators.neighbours.calls
    assert_same(one.within(box).step(1, 2), expected)
    assert one.estimators.neighbours.calls == calls
    one.step(1, 2)
    assert_same(two.step(1, 2), motion(tmp_path).step(1, 2))
    assert {path.name for path in tmp_path.iterdir()} == {
        "shot.0001-0002.flow", "shot.one.inside.0001-0002.flow", "shot.two.inside.0001-0002.flow"
    }  # fmt: skip
    remove_stale_flow(tmp_path, (2, 3))
    assert not list(tmp_path.iterdir())


def test_what_is_shared_is_cut_out_of_the_whole(tmp_path):
    box = Box(8, 4, 72, 44)
    whole, shared = motion(tmp_path).step(1, 2), motion(tmp_path).of_layer("one", shared=True)
    found = shared.within(box).step(1, 2)
    np.testing.assert_array_equal(found.flow, box.crop(whole.flow))
    np.testing.assert_array_equal(found.consistent, box.crop(whole.consistent))
    assert [path.name for path in tmp_path.iterdir()] == ["shot.0001-0002.flow"]
    alone = motion(tmp_path).of_layer("one", shared=False)
    assert shared.within(box).cache_key([1, 2]) != alone.within(box).cache_key([1, 2])
    assert shared.cache_key([1, 2]) == alone.cache_key([1, 2]) == motion(tmp_path).cache_key([1, 2])


@pytest.mark.parametrize("inside", [(), ("a.txt",)])
def test_a_folder_in_the_place_of_a_file_is_named(tmp_path, inside):
    place = tmp_path / "shot.0001-0002.flow"
    place.mkdir()
    for name in inside:
        (place / name).write_text("mine")
    with pytest.raises(OutputError, match=r"shot\.0001-0002\.flow is a folder, expected a file.*move it away"):
        motion(tmp_path).step(1, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["shot.0001-0002.flow"]
    assert [path.name for path in place.iterdir()] == list(inside)


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="file cannot be written"):
        motion(tmp_path / "file").step(1, 2)


def test_only_pairs_that_are_neighbours_stay(tmp_path):
    moving = motion(tmp_path)
    for pair in pairwise((1, 2, 3, 4)):
        moving.step(*pair)
    moving.step(2, 4)
    (tmp_path / f".{os.getpid()}.shot.0001-0002.flow.partial").write_bytes(b"half")
    remove_stale_flow(tmp_path, (1, 2, 3))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shot.0001-0002.flow", "shot.0002-0003.flow"]


# In a run


@pytest.fixture
def plates(tmp_path):
    return folder_of(tmp_path / "plates", scene(6))


def painted(folder, numbers=(1, 6)):
    pictures = scene(6)
    for number in numbers:
        folder_of(folder, [255 - pictures[number - 1]], number)
    return folder


def counted(monkeypatch):
    """Counts estimates of pairs in runs of the whole program; those of planning are not among them."""
    calls, real = [], moving.estimate_steps
    monkeypatch.setattr(moving, "estimate_steps", lambda *given: calls.append(1) or real(*given))
    return calls


def test_a_run_estimates_each_pair_once_and_a_repainted_key_none(tmp_path, plates, monkeypatch):
    keys, calls = painted(tmp_path / "painted"), counted(monkeypatch)
    first = stylize.run(plates, keys=keys)
    assert len(calls) == 5
    kept = {frame: path.read_bytes() for frame, path in first.frames.items()}
    folder_of(keys, [scene(1)[0]], 1)
    assert stylize.run(plates, keys=keys).redone == (1, 2, 3, 4, 5)
    assert len(calls) == 5
    # Back to the first key: from kept flow alone, the bits of the run that estimated it.
    painted(keys, (1,))
    again = stylize.run(plates, keys=keys)
    assert len(calls) == 5
    assert {frame: path.read_bytes() for frame, path in again.frames.items()} == kept


def test_files_of_frames_that_left_the_shot_go(tmp_path, plates):
    keys = painted(tmp_path / "painted", (1,))
    project = stylize.run(plates, keys=keys).project
    assert len(list((project / "flow").iterdir())) == 5
    (plates / "plate.0006.png").unlink()
    stylize.run(plates, keys=keys)
    assert [path.name for path in sorted((project / "flow").iterdir())][-1] == "plate.0004-0005.flow"
