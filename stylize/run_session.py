"""Shot that is open for a run in Python: its plan, its keys, its tasks, and its frames as they finish."""

import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from stylize import pipeline
from stylize.errors import SessionError
from stylize.events import Event, FrameFinished
from stylize.jobs import Task
from stylize.look_pipeline import LookRun
from stylize.pending_work import PendingWork, pending_work
from stylize.planning.picking import ShotPlan
from stylize.reporter import Reporter
from stylize.request import Request
from stylize.result import Result
from stylize.settings import Settings
from stylize.threads import use_threads

_NOT_OPEN = "the session is not open; use it inside a block: with stylize.open(shot) as session"


@dataclass(frozen=True)
class PlannedKey:
    """Keyframe of a run. reason: for picking it. path: path of its picture. is_painted: by hand. exists: whether the
    picture does.

    An existing picture is rendered again if its inputs have changed.
    """

    frame: int
    layer: str
    reason: str
    path: Path
    is_painted: bool
    exists: bool


class RunSession:
    """Shot that is open for one run; see ``stylize.open``. Other runs in its project are excluded until it closes.

    It is open inside its ``with`` block, with one run at a time; otherwise its members raise SessionError.
    ``settings``, ``project`` and ``result`` remain available afterwards; ``result`` is None until a run has ended.
    ``plan``, ``keys`` and ``tasks`` are computed at first use, which splits the shot and picks keyframes.
    """

    def __init__(self, request: Request, reporter: Reporter) -> None:
        self.result: Result | None = None
        self._request, self._on_event = request, reporter.on_event
        self._receive = reporter.on_event
        self._stopped, self._thread = threading.Event(), threading.Thread()
        is_cancelled = reporter.is_cancelled
        self._reporter = replace(
            reporter,
            on_event=lambda event: self._receive(event),
            is_cancelled=lambda: self._stopped.is_set() or is_cancelled(),
        )
        self._stack = ExitStack()
        self._opened: pipeline.Run | None = None
        self._is_open = False
        self._is_running = threading.Lock()

    def __enter__(self) -> Self:
        if self._is_open:
            raise SessionError("the session is already open; open a new one for another run")
        request = self._request
        self._opened = self._stack.enter_context(
            pipeline.open_run(request.shot, request.settings, request.project, self._reporter)
        )
        self._is_open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop()
        self._is_open = False
        self._stack.__exit__(kind, error, traceback)

    @property
    def _run(self) -> pipeline.Run:
        """Run of an open session. Raises SessionError if it is not open, because its project is then not locked."""
        if not self._is_open:
            raise SessionError(_NOT_OPEN)
        return self._last

    @property
    def _last(self) -> pipeline.Run:
        """Run of a session that is or was open. Raises SessionError if it has never been opened."""
        if self._opened is None:
            raise SessionError(_NOT_OPEN)
        return self._opened

    @property
    def settings(self) -> Settings:
        """Settings that the run applies."""
        return self._last.context.settings

    @property
    def project(self) -> Path:
        """Folder of the project."""
        return self._last.context.project.main.root

    @property
    def plan(self) -> tuple[ShotPlan, ...]:
        """Cuts and keyframes of all layers, without those that refinement has yet to add."""
        return self._run.shots()

    @property
    def keys(self) -> tuple[PlannedKey, ...]:
        """Keyframes of every layer, lowest first, with the current state of their pictures."""
        return tuple(key for look in self._run.look_runs for key in _keys(look))

    @property
    def tasks(self) -> tuple[Task, ...]:
        """All tasks of the run, including those already done, each after those that it needs."""
        return tuple(self._run.tasks())

    @property
    def pending(self) -> PendingWork:
        """Work that the run has to do, and how long it takes; found without doing any of it."""
        run = self._run
        return pending_work(run.context, run.look_runs, run.context.settings, run.speeds)

    def run(self) -> Result:
        """Run the remaining tasks, and return the result, which is also stored in ``result``. Raises a StylizeError."""
        with self._running():
            self._run.times.resume()
            self.result = self._run.run()
        return self.result

    def frames(self) -> Iterator[FrameFinished]:
        """Run, and yield every frame of the whole shot when its picture is complete; then the reused frames, in order.

        The run continues in its own thread while the caller processes a frame; events are received in the caller's
        thread. Leaving the loop early cancels the run. After the last frame, ``result`` is complete. Raises a
        StylizeError.
        """
        made = set[int]()
        with self._running(), closing(self._events()) as events:
            for event in events:
                self._on_event(event)
                if isinstance(event, FrameFinished) and not event.layer:
                    made.add(event.frame)
                    yield event
        assert self.result is not None  # the run has ended without an error
        for frame, path in sorted(self.result.frames.items()):
            if frame not in made:
                yield FrameFinished(frame, path)

    def __iter__(self) -> Iterator[FrameFinished]:
        return self.frames()

    @contextmanager
    def _running(self) -> Iterator[None]:
        """Reserve the session for one run. Raises SessionError if it is already running."""
        if not self._is_running.acquire(blocking=False):
            raise SessionError("the session is already running; finish or leave the loop over its frames first")
        try:
            yield
        finally:
            self._is_running.release()

    def _events(self) -> Generator[Event, None, None]:
        """Run in another thread and yield the events; re-raise the error that ends the run. Closing ends the run."""
        waiting: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        errors: list[BaseException] = []

        def work() -> None:
            try:
                use_threads(self.settings.threads)
                self._run.times.resume()
                self.result = self._run.run()
            except BaseException as error:
                errors.append(error)
            finally:
                waiting.put(None)

        self._receive = waiting.put
        self._thread = threading.Thread(target=work, name="stylize", daemon=True)
        self._thread.start()
        try:
            while (event := waiting.get()) is not None:
                yield event
        finally:
            self._stop()
        if errors:
            raise errors[0]

    def _stop(self) -> None:
        """Stop the run in the other thread, if any, and wait for it."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        self._stopped.clear()
        self._receive = self._on_event


def _keys(look: LookRun) -> Iterator[PlannedKey]:
    context = look.context
    files, painted = context.keys.files(), context.keys.painted()
    for plan in look.shots:
        for key in plan.keyframes:
            path = files.get(key.frame, context.file("keys", key.frame))
            yield PlannedKey(key.frame, context.name, key.reason, path, key.frame in painted, path.is_file())
