"""Progress inside a key: work of unequal parts, reported in equal steps."""

from collections.abc import Callable
from dataclasses import dataclass

# Number of steps that a key is reported in.
STEPS = 100


@dataclass
class KeyProgress:
    """Progress of one key. on_step: called with the steps done and in total. total: of the work, in any unit."""

    on_step: Callable[[int, int], None]
    total: float
    done: float = 0.0
    reported: int = 0

    def add(self, work: float) -> None:
        """Count finished work, and report each further step. The last step is left for ``finish``."""
        self.done += work
        steps = min(int(STEPS * self.done / self.total), STEPS - 1)
        if steps > self.reported:
            self.reported = steps
            self.on_step(steps, STEPS)

    def finish(self) -> None:
        """Report that the key is done."""
        self.on_step(STEPS, STEPS)
