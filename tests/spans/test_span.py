"""One span: the bits do not depend on how it is run, interrupted and resumed."""

import itertools
import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from masks.composite import over
from propagate.boil import boil
from stylize.errors import OutputError
from stylize.media.images import quantise, to_float
from stylize.spans import resume_point
from stylize.spans import span as propagation
from stylize.spans.composite_look import finish_key
from stylize.spans.resume_point import ResumeFiles
from stylize.spans.span import SpanRun
from stylize.spans.span_job import BACKWARD, FORWARD, FrameFinished
from tests.span_runs import (
    PLATES,
    SPANS,
    blend_drawings,
    frames_in,
    run_pass,
    run_span,
    span_engine,
    span_inputs,
    span_job,
)


@pytest.fixture
def one_by_one(monkeypatch):
    """One pass after the other, whatever the number of threads."""
    monkeypatch.setattr(propagation, "MAX_CONCURRENT_PIXELS", 0)


@pytest.mark.parametrize("span", SPANS)
def test_each_frame_of_a_span_arrives_once_with_its_error(tmp_path, span):
    events = list(run_span(span_inputs(tmp_path), span, tmp_path / "s"))
    assert sorted(made.frame for made in events if made is not None) == list(span.frames)
    passes = 2 if span.left and span.right else 1
    assert events.count(None) == span_job(span, tmp_path).step_count() == len(span.frames) * passes
    for made in frames_in(events).values():
        assert made.picture.shape == (36, 64, 3)
        assert made.picture.dtype == np.uint8
        assert made.error.shape == (36, 64)
        assert made.error.min() >= 0


@pytest.mark.slow
@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("every", [0.0, 1e9])
def test_span_stopped_after_any_frame_resumes_to_the_same_bits(tmp_path, span, every, monkeypatch, whole_span):
    monkeypatch.setattr(propagation, "RESUME_INTERVAL", every)
    given = span_inputs(tmp_path)
    whole = whole_span(span)
    found, stops, scratch = {}, 0, tmp_path / "part"
    while left := set(span.frames) - set(found):
        # One frame per run, as if each run were killed right after it.
        found |= frames_in(itertools.islice((e for e in run_span(given, span, scratch, left) if e), 1))
        stops += 1
    assert stops == len(span.frames)
    for frame, made in whole.items():
        np.testing.assert_array_equal(found[frame].picture, made.picture)
        np.testing.assert_array_equal(found[frame].error, made.error)


@pytest.mark.slow
def test_every_interrupted_run_completes_a_drawing(tmp_path, monkeypatch, whole_span):
    monkeypatch.setattr(propagation, "RESUME_INTERVAL", 1e9)
    given, span = span_inputs(tmp_path), SPANS[0]
    runs, whole = 0, whole_span(span)
    found = {}
    while left := set(span.frames) - set(found):
        # Stopped while the second drawing of a pass is made.
        found |= frames_in(itertools.islice(run_span(given, span, tmp_path / "part", left), 3))
        runs += 1
        assert runs < 20
    for frame, made in whole.items():
        np.testing.assert_array_equal(found[frame].picture, made.picture)


