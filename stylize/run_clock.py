"""Clock of a run: where a stage stands among all stages of the run, and how much time is left.

The time left in a stage follows from its steps so far, together with the expected time of a step, if that is known from
earlier runs. The time left in the run adds the expected times of all later stages.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# Number of steps that the expected time of a step counts as, against the measured ones.
EXPECTED_STEPS = 1.0
# Share of a step that must be measured if nothing is expected.
MIN_MEASURED = 0.25


@dataclass(frozen=True)
class ExpectedStage:
    """A stage that the run goes through. stage, layer: see ``StageProgress``. seconds: expected time; None if unknown.

    fixed: the part of these seconds that does not depend on the number of steps.
    """

    stage: str
    layer: str = ""
    seconds: float | None = None
    fixed: float = 0.0


@dataclass(frozen=True)
class ClockReading:
    """Times at a step of a stage; see ``StageProgress``."""

    seconds_left: float | None
    run_seconds_left: float | None
    place: int
    places: int


@dataclass
class _Timed:
    """Times of a stage that has begun: when it did, its progress then, and its latest progress."""

    started: float
    first: float
    last: float


class RunClock:
    """Clock of one run, shared by the reporters of its layers. clock: returns seconds. started: when it was made."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.started = clock()
        self._expected: tuple[ExpectedStage, ...] = ()
        self._timed: dict[tuple[str, str], _Timed] = {}

    def expect(self, stages: Sequence[ExpectedStage]) -> None:
        """Set the stages of the run, in order; it may be called again once more is known."""
        self._expected = tuple(stages)

    def read(self, stage: str, layer: str, progress: float, total: int) -> ClockReading:
        """Return the times at ``progress`` of ``total`` steps, where a step in progress counts in part."""
        place = next((n for n, one in enumerate(self._expected, 1) if (one.stage, one.layer) == (stage, layer)), 0)
        left = self._seconds_left(stage, layer, progress, total, place)
        later = [one.seconds for one in self._expected[place:]]
        run_left = None
        if place and left is not None and None not in later:
            run_left = left + sum(seconds for seconds in later if seconds is not None)
        return ClockReading(left, run_left, place, len(self._expected) if place else 0)

    def _seconds_left(self, stage: str, layer: str, progress: float, total: int, place: int) -> float | None:
        now = self._clock()
        timed = self._timed.setdefault((stage, layer), _Timed(now, progress, progress))
        if progress < timed.last:  # the stage runs again
            timed.started, timed.first = now, progress
        timed.last = progress
        if progress >= total:
            return 0.0
        measured, seconds = progress - timed.first, now - timed.started
        expected = self._expected[place - 1] if place else None
        if expected is None or expected.seconds is None:
            return seconds / measured * (total - progress) if measured >= MIN_MEASURED else None
        step = (expected.seconds - expected.fixed) / total
        # The fixed part passes first.
        fixed = max(0.0, expected.fixed - seconds)
        weighted = (max(0.0, seconds - expected.fixed) + EXPECTED_STEPS * step) / (measured + EXPECTED_STEPS)
        return fixed + weighted * (total - progress)
