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
from stylize.media.safe_write import no_seal
from stylize.motion import estimated as moving
from stylize.motion.estimated import EstimatedMotion, Estimators, remove_stale_flow
from stylize.project import MOTION, Project
from stylize.project.records import Recorder
from tests.sliding import folder_of, scene

PLATES = dict(enumerate(scene(5), 1))


class Counting(DisFlow):
    """DIS that counts its calls."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def __call__(self, source, target):
        self.calls += 1
        return super().__call__(source, target)


def motion(folder, plates=PLATES, seal=lambda key: no_seal):
    def digest(frame):
        return f"digest {plates[frame].sum()}"

    estimators = Estimators(Counting(), DisFlow(), "flow_dis")
    return EstimatedMotion(plates.__getitem__, digest, estimators, folder, "shot", seal=seal)


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "shot.stylize")


def recorded(project):
    """Motion of a project, with its files in the record."""
    return motion(project.folder("flow"), seal=Recorder(project.root, MOTION).seal)


def assert_same(one, other):
    np.testing.assert_array_equal(one.flow, other.flow)
    np.testing.assert_array_equal(one.consistent, other.consistent)


def test_pair_is_estimated_once_for_both_directions_and_all_runs(tmp_path):
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
    """DIS that waits until another caller has begun."""

    def __init__(self):
        super().__init__()
        self.begun = threading.Event()

    def __call__(self, source, target):
        self.begun.set()
        time.sleep(0.2)
        return super().__call__(source, target)


def test_concurrent_passes_estimate_a_pair_once(tmp_path):
    slow = Slow()
    whole = replace(motion(tmp_path), estimators=Estimators(slow, DisFlow(), "flow_dis"))
    with ThreadPoolExecutor(2) as passes:
        onward = passes.submit(whole.within(None).step, 1, 2)
        assert slow.begun.wait(60)
        back = passes.submit(whole.within(None).step, 2, 1)
        assert_same(onward.result(), quantise(estimate_step(PLATES[1], PLATES[2], DisFlow())))
        assert_same(back.result(), quantise(estimate_step(PLATES[2], PLATES[1], DisFlow())))
    assert slow.calls == 2


def test_waiting_caller_estimates_a_pair_that_failed(tmp_path):
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


def test_motion_does_not_depend_on_the_first_direction(tmp_path):
    assert_same(motion(tmp_path).step(2, 1), motion(tmp_path).step(2, 1))
    (tmp_path / "other").mkdir()
    assert_same(motion(tmp_path / "other").step(1, 2), motion(tmp_path).step(1, 2))


def test_motion_in_a_box_is_estimated_and_stored_separately(tmp_path):
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
    assert {path.name for path in tmp_path.iterdir()} == {"shot.0001-0002.flow", "shot.inside.0001-0002.flow"}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-9]),
        lambda path: path.write_bytes(path.read_bytes()[:100] + b"?" + path.read_bytes()[101:]),
        Path.unlink,
    ],
)
def test_damaged_file_is_regenerated(tmp_path, spoil):
    whole = [motion(tmp_path).step(1, 2), motion(tmp_path).step(2, 1)]
    kept = (tmp_path / "shot.0001-0002.flow").read_bytes()
    spoil(tmp_path / "shot.0001-0002.flow")
    again = motion(tmp_path)
    assert_same(again.step(1, 2), whole[0])
    assert_same(again.step(2, 1), whole[1])
    assert (tmp_path / "shot.0001-0002.flow").read_bytes() == kept


def test_changed_plate_or_estimator_gives_new_motion(tmp_path):
    motion(tmp_path).step(1, 2)
    other = motion(tmp_path, {**PLATES, 2: PLATES[3]})
    assert_same(other.step(1, 2), quantise(estimate_step(PLATES[1], PLATES[3], DisFlow())))
    faster = replace(motion(tmp_path), estimators=Estimators(DisFlow("fast"), DisFlow(), "flow_dis"))
    assert_same(faster.step(1, 2), quantise(estimate_step(PLATES[1], PLATES[2], DisFlow("fast"))))
    assert faster.cache_key((1, 2)) != other.cache_key((1, 2))


def test_layers_share_whole_frames_but_not_boxes(tmp_path):
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


def test_shared_motion_is_cropped_from_the_whole_frame(tmp_path):
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
def test_folder_in_the_place_of_a_file_is_reported(tmp_path, inside):
    place = tmp_path / "shot.0001-0002.flow"
    place.mkdir()
    for name in inside:
        (place / name).write_text("mine")
    with pytest.raises(OutputError, match=r"shot\.0001-0002\.flow is a folder, expected a flow file.*elsewhere"):
        motion(tmp_path).step(1, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["shot.0001-0002.flow"]
    assert [path.name for path in place.iterdir()] == list(inside)


def test_unwritable_folder_is_reported(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="file cannot be written"):
        motion(tmp_path / "file").step(1, 2)


def test_only_adjacent_pairs_are_kept(project):
    moving = recorded(project)
    for pair in pairwise((1, 2, 3, 4)):
        moving.step(*pair)
    moving.step(2, 4)
    moving.within(Box(8, 4, 72, 44)).step(3, 4)
    folder = project.folder("flow")
    (folder / f".{os.getpid()}.shot.0001-0002.flow.stylize-partial").write_bytes(b"half")
    remove_stale_flow(project, (1, 2, 3))
    assert sorted(path.name for path in folder.iterdir()) == ["shot.0001-0002.flow", "shot.0002-0003.flow"]


def test_foreign_motion_files_are_kept(project):
    recorded(project).step(1, 2)
    folder = project.folder("flow")
    (folder / "other.0001-0002.flow").write_bytes((folder / "shot.0001-0002.flow").read_bytes())
    (folder / "mine.flow").write_bytes(b"mine")
    (folder / ".mine.flow.partial").write_bytes(b"mine")
    remove_stale_flow(project, (2, 3))
    assert {path.name for path in folder.iterdir()} == {"other.0001-0002.flow", "mine.flow", ".mine.flow.partial"}


def test_foreign_file_is_not_replaced(tmp_path):
    (tmp_path / "shot.0001-0002.flow").write_bytes(b"PIEH: optical flow of another program")
    with pytest.raises(OutputError, match=r"shot\.0001-0002\.flow exists and is not a flow file.*move it elsewhere"):
        motion(tmp_path).step(1, 2)
    assert (tmp_path / "shot.0001-0002.flow").read_bytes() == b"PIEH: optical flow of another program"


def test_motion_of_several_processes_and_runs_is_recorded(project):
    """Lines that another process adds to the record survive when a long record is rewritten."""
    with project.locked():
        recorded(project).step(1, 2)
        for n in range(250):
            project.during(MOTION).remember("fact", "key", n)
        recorded(project).step(2, 3)
    assert len((project.root / "state/motion.jsonl").read_text().splitlines()) == 3
    again = Project(project.root)
    assert all(again.ours(path) for path in again.folder("flow").iterdir())
    assert len(list(again.folder("flow").iterdir())) == 2


# In a run


@pytest.fixture
def plates(tmp_path):
    return folder_of(tmp_path / "plates", scene(6))


def painted_keys(folder, numbers=(1, 6)):
    pictures = scene(6)
    for number in numbers:
        folder_of(folder, [255 - pictures[number - 1]], number)
    return folder


def count_estimates(monkeypatch):
    """Count estimates of pairs in runs of the whole program, except those of planning."""
    calls, real = [], moving.estimate_steps
    monkeypatch.setattr(moving, "estimate_steps", lambda *given: calls.append(1) or real(*given))
    return calls


@pytest.mark.slow
def test_run_estimates_each_pair_once_and_none_for_a_repainted_key(tmp_path, plates, monkeypatch):
    keys, calls = painted_keys(tmp_path / "painted"), count_estimates(monkeypatch)
    first = stylize.run(plates, keys=keys)
    assert len(calls) == 5
    kept = {frame: path.read_bytes() for frame, path in first.frames.items()}
    folder_of(keys, [scene(1)[0]], 1)
    assert stylize.run(plates, keys=keys).redone == (1, 2, 3, 4, 5)
    assert len(calls) == 5
    # Back to the first key: from stored flow alone, the same bits as the run that estimated it.
    painted_keys(keys, (1,))
    again = stylize.run(plates, keys=keys)
    assert len(calls) == 5
    assert {frame: path.read_bytes() for frame, path in again.frames.items()} == kept


@pytest.mark.slow
def test_motion_of_removed_frames_is_deleted(tmp_path, plates):
    keys = painted_keys(tmp_path / "painted", (1,))
    project = stylize.run(plates, keys=keys).project
    assert len(list((project / "flow").iterdir())) == 5
    (plates / "plate.0006.png").unlink()
    stylize.run(plates, keys=keys)
    assert [path.name for path in sorted((project / "flow").iterdir())][-1] == "plate.0004-0005.flow"
