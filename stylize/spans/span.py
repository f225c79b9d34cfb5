"""Propagate the keys of one span to its frames.

A span between two keys takes two passes: forward from the left key and backward from the right key. Each drawing is a
blend of both. A span at an end of the shot takes one pass.

Resuming: after its first drawing, and then every few seconds, a pass writes a resume point. It is written last, when
all previous drawings of the pass are on disk, as finished frames or as drawings to be blended. A killed run therefore
continues close to where it stopped, with a bit-identical result, in one process or in two.

Threads: blending, compositing and writing a drawing run concurrently while the pass makes its next drawing. For small
frames this does not keep all threads busy; if threads and memory allow, their two passes run concurrently instead.
"""

import threading
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

import numpy as np

from propagate.blend import blend as blend_passes
from propagate.concurrent_passes import run_concurrently
from propagate.light import agree_in_light
from propagate.synthesis import PassState, StylisedFrame, propagate_key
from propagate.threads import thread_limit
from stylize.media.images import make_folder
from stylize.spans.composite_look import Drawing, finished_frames, key_drawing
from stylize.spans.resume_point import ResumeFiles, StoredDrawing
from stylize.spans.span_job import (
    BACKWARD,
    FORWARD,
    SIDES,
    DrawingPassed,
    Engine,
    Event,
    FrameFinished,
    Put,
    SpanInputs,
    SpanJob,
)
from stylize.spans.span_scene import key_picture, pass_scene
from stylize.spans.write_behind import WriteBehind

# Maximum seconds of work lost when a run is killed; initially, half of the time since the pass started.
RESUME_INTERVAL = 5.0
# Maximum pixels of a frame whose two passes run concurrently: a second pass takes 300 bytes per pixel. In larger
# frames, the steps of one pass are large enough to keep all threads busy.
MAX_CONCURRENT_PIXELS = 1 << 20


