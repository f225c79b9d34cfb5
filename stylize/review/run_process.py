"""Process in which runs compute, apart from the server: it can be paused or killed, and the server stays responsive.

The process stays ready between runs, so that libraries and kernels are loaded once. It ends with the server, even if
the server is killed. It is killed between runs instead of exiting by itself: once kernels have run in several threads,
TBB can wait forever for its workers when numba unloads it as Python exits.
"""

import contextlib
import multiprocessing
import os
import queue
import signal
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from stylize.errors import CancelledError, StylizeError
from stylize.events import Event, FrameFinished, KeyRendered, Message, StageProgress
from stylize.jobs import sigint_blocked
from stylize.review.actions import perform
from stylize.visible_text import visible

# Orders to the process, and its messages.
_DO, _CANCEL = "do", "cancel"
_EVENT, _ENDED = "event", "ended"
# How a run has ended.
DONE, CANCELLED, FAILED, KILLED = "done", "cancelled", "failed", "killed"


@dataclass(frozen=True)
class Ending:
    """End of a run. how: see above. text: one line, empty if the run is done. value: what the action returned."""

    how: str
    text: str = ""
    value: Any = None


@dataclass(frozen=True)
class Order:
    """Order to perform an action on a project. number: of the order, by which it can be cancelled."""

    number: int
    action: str
    root: Path
    options: Mapping[str, Any]


class RunProcess:
    """Process that performs one action at a time. The first action starts it, and the next one after it was killed."""

    def __init__(self) -> None:
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._lock = threading.Lock()

    def do(self, order: Order, receive: Callable[[dict[str, Any]], None]) -> Ending:
        """Perform an action, and wait for its end. receive: gets the events of ``event_values``."""
        pipe = self._start()
        try:
            with self._lock:
                pipe.send((_DO, order))
            while True:
                kind, value = pipe.recv()
                if kind == _ENDED:
                    return Ending(*value)
                receive(value)
        except (EOFError, OSError):
            return self._killed()

    def cancel(self, number: int) -> None:
        """Ask the action of an order to end, even if it has not begun yet. Finished work is kept."""
        with self._lock, contextlib.suppress(OSError):
            if self._pipe is not None:
                self._pipe.send((_CANCEL, number))

    def stop(self) -> None:
        """Kill the process. Nothing may be in progress; writes are atomic, so that no file is left incomplete."""
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process.join()

    @property
    def pid(self) -> int | None:
        """Id of the process; None if there is none."""
        return None if self._process is None else self._process.pid

    def _start(self) -> Connection:
        with self._lock:
            if self._process is None or self._pipe is None or not self._process.is_alive():
                context = multiprocessing.get_context("spawn")
                self._pipe, other = context.Pipe()
                # Not a daemon, because the processes of --jobs are its children.
                self._process = context.Process(target=_main, args=(other,), name="review run", daemon=False)
                with sigint_blocked():
                    self._process.start()
                other.close()
            return self._pipe

    def _killed(self) -> Ending:
        assert self._process is not None
        self._process.join()
        code = self._process.exitcode
        how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with exit code {code}"
        return Ending(
            KILLED, f"the process of the run {how}, most often for lack of memory; finished work is kept, and the next "
            "run continues from here",
        )  # fmt: skip


def _main(pipe: Connection) -> None:
    """Do what the server asks for, until it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server handles Ctrl-C
    orders = _Orders()
    threading.Thread(target=orders.listen, args=(pipe,), name="orders", daemon=True).start()
    while True:
        order = orders.waiting.get()
        ending = _ended(order, pipe, partial(orders.is_cancelled, order.number))
        with contextlib.suppress(OSError):
            pipe.send((_ENDED, (ending.how, ending.text, ending.value)))


class _Orders:
    """Orders of the server, as they arrive."""

    def __init__(self) -> None:
        self.waiting = queue.SimpleQueue[Order]()
        self._cancelled = -1

    def listen(self, pipe: Connection) -> None:
        """Receive orders until the server ends."""
        while True:
            try:
                kind, value = pipe.recv()
            except (EOFError, OSError):
                os._exit(1)  # the server was killed; another one may continue the run at once
            if kind == _DO:
                self.waiting.put(value)
            else:
                self._cancelled = max(self._cancelled, value)

    def is_cancelled(self, number: int) -> bool:
        """Return whether an order must end. Orders before a cancelled one have ended."""
        return number <= self._cancelled


def _ended(order: Order, pipe: Connection, is_cancelled: Callable[[], bool]) -> Ending:
    """Perform an action, and return how it has ended."""

    def receive(event: Event) -> None:
        sent = event_values(event, order.root)
        if sent is not None:
            pipe.send((_EVENT, sent))

    try:
        return Ending(DONE, value=perform(order.action, order.root, order.options, receive, is_cancelled))
    except CancelledError:
        return Ending(CANCELLED, "Cancelled. Finished work is kept, and the next run continues from here.")
    except StylizeError as error:
        return Ending(FAILED, visible(str(error)))
    except MemoryError:
        return Ending(FAILED, "out of memory; use smaller or fewer frames (finished work is kept)")
    except OSError as error:
        return Ending(FAILED, visible(f"{error.filename or 'a file'}: {error.strerror or error}"))
    except Exception as error:
        traceback.print_exc()
        return Ending(FAILED, f"internal error: {visible(repr(error))}")


def event_values(event: Event, root: Path) -> dict[str, Any] | None:
    """Return an event of a run for the pages; None for those that they do not show. root: folder of the project."""
    if isinstance(event, StageProgress):
        seconds = event.run_seconds_left if event.run_seconds_left is not None else event.seconds_left
        return {
            "type": "progress", "label": visible(event.label), "done": event.done + event.part, "total": event.total,
            "place": event.place, "places": event.places, "seconds_left": seconds,
            "is_whole": event.run_seconds_left is not None,
        }  # fmt: skip
    if isinstance(event, FrameFinished):
        return {"type": "frame", "frame": event.frame, "part": _part_of(event.path, root)}
    if isinstance(event, KeyRendered):
        return {"type": "key", "frame": event.frame, "part": _part_of(event.path, root)}
    if isinstance(event, Message) and not event.is_detail:
        return {"type": "message", "text": visible(str(event))}
    return None


def _part_of(path: Path, root: Path) -> str:
    """Return the name of the part that a frame or a key belongs to; see ``shown_project.Part``."""
    part = path.parent.parent
    return part.relative_to(root).as_posix().removeprefix(".") if part.is_relative_to(root) else ""
