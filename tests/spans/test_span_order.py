"""Order of a span's work: writes, blends, and the state after an error."""

import itertools
import shutil
import threading
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest

from propagate.threads import thread_limit
from stylize.errors import OutputError
from stylize.spans import span as propagation
from stylize.spans.resume_point import ResumeFiles
from stylize.spans.span import DrawingPairs, SpanRun
from stylize.spans.span_job import BACKWARD, FORWARD, SIDES, DrawingPassed, FrameFinished
from tests.span_runs import SPANS, frames_in, run_pass, run_span, span_engine, span_inputs, span_job

TWO_SIDED = SPANS[0]
CLOSED = "closed"


@dataclass(frozen=True)
class Write:
    """A write to disk: "frame", "drawing" or "resume point"."""

    kind: str
    number: int
    side: str = ""


@pytest.fixture(params=["one thread", "in turn", "concurrent"])
def schedule(request, set_threads, monkeypatch):
    """All ways in which one process can run a two-sided span."""
    set_threads(1 if request.param == "one thread" else 2)
    if request.param == "in turn":
        monkeypatch.setattr(propagation, "MAX_CONCURRENT_PIXELS", 0)
    return request.param


@pytest.fixture
def writes(monkeypatch):
    """Writes in order, with a resume point after every drawing. Frames are recorded by ``noting``."""
    done = []
    save_drawing, save_resume_point = ResumeFiles.save_drawing, ResumeFiles.save_resume_point

    def drawing(files, side, number, stored):
        save_drawing(files, side, number, stored)
        done.append(Write("drawing", number, side))

    def resume_point(files, side, state):
        save_resume_point(files, side, state)
        done.append(Write("resume point", state.frame, side))

    monkeypatch.setattr(propagation, "RESUME_INTERVAL", 0.0)
    monkeypatch.setattr(ResumeFiles, "save_drawing", drawing)
    monkeypatch.setattr(ResumeFiles, "save_resume_point", resume_point)
    return done


@pytest.fixture
def blends(monkeypatch):
    """Number of blends of each drawing, by its nearness to the right key."""
    counts, blend = Counter(), propagation.blend_passes

    def spy(*arrays_and_nearness):
        counts[arrays_and_nearness[-1]] += 1
        return blend(*arrays_and_nearness)

    monkeypatch.setattr(propagation, "blend_passes", spy)
    return counts


def span_run(tmp_path, span, put, every=1):
    inputs = span_inputs(tmp_path)
    return SpanRun(inputs, span_job(span, tmp_path / "s", every=every), span_engine(inputs, tmp_path), put)


def noting(writes):
    return lambda frame: writes.append(Write("frame", frame.frame))


def on_disk(job, writes, drawing, side):
    """Return whether the pass of a side need not make a drawing again."""
    frames = {Write("frame", frame) for frame in job.wanted_frames_of(drawing)}
    return Write("drawing", drawing, side) in writes or frames <= set(writes)


@pytest.mark.slow
@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("every", [1, 2])
@pytest.mark.usefixtures("schedule")
def test_resume_point_follows_all_drawings_that_it_covers(tmp_path, writes, span, every):
    job = span_job(span, tmp_path / "s", every=every)
    list(span_run(tmp_path, span, noting(writes), every).run())
    resume_points = [(place, write) for place, write in enumerate(writes) if write.kind == "resume point"]
    assert len(resume_points) == job.step_count()
    for place, write in resume_points:
        order = job.pass_order(write.side)
        for drawing in order[1 : order.index(write.number) + 1]:
            assert on_disk(job, writes[:place], drawing, write.side)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.usefixtures("threads")
def test_single_pass_stores_each_drawing_before_its_resume_point(tmp_path, writes, side):
    inputs, job = span_inputs(tmp_path), span_job(TWO_SIDED, tmp_path / "s")
    events = list(run_pass(inputs, job, side, span_engine(inputs, tmp_path)))
    order = job.pass_order(side)[1:]
    assert events == [DrawingPassed(side, drawing) for drawing in order]
    assert writes == [Write(kind, drawing, side) for drawing in order for kind in ("drawing", "resume point")]


@pytest.mark.parametrize("every", [1, 2])
def test_each_drawing_is_made_once_per_side_and_each_frame_once(tmp_path, writes, schedule, every):
    put, events = [], []
    run = span_run(tmp_path, TWO_SIDED, lambda frame: put.append(frame.frame), every)
    for event in run.run():
        if isinstance(event, FrameFinished):
            assert event.frame in put
        events.append(event)
    job = span_job(TWO_SIDED, tmp_path / "s", every=every)
    assert sorted(put) == list(TWO_SIDED.frames)
    assert sorted(event.frame for event in events if isinstance(event, FrameFinished)) == list(TWO_SIDED.frames)
    for side in SIDES:
        passed = [event.drawing for event in events if isinstance(event, DrawingPassed) and event.side == side]
        assert passed == job.pass_order(side)[1:]
    stored = {(write.side, write.number) for write in writes if write.kind == "drawing"}
    sides = SIDES if schedule == "concurrent" else (FORWARD,)
    assert stored == {(side, drawing) for side in sides for drawing in job.drawings()}


# Blending


@pytest.mark.parametrize("every", [1, 2])
@pytest.mark.usefixtures("schedule")
def test_each_drawing_is_blended_once(tmp_path, blends, every):
    job = span_job(TWO_SIDED, tmp_path / "s", every=every)
    list(span_run(tmp_path, TWO_SIDED, lambda frame: None, every).run())
    assert blends == Counter(job.nearness(drawing) for drawing in job.drawings())


