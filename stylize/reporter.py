"""Reporter of a run: send events, and end the run when it has been cancelled."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

from stylize.errors import CancelledError
from stylize.events import Event, Message, StageProgress, TaskDone, TaskStarted, read_message
from stylize.run_clock import ExpectedStage, RunClock

OnEvent = Callable[[Event], None]
OnProgress = Callable[[str, int, int], None]
OnMessage = Callable[[str], None]


@runtime_checkable
class CancelFlag(Protocol):
    """Flag that is set to cancel a run, such as ``threading.Event``."""

    def is_set(self) -> bool:
        """Return whether the run must end."""
        ...


Cancel = CancelFlag | Callable[[], bool]


@dataclass(frozen=True)
class Reporter:
    """Sender of the events of a run, or of one of its layers.

    is_cancelled: polled after every event, and while a run waits.
    """

    on_event: OnEvent = lambda event: None
    is_cancelled: Callable[[], bool] = lambda: False
    layer: str = ""
    _clock: RunClock = field(default_factory=RunClock, repr=False, compare=False)

    def send(self, event: Event) -> None:
        """Send an event. Raises CancelledError when the run has been cancelled."""
        self.on_event(event)
        self.check()

    def check(self) -> None:
        """Raise CancelledError when the run has been cancelled."""
        if self.is_cancelled():
            raise CancelledError("cancelled; finished work is kept, and the same call continues from here")

    def progress(self, stage: str, done: int, total: int, part: float = 0.0) -> None:
        """Send the progress of a stage, with estimates of the time left. Raises as ``send``."""
        read = self._clock.read(stage, self.layer, done + part, total)
        self.send(
            StageProgress(
                stage, done, total, self.layer, read.seconds_left, part, read.place, read.places, read.run_seconds_left
            )
        )

    @property
    def started(self) -> float:
        """Time when the run began, on the clock of ``time.monotonic``."""
        return self._clock.started

    def expect(self, stages: Sequence[ExpectedStage]) -> None:
        """Set the stages of the run, in order, for all of its layers."""
        self._clock.expect(stages)

    def message(self, text: str) -> None:
        """Send a message, or a warning if a prefix marks it. Raises as ``send``."""
        self.send(read_message(text, self.layer))

    @contextmanager
    def task(self, task: str) -> Iterator[None]:
        """Send an event when a task starts, and one when it is done. Raises as ``send``."""
        self.send(TaskStarted(task))
        yield
        self.send(TaskDone(task))

    def of_layer(self, name: str) -> "Reporter":
        """Return the reporter of a layer, or of the whole shot for an empty name."""
        return replace(self, layer=name)

    def also_to(self, receiver: OnEvent) -> "Reporter":
        """Return a reporter that sends every event to another receiver first."""

        def both(event: Event) -> None:
            receiver(event)
            self.on_event(event)

        return replace(self, on_event=both)


SILENT = Reporter()


def make_reporter(
    on_event: OnEvent | None = None,
    cancel: Cancel | None = None,
    on_progress: OnProgress | None = None,
    on_message: OnMessage | None = None,
) -> Reporter:
    """Return the reporter for the callbacks of a caller; each may be None. Raises TypeError for invalid ones."""
    receivers = {"on_event": on_event, "on_progress": on_progress, "on_message": on_message}
    for name, receiver in receivers.items():
        if receiver is not None and not callable(receiver):
            raise TypeError(f"{name} must be a function, not {type(receiver).__name__}")
    if cancel is not None and not isinstance(cancel, CancelFlag) and not callable(cancel):
        raise TypeError(f"cancel must be a flag, such as threading.Event, or a function, not {type(cancel).__name__}")

    def receive(event: Event) -> None:
        if on_event is not None:
            on_event(event)
        if on_progress is not None and isinstance(event, StageProgress):
            on_progress(event.label, event.done, event.total)
        if on_message is not None and isinstance(event, Message) and not event.is_detail:
            on_message(str(event))

    if cancel is None:
        return Reporter(receive)
    return Reporter(receive, cancel.is_set if isinstance(cancel, CancelFlag) else cancel)
