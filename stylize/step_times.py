"""Times of the steps of each stage of a run, measured from its events."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import mean

from stylize.events import Event, KeyRendered, StageProgress

RENDER = "render"


@dataclass(frozen=True)
class StageTime:
    """Time of a stage in seconds. step: one step, without startup. startup: constant part."""

    step: float
    startup: float


@dataclass
class StepTimes:
    """Times of the steps of each stage, by the label of the stage in ``StageProgress``.

    clock: returns seconds. Steps that are reported together are ignored, as an earlier run made them, and so are keys
    that were not rendered. started: start of the run, if earlier than now. whole: time of each stage from the end of
    the stage before it, or from the start of the run, to its own last event.
    """

    clock: Callable[[], float] = time.monotonic
    started: float | None = None
    seconds: dict[str, list[float]] = field(default_factory=dict)
    whole: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._ended = self.clock() if self.started is None else self.started
        # Label, steps done, and the time when they were.
        self._last = ("", 0, self._ended)
        self._is_rendered = False

    def resume(self) -> None:
        """Leave out the time since the last event, in which the caller did something else."""
        self._ended = self.clock()

    def receive(self, event: Event) -> None:
        """Measure the step that an event of the run reports."""
        if isinstance(event, KeyRendered):
            self._is_rendered = True
        if not isinstance(event, StageProgress):
            return
        now, (label, done, before) = self.clock(), self._last
        self.whole[event.label] = self.whole.get(event.label, 0.0) + now - self._ended
        self._ended = now
        if (event.label, event.done) == (label, done):  # a part of a step
            return
        counts = event.stage != RENDER or self._is_rendered
        self._is_rendered = False
        if event.label == label and event.done == done + 1 and counts:
            self.seconds.setdefault(label, []).append(now - before)
        self._last = (event.label, event.done, now)

    def stage(self, label: str) -> StageTime | None:
        """Return the time of a stage, or None if no step was measured."""
        return stage_time(self.seconds.get(label, ()))


def stage_time(seconds: Sequence[float]) -> StageTime | None:
    """Return the time of a stage from the times of its steps, or None if there are none."""
    if not seconds:
        return None
    longest = max(seconds)
    rest = sorted(seconds)[:-1] or [longest]
    return StageTime(mean(rest), longest - mean(rest))