@pytest.mark.slow
@pytest.mark.parametrize("stop", [2, 5, 8, 11])
@pytest.mark.parametrize("first", [1, 2])
@pytest.mark.usefixtures("schedule")
def test_each_drawing_is_blended_once_by_a_run_that_continues_another(tmp_path, blends, set_threads, stop, first):
    now = thread_limit()
    set_threads(first)
    inputs = span_inputs(tmp_path)
    stopped = run_span(inputs, TWO_SIDED, tmp_path / "s")
    found = frames_in(itertools.islice(stopped, stop))
    stopped.close()
    blends.clear()
    set_threads(now)
    wanted = set(TWO_SIDED.frames) - set(found)
    rest = frames_in(run_span(inputs, TWO_SIDED, tmp_path / "s", wanted))
    assert sorted(rest) == sorted(wanted)
    job = span_job(TWO_SIDED, tmp_path / "s")
    assert blends == Counter(job.nearness(drawing) for drawing in wanted)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A folder with the scratch files of both passes of a span."""
    folder = tmp_path_factory.mktemp("stored")
    inputs = span_inputs(folder)
    for side in SIDES:
        list(run_pass(inputs, span_job(TWO_SIDED, folder / "s"), side, span_engine(inputs, folder)))
    return folder / "s"


@pytest.mark.slow
@pytest.mark.parametrize("lost", [(), (FORWARD,), (BACKWARD,), SIDES])
@pytest.mark.usefixtures("schedule")
def test_stored_drawings_are_blended_once_without_resume_points(tmp_path, blends, stored, lost):
    inputs, job = span_inputs(tmp_path), span_job(TWO_SIDED, shutil.copytree(stored, tmp_path / "s"))
    engine = span_engine(inputs, tmp_path)
    for side in lost:
        (tmp_path / "s" / f"{side}.state.npz").unlink()
    events = list(SpanRun(inputs, job, engine, lambda frame: None).run())
    assert sorted(event.frame for event in events if isinstance(event, FrameFinished)) == list(TWO_SIDED.frames)
    passed = Counter(event.side for event in events if isinstance(event, DrawingPassed))
    assert passed == Counter({side: len(TWO_SIDED.frames) for side in lost})
    assert blends == Counter(job.nearness(drawing) for drawing in job.drawings())


def test_pair_is_complete_for_only_one_of_two_threads():
    numbers = range(2000)
    pairs, completed = DrawingPairs({FORWARD: {0, 1}, BACKWARD: {1, 2}}), {side: [] for side in SIDES}
    assert pairs.complete() == [1]

    def add_all(side):
        completed[side] += [number for number in numbers if pairs.add(side, number)]

    threads = [threading.Thread(target=add_all, args=(side,)) for side in SIDES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(completed[FORWARD] + completed[BACKWARD]) == [number for number in numbers if number != 1]
    assert pairs.complete() == list(numbers)


# Errors


@pytest.fixture
def made_drawings(monkeypatch):
    """Drawings made by the passes, and CLOSED where one has ended."""
    log, propagate = [], propagation.propagate_key

    def spy(*arguments):
        try:
            for drawing in propagate(*arguments):
                log.append(drawing.frame)
                yield drawing
        finally:
            log.append(CLOSED)

    monkeypatch.setattr(propagation, "propagate_key", spy)
    return log


@pytest.mark.slow
@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("place", [1, 2, -1])
def test_exception_in_put_is_raised_within_one_drawing_and_ends_the_pass(
    tmp_path, monkeypatch, threads, made_drawings, span, place
):
    monkeypatch.setattr(propagation, "MAX_CONCURRENT_PIXELS", 0)
    job = span_job(span, tmp_path / "s")
    order, put = job.pass_order(FORWARD if span.right is None else BACKWARD), []
    corrupt = order[place]

    def failing(frame):
        if frame.frame == corrupt:
            raise OutputError("no space")
        put.append(frame.frame)

    with pytest.raises(OutputError, match="no space") as error:
        list(span_run(tmp_path, span, failing).run())
    assert error.value.__traceback__ is not None  # its traceback holds the frames of all generators
    assert made_drawings.pop() == CLOSED
    last_pass = made_drawings[made_drawings.index(CLOSED) + 1 :] if job.two_sided() else made_drawings
    # With two threads, the next drawing is made while this one is put.
    assert last_pass == order[1 : order.index(corrupt) + threads]
    assert put == order[1 : order.index(corrupt)]


def test_exception_in_put_ends_both_concurrent_passes(tmp_path, set_threads, made_drawings):
    set_threads(2)

    def failing(frame):
        raise OutputError("no space")

    with pytest.raises(OutputError, match="no space"):
        list(span_run(tmp_path, TWO_SIDED, failing).run())
    assert made_drawings.count(CLOSED) == 2


@pytest.mark.usefixtures("threads")
def test_exception_in_put_of_a_held_key_is_raised(tmp_path):
    def failing(frame):
        raise OutputError(f"no space for {frame.frame}")

    with pytest.raises(OutputError, match="no space for 2"):
        list(span_run(tmp_path, TWO_SIDED, failing, every=3).run())


@pytest.mark.usefixtures("threads")
def test_steps_of_a_run_can_be_run_separately(tmp_path, whole_span):
    whole, put = whole_span(TWO_SIDED), {}
    run = span_run(tmp_path, TWO_SIDED, lambda frame: put.__setitem__(frame.frame, frame))
    (tmp_path / "s").mkdir()
    assert list(run.forward()) == [DrawingPassed(FORWARD, drawing) for drawing in TWO_SIDED.frames]
    assert not put
    assert len(list(run.backward())) == 2 * len(TWO_SIDED.frames)
    assert sorted(put) == list(TWO_SIDED.frames)
    for frame, finished in whole.items():
        np.testing.assert_array_equal(put[frame].picture, finished.picture)