def damaged(place):
    """Change one byte; the last bytes of an archive locate the others."""

    def spoil(path):
        data = bytearray(path.read_bytes())
        data[place] ^= 0x63
        path.write_bytes(data)

    return spoil


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A folder with scratch files of a span that was stopped after three frames, and these frames by number."""
    folder = tmp_path_factory.mktemp("stopped")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(propagation, "RESUME_INTERVAL", 0.0)
        patch.setattr(propagation, "MAX_CONCURRENT_PIXELS", 0)
        run = run_span(span_inputs(folder), SPANS[0], folder / "part")
        found = frames_in(itertools.islice(run, len(SPANS[0].frames) + 3))
        run.close()
    return folder / "part", found


@pytest.mark.slow
@pytest.mark.parametrize(
    "spoil", [Path.unlink, lambda path: path.write_bytes(b"PK"), damaged(0), damaged(900), damaged(-60), damaged(-75)]
)
@pytest.mark.parametrize("name", ["forward.state.npz", "backward.state.npz", "forward.4.npz"])
@pytest.mark.usefixtures("one_by_one")
def test_damaged_scratch_files_only_cost_time(tmp_path, monkeypatch, stopped, whole_span, name, spoil):
    monkeypatch.setattr(propagation, "RESUME_INTERVAL", 0.0)
    (scratch, found), span, whole = stopped, SPANS[0], whole_span(SPANS[0])
    assert found
    spoil(shutil.copytree(scratch, tmp_path / "part") / name)
    rest = set(span.frames) - set(found)
    found = found | frames_in(run_span(span_inputs(tmp_path), span, tmp_path / "part", rest))
    assert sorted(found) == list(span.frames)
    for frame, made in found.items():
        np.testing.assert_array_equal(made.picture, whole[frame].picture)


def test_passes_run_only_as_far_as_needed(tmp_path, whole_span):
    given = span_inputs(tmp_path)
    whole = whole_span(SPANS[0])
    events = list(run_span(given, SPANS[0], tmp_path / "few", {3}))
    np.testing.assert_array_equal(frames_in(events)[3].picture, whole[3].picture)
    assert list(frames_in(events)) == [3]
    assert events.count(None) == 2 + 4  # 2 and 3 from the left, 6 to 3 from the right


@pytest.mark.slow
@pytest.mark.parametrize("span", SPANS)
def test_state_is_stored_after_all_earlier_drawings(tmp_path, monkeypatch, threads, span):
    monkeypatch.setattr(propagation, "RESUME_INTERVAL", 0.0)
    given, scratch, keep = span_inputs(tmp_path), tmp_path / "s", resume_point.save_arrays
    asked, made_with = span_job(span, scratch), span_engine(given, tmp_path)
    last = FORWARD if span.right is None else BACKWARD
    put, kept, where = [], [], set()

    def slow(made):
        time.sleep(0.05)  # long enough for the next one to overtake it, if it could
        put.append(made.frame)
        where.add(threading.current_thread() is threading.main_thread())

    def spy(path, arrays):
        order = asked.pass_order(path.name.partition(".")[0])
        if path.name.endswith(".state.npz"):
            side = path.name.partition(".")[0]
            passed = set(order[1 : order.index(int(arrays["frame"])) + 1])
            left = {n for n in passed if ResumeFiles(scratch).has_drawing(side, n)}
            assert passed <= (set(put) | left if side == last else left)
            kept.append(path.name)
        keep(path, arrays)

    monkeypatch.setattr(resume_point, "save_arrays", spy)
    finished = [
        event.frame for event in SpanRun(given, asked, made_with, slow).run() if isinstance(event, FrameFinished)
    ]
    assert sorted(finished) == sorted(put) == list(span.frames)
    if threads == 1 or not asked.two_sided():
        assert finished == put
    assert kept.count(f"{last}.state.npz") == len(span.frames)
    assert where == {threads == 1}


@pytest.mark.parametrize("span", SPANS)
def test_unwritable_frame_ends_the_run_and_is_made_by_the_next(tmp_path, monkeypatch, threads, span, whole_span):
    monkeypatch.setattr(propagation, "RESUME_INTERVAL", 0.0)
    given, asked = span_inputs(tmp_path), span_job(span, tmp_path / "part")
    whole, found = whole_span(span), {}
    corrupt = asked.pass_order(FORWARD if span.right is None else BACKWARD)[2]

    def full(made):
        if made.frame == corrupt:
            raise OutputError("no space")
        found[made.frame] = made

    with pytest.raises(OutputError, match="no space"):
        list(SpanRun(given, asked, span_engine(given, tmp_path), full).run())
    # Concurrent passes may have finished the drawings in progress.
    assert corrupt not in found
    assert len(found) == 1 if threads == 1 or not asked.two_sided() else len(found) < len(span.frames)
    found |= frames_in(run_span(given, span, tmp_path / "part", set(span.frames) - set(found)))
    assert sorted(found) == list(span.frames)
    for frame, made in whole.items():
        np.testing.assert_array_equal(found[frame].picture, made.picture)
        np.testing.assert_array_equal(found[frame].error, made.error)


# Two concurrent passes


@pytest.mark.slow
@pytest.mark.parametrize("every", [1, 2])
def test_concurrent_passes_give_the_bits_of_sequential_ones(tmp_path, monkeypatch, set_threads, every, whole_span):
    given, span = span_inputs(tmp_path), SPANS[0]
    alone = whole_span(span, every)
    for number in (2, 4, 5):
        set_threads(number)
        monkeypatch.setattr(propagation, "MAX_CONCURRENT_PIXELS", 1 << 20)
        concurrent = frames_in(run_span(given, span, tmp_path / f"concurrent{number}", every=every))
        monkeypatch.setattr(propagation, "MAX_CONCURRENT_PIXELS", 0)
        after = frames_in(run_span(given, span, tmp_path / f"after{number}", every=every))
        assert sorted(alone) == sorted(concurrent) == sorted(after) == list(span.frames)
        for frame, made in alone.items():
            for other in (concurrent[frame], after[frame]):
                np.testing.assert_array_equal(other.picture, made.picture)
                np.testing.assert_array_equal(other.error, made.error)
                np.testing.assert_array_equal(other.share, made.share)


@pytest.mark.slow
@pytest.mark.parametrize(("most", "together"), [(36 * 64, True), (36 * 64 - 1, False)])
def test_passes_of_small_frames_run_concurrently(tmp_path, monkeypatch, set_threads, most, together):
    set_threads(2)
    monkeypatch.setattr(propagation, "MAX_CONCURRENT_PIXELS", most)
    given, seen, keep = span_inputs(tmp_path), [], resume_point.save_arrays
    monkeypatch.setattr(resume_point, "save_arrays", lambda path, arrays: seen.append(path.name) or keep(path, arrays))
    list(run_span(given, SPANS[0], tmp_path / "s"))
    assert ("backward.6.npz" in seen) == together


@pytest.mark.slow
@pytest.mark.parametrize("stop", [1, 3, 6, 9, 12, 14])
@pytest.mark.parametrize("order", [(2, 1), (1, 2), (2, 2)])
def test_interrupted_concurrent_passes_resume_with_any_threads(
    tmp_path, monkeypatch, set_threads, stop, order, whole_span
):
    monkeypatch.setattr(propagation, "RESUME_INTERVAL", 0.0)
    given, span = span_inputs(tmp_path), SPANS[0]
    set_threads(1)
    whole = whole_span(span)
    found, put = {}, []
    for number, much in zip(order, (stop, None), strict=True):
        set_threads(number)
        run = run_span(given, span, tmp_path / "part", set(span.frames) - set(found))
        found |= (some := frames_in(itertools.islice(run, much)))
        put += list(some)
        run.close()
    assert sorted(put) == list(span.frames)  # each reported once
    for frame, made in whole.items():
        np.testing.assert_array_equal(found[frame].picture, made.picture)
        np.testing.assert_array_equal(found[frame].error, made.error)
        np.testing.assert_array_equal(found[frame].share, made.share)


# Two processes


@pytest.mark.slow
def test_passes_of_two_processes_blend_to_the_same_bits(tmp_path, whole_span):
    given, made_with = span_inputs(tmp_path), span_engine(span_inputs(tmp_path), tmp_path)
    whole = whole_span(SPANS[0])
    apart = span_job(SPANS[0], tmp_path / "apart")
    for side in (BACKWARD, FORWARD):
        assert len(list(run_pass(given, apart, side, made_with))) == 5
    found = {made.frame: made for some in ((2, 4, 6), (3, 5)) for made in blend_drawings(given, apart, some, made_with)}
    assert sorted(found) == sorted(whole)
    for frame, made in whole.items():
        np.testing.assert_array_equal(found[frame].picture, made.picture)
        np.testing.assert_array_equal(found[frame].error, made.error)


@pytest.mark.slow
@pytest.mark.parametrize("stop", [1, 4, 7])
def test_one_process_can_resume_two_and_vice_versa(tmp_path, stop, whole_span):
    given, made_with, span = span_inputs(tmp_path), span_engine(span_inputs(tmp_path), tmp_path), SPANS[0]
    whole = whole_span(span)
    alone = run_span(given, span, tmp_path / "one")
    found = frames_in(itertools.islice(alone, stop))
    alone.close()
    rest = span_job(span, tmp_path / "one", set(span.frames) - set(found))
    for side in (FORWARD, BACKWARD):
        list(run_pass(given, rest, side, made_with))
    found |= frames_in(blend_drawings(given, rest, sorted(rest.needed_drawings()), made_with))
    halves = span_job(span, tmp_path / "two")
    for side in (BACKWARD, FORWARD):
        passing = run_pass(given, halves, side, made_with)
        list(itertools.islice(passing, min(stop, 5)))
        passing.close()
    other = frames_in(run_span(given, span, tmp_path / "two"))
    for frame, made in whole.items():
        np.testing.assert_array_equal(found[frame].picture, made.picture)
        np.testing.assert_array_equal(other[frame].picture, made.picture)


def test_pass_lost_before_blending_is_reported(tmp_path):
    given, apart = span_inputs(tmp_path), span_job(SPANS[0], tmp_path / "s")
    made_with = span_engine(given, tmp_path)
    for side in (BACKWARD, FORWARD):
        list(run_pass(given, apart, side, made_with))
    (tmp_path / "s" / "forward.4.npz").unlink()
    with pytest.raises(OutputError, match=r"forward\.4\.npz was lost.*run again"):
        list(blend_drawings(given, apart, [4], made_with))


@pytest.mark.slow
@pytest.mark.parametrize("side", [FORWARD, BACKWARD])
def test_damaged_drawing_is_removed_and_files_in_use_are_kept(tmp_path, side, whole_span):
    given, made_with, scratch = span_inputs(tmp_path), span_engine(span_inputs(tmp_path), tmp_path), tmp_path / "s"
    whole = whole_span(SPANS[0])
    apart = span_job(SPANS[0], scratch)
    for one in (BACKWARD, FORWARD):
        list(run_pass(given, apart, one, made_with))
    corrupt, before = scratch / f"{side}.4.npz", {path.name for path in scratch.iterdir()}
    damaged(900)(corrupt)
    with pytest.raises(OutputError, match=rf"{side}\.4\.npz was lost.*run again"):
        list(blend_drawings(given, apart, [4], made_with))
    assert {path.name for path in scratch.iterdir()} == before - {corrupt.name}
    # In one process, and in two: the damaged pass is repeated, the other is reused.
    assert len(list(run_pass(given, apart, FORWARD, made_with))) == (5 if side == FORWARD else 0)
    assert len(list(run_pass(given, apart, BACKWARD, made_with))) == (5 if side == BACKWARD else 0)
    corrupt.unlink()
    found = frames_in(run_span(given, SPANS[0], scratch))
    for frame, made in whole.items():
        np.testing.assert_array_equal(found[frame].picture, made.picture)


# Held drawings and boil


def test_held_frame_is_its_drawing_over_its_own_plate_and_alpha(tmp_path):
    draw = np.random.default_rng(0)
    plates = {n: np.dstack([p, draw.integers(0, 256, p.shape[:2], np.uint8)]) for n, p in PLATES.items()}
    masks = {n: draw.random((36, 64)).astype(np.float32) for n in PLATES}
    bare, masked = span_inputs(tmp_path), span_inputs(tmp_path, matte=masks.__getitem__, plates=plates)
    looks = frames_in(run_span(bare, SPANS[0], tmp_path / "bare", every=3))
    found = frames_in(run_span(masked, SPANS[0], tmp_path / "masked", every=3))
    shown = {2: 1, 3: 1, 4: 4, 5: 4, 6: 4}
    assert sorted(found) == sorted(looks) == [2, 3, 4, 5, 6]
    np.testing.assert_array_equal(looks[2].picture, 255 - PLATES[1])
    for frame, drawing in shown.items():
        look = looks[drawing].picture if drawing != 1 else 255 - PLATES[1]
        np.testing.assert_array_equal(looks[frame].picture, look)
        np.testing.assert_array_equal(found[frame].picture[..., :3], over(look, PLATES[frame], masks[frame]))
        np.testing.assert_array_equal(found[frame].picture[..., 3], plates[frame][..., 3])


def test_unused_drawings_are_not_made(tmp_path):
    assert span_job(SPANS[0], tmp_path).step_count() == 10
    assert span_job(SPANS[0], tmp_path, every=2).step_count() == 4  # 3 and 5, from both sides
    assert span_job(SPANS[0], tmp_path, every=3).step_count() == 2
    events = list(run_span(span_inputs(tmp_path), SPANS[0], tmp_path / "s", every=3))
    assert events.count(None) == 2
    # A frame that only shows the key needs no pass.
    assert list(frames_in(run_span(span_inputs(tmp_path), SPANS[0], tmp_path / "k", {2}, every=3))) == [2]


@pytest.mark.parametrize("every", [2, 3])
def test_held_drawings_are_interrupted_and_resumed_like_others(tmp_path, every, whole_span):
    given, span = span_inputs(tmp_path), SPANS[0]
    whole, found = whole_span(span, every), {}
    while left := set(span.frames) - set(found):
        found |= frames_in(itertools.islice((e for e in run_span(given, span, tmp_path / "p", left, every) if e), 1))
    for frame, made in whole.items():
        np.testing.assert_array_equal(found[frame].picture, made.picture)


def test_frames_of_a_drawing_or_key_boil_alike(tmp_path):
    given = span_inputs(tmp_path)
    calm = frames_in(run_span(given, SPANS[1], tmp_path / "calm", every=2))
    wild = frames_in(run_span(given, SPANS[1], tmp_path / "wild", every=2, boil=0.5, seed=3))
    np.testing.assert_array_equal(wild[3].picture, wild[4].picture)
    assert (wild[3].picture != calm[3].picture).mean() > 0.3
    key = quantise(boil(to_float(255 - PLATES[1]), 0.5, 3, 1), np.uint8)
    np.testing.assert_array_equal(wild[2].picture, key)
    np.testing.assert_array_equal(finish_key(given, span_engine(given, tmp_path, boil=0.5, seed=3), 1).picture, key)


def test_boil_leaves_the_plate_outside_the_matte(tmp_path):
    matte = np.zeros((36, 64), np.float32)
    matte[10:20, 10:40] = 1
    for made in run_span(span_inputs(tmp_path, matte=lambda n: matte), SPANS[1], tmp_path / "s", boil=1.0):
        if made is not None:
            np.testing.assert_array_equal(made.picture[matte == 0], PLATES[made.frame][matte == 0])


# Depth, alpha, files


def test_key_is_output_exactly_at_the_output_depth(tmp_path):
    made = finish_key(span_inputs(tmp_path, np.uint16), span_engine(span_inputs(tmp_path), tmp_path), 1)
    np.testing.assert_array_equal(made.picture, (255 - PLATES[1]).astype(np.uint16) * 257)
    assert not made.error.any()


def test_alpha_and_matte_of_the_plate_are_kept(tmp_path):
    draw = np.random.default_rng(0)
    plates = {n: np.dstack([p, draw.integers(0, 256, p.shape[:2], np.uint8)]) for n, p in PLATES.items()}
    matte = np.zeros((36, 64), np.float32)
    matte[:, :20] = 1
    for made in frames_in(
        run_span(span_inputs(tmp_path, matte=lambda n: matte, plates=plates), SPANS[1], tmp_path / "s")
    ).values():
        np.testing.assert_array_equal(made.picture[..., 3], plates[made.frame][..., 3])
        np.testing.assert_array_equal(made.picture[:, 20:], plates[made.frame][:, 20:])
        assert (made.picture[:, :20] != plates[made.frame][:, :20]).any()