class SpanRun:
    """Span in one process: ``run`` makes all of it, ``run_pass`` and ``blend`` make parts of it.

    put: writes a finished frame to permanent storage. Other threads call it, two at once when passes run concurrently.
    Its errors are re-raised here, at most one drawing later.

    The methods yield an event for every drawing that a pass has made and for every frame that ``put`` has written. A
    caller may stop at any event. A later run for the missing frames continues from the resume points.
    """

    def __init__(self, inputs: SpanInputs, job: SpanJob, engine: Engine, put: Put) -> None:
        self._inputs, self._job, self._engine, self._put = inputs, job, engine, put
        self._needed = job.needed_drawings()
        self._files = ResumeFiles(job.scratch, job.kept)
        self._behind: WriteBehind[Event] = WriteBehind()

    def run(self) -> Iterator[Event]:
        """Make all wanted frames, each once."""
        self._make_folders()
        if self._passes_fit_together() or self._job.kept:
            yield from self._run_both()
            return
        with self._behind:
            yield from self._behind.submit(self._finish_held_keys)
            yield from self.forward()
            yield from self.backward()
            yield from self._behind.results()

    def run_pass(self, side: str) -> Iterator[Event]:
        """Run one of two passes, and store its drawings for ``blend``."""
        self._make_folders()
        with self._behind:
            with closing(self._propagate(side)) as steps:
                for step in steps:
                    yield from self._behind.submit(self._store, step)
            yield from self._behind.results()

    def forward(self) -> Iterator[Event]:
        """Propagate the left key, if there is one.

        In a two-sided span its drawings are stored for the backward pass to blend; otherwise they are finished.
        """
        finish = self._store if self._job.two_sided() else self._finish
        with closing(self._propagate(FORWARD)) as steps:
            for step in steps:
                yield from self._behind.submit(finish, step)

    def backward(self) -> Iterator[Event]:
        """Propagate the right key, if there is one, and finish its drawings.

        In a two-sided span, they are blended with those of the forward pass. Drawings of the backward pass that an
        earlier run stored are blended first, and not again when the pass reaches them.
        """
        drawings = self._job.pass_order(BACKWARD)[1:]
        stored = [drawing for drawing in drawings if self._files.has_drawing(BACKWARD, drawing)]
        for drawing in stored:
            yield from self._behind.submit(self._blend_stored, drawing)
        with closing(self._propagate(BACKWARD)) as steps:
            for step in steps:
                finish = self._mark_passed if step.drawing in stored else self._finish
                yield from self._behind.submit(finish, step)

    def blend(self, drawings: Iterable[int]) -> Iterator[Event]:
        """Finish the wanted frames that display the given drawings, each stored by both passes or equal to a key.

        Raises OutputError when a stored drawing has been lost.
        """
        for drawing in drawings:
            if drawing in (self._job.span.left, self._job.span.right):
                yield from self._finish_held_key(drawing)
            else:
                yield from self._blend_stored(drawing)

    def _make_folders(self) -> None:
        for folder in self._files.folders():
            make_folder(folder)

    # Concurrent passes

    def _passes_fit_together(self) -> bool:
        """Return whether the span has two passes, and threads and memory allow running them concurrently."""
        if not self._job.two_sided():
            return False
        height, width = self._job.crop(self._inputs.colour(self._job.span.frames[0])).shape[:2]
        return thread_limit() > 1 and height * width <= MAX_CONCURRENT_PIXELS

    def _run_both(self) -> Iterator[Event]:
        """Run both passes, concurrently if they fit. Both store drawings; the last to reach a drawing blends it."""
        pairs = DrawingPairs({side: {n for n in self._needed if self._files.has_drawing(side, n)} for side in SIDES})
        yield from self._finish_held_keys()
        yield from self.blend(pairs.complete())
        passes = [partial(self._store_and_blend, side, pairs) for side in SIDES]
        if self._passes_fit_together():
            yield from run_concurrently(passes)
        else:
            yield from chain.from_iterable(one() for one in passes)

    def _store_and_blend(self, side: str, pairs: "DrawingPairs") -> Generator[Event, None, None]:
        with closing(self._propagate(side)) as steps:
            for step in steps:
                yield from self._store(step)
                if pairs.add(side, step.drawing):
                    yield from self._blend_stored(step.drawing)

    # One drawing: each method returns its events once everything is on disk

    def _store(self, step: "_Step") -> list[Event]:
        """Store a drawing for the other pass, if it is needed."""
        if step.drawing in self._needed:
            self._files.save_drawing(step.side, step.drawing, StoredDrawing.of(step.result))
        return self._mark_passed(step)

    def _finish(self, step: "_Step") -> list[Event]:
        """Finish the wanted frames that display a drawing of the last pass through the span."""
        finished: list[Event] = []
        if frames := self._job.wanted_frames_of(step.drawing):
            finished = self._put_all(self._last_drawing(step), frames)
        return [*finished, *self._mark_passed(step)]

    def _mark_passed(self, step: "_Step") -> list[Event]:
        """Write a resume point if one is due, once the drawing and all previous ones are on disk."""
        if step.resume_point_due:
            self._files.save_resume_point(step.side, step.result.state)
        return [DrawingPassed(step.side, step.drawing)]

    def _finish_held_keys(self) -> list[Event]:
        """Finish the wanted frames that display a key: still the left one, or the right one, whose plate they show."""
        keys = (key for key in (self._job.span.left, self._job.span.right) if key is not None)
        return [event for key in keys for event in self._finish_held_key(key)]

    def _finish_held_key(self, key: int) -> list[Event]:
        if not (frames := self._job.wanted_frames_of(key)):
            return []
        drawing = key_drawing(self._inputs, key)
        if self._job.two_sided():
            share = np.full_like(drawing.error, 1 if key == self._job.span.right else 0)
            drawing = replace(drawing, share=share)
        return self._put_all(drawing, frames)

    def _blend_stored(self, drawing: int) -> list[Event]:
        """Finish the wanted frames that display a drawing that both passes have stored."""
        if not (frames := self._job.wanted_frames_of(drawing)):
            return []
        return self._put_all(self._blended(drawing, self._files.load_drawing(BACKWARD, drawing)), frames)

    def _last_drawing(self, step: "_Step") -> Drawing:
        """Return the drawing of the last pass, blended in a two-sided span."""
        if self._job.two_sided():
            return self._blended(step.drawing, StoredDrawing.of(step.result))
        box = self._job.drawing_box(step.drawing)
        return Drawing(step.drawing, step.result.colour, step.result.error, box=box)

    def _blended(self, drawing: int, backward: StoredDrawing) -> Drawing:
        forward = self._files.load_drawing(FORWARD, drawing)
        nearness = self._job.nearness(drawing)
        left, right = agree_in_light((forward.colour, forward.gain), (backward.colour, backward.gain), nearness)
        colour, error, share = blend_passes(left, forward.error, right, backward.error, nearness)
        return Drawing(drawing, colour, error, share, self._job.drawing_box(drawing))

    def _put_all(self, drawing: Drawing, frames: Sequence[int]) -> list[Event]:
        for finished in finished_frames(drawing, frames, self._inputs, self._engine):
            self._put(finished)
        return [FrameFinished(frame) for frame in frames]

    # A pass

    def _propagate(self, side: str) -> Generator["_Step", None, None]:
        """Make the drawings of a pass, and decide after which ones a resume point is due."""
        order, length = self._job.pass_order(side), self._job.pass_length(side)
        drawings = self._start_pass(side)
        clock = _ResumeClock()
        for result in drawings:
            yield _Step(side, result, clock.is_due() or result.frame == order[length])

    def _start_pass(self, side: str) -> Iterator[StylisedFrame]:
        """Propagate the key of a side, from the last resume point to the last needed drawing."""
        order, length = self._job.pass_order(side), self._job.pass_length(side)
        state = self._resume_state(side)
        passed = 0 if state is None else order.index(state.frame)
        if passed >= length:
            return iter(())
        scene = pass_scene(self._inputs, self._job, self._engine, order[0])
        # Nothing else may reference the key and the state, because they are large and the pass frees them after use.
        key = key_picture(self._inputs, self._job, order[0])
        return propagate_key(order[: length + 1], scene, key, self._engine.synthesis, state)

    def _resume_state(self, side: str) -> PassState | None:
        """Read the last resume point of a pass, unless it is past a needed drawing that is not stored."""
        state, order = self._files.load_resume_point(side), self._job.pass_order(side)
        if state is None or state.frame not in order:
            return None
        passed = self._needed.intersection(order[1 : order.index(state.frame) + 1])
        return state if all(self._files.has_drawing(side, drawing) for drawing in passed) else None


class DrawingPairs:
    """Drawings that two concurrent passes have stored. stored: those of earlier runs, by side."""

    def __init__(self, stored: Mapping[str, Iterable[int]]) -> None:
        self._stored = {side: set(drawings) for side, drawings in stored.items()}
        self._lock = threading.Lock()

    def complete(self) -> list[int]:
        """Return the drawings that both passes have stored, ascending."""
        return sorted(self._stored[FORWARD] & self._stored[BACKWARD])

    def add(self, side: str, drawing: int) -> bool:
        """Record that a pass has stored a drawing; return whether this completes the pair, true for one call only."""
        with self._lock:
            new = drawing not in self._stored[side]
            self._stored[side].add(drawing)
            return new and drawing in self._stored[BACKWARD if side == FORWARD else FORWARD]


@dataclass(frozen=True)
class _Step:
    """Drawing that the pass of a side has made."""

    side: str
    result: StylisedFrame
    resume_point_due: bool

    @property
    def drawing(self) -> int:
        """Frame number of the drawing."""
        return self.result.frame


class _ResumeClock:
    """Timer of a pass's resume points: after its first drawing, and then at increasing intervals."""

    def __init__(self) -> None:
        self._started = self._last = time.monotonic()

    def is_due(self) -> bool:
        """Return whether a resume point is due now, and count it as written."""
        now = time.monotonic()
        due = now - self._last >= min(RESUME_INTERVAL, self._last - self._started)
        if due:
            self._last = now
        return due
