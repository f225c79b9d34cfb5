"""Tasks worked off by this process, or by several at once; what they make does not depend on which.

A worker is a fresh process (spawned, so the same everywhere), told once what all tasks need. It reports through a
pipe of its own, so that one which is killed takes nothing with it. Workers leave Ctrl-C to the parent, and end by
themselves when the parent has gone.
"""

import contextlib
import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Generic, TypeVar

from stylize.errors import JobError, StylizeError

Payload = TypeVar("Payload")
Task = TypeVar("Task")
Event = TypeVar("Event")

# What a worker says, with one more thing: that it waits for a task, what a task reports, its end, an error.
_READY, _EVENT, _DONE, _FAILED = "ready", "event", "done", "failed"


@dataclass(frozen=True)
class Trade(Generic[Payload, Task, Event]):
    """How tasks are done. ``prepare`` is a function of a module, and everything that is passed can be pickled.

    prepare: from the payload, once a process, makes what turns a task into the events it reports.
    """

    prepare: Callable[[Payload], Callable[[Task], Iterable[Event]]]
    payload: Payload


def work_off(
    trade: Trade[Payload, Task, Event],
    tasks: Sequence[Task],
    jobs: int,
    on_event: Callable[[Task, Event], None],
    then: Callable[[Task], Iterable[Task]] = lambda task: (),
) -> None:
    """Works off all tasks, ``jobs`` at a time; events and ends of tasks are told here, one after the other.

    then: called when a task is done; tells which further tasks have become possible.
    An error of a task stops all others and comes out here. Raises JobError when a process was killed.
    """
    if jobs == 1:
        _alone(trade, tasks, on_event, then)
        return
    with _crew(trade, jobs) as crew:
        waiting, busy = deque(tasks), dict[int, Task]()
        while waiting or busy:
            for number, said, value in crew.hear():
                if said == _FAILED:
                    raise value
                if said == _EVENT:
                    on_event(busy[number], value)
                if said == _DONE:
                    waiting.extend(then(busy.pop(number)))
            for number in crew.idle(busy):
                if waiting:
                    busy[number] = waiting.popleft()
                    crew.give(number, busy[number])


def _alone(
    trade: Trade[Payload, Task, Event], tasks: Sequence[Task], on_event: Callable[[Task, Event], None],
    then: Callable[[Task], Iterable[Task]],
) -> None:  # fmt: skip
    work = trade.prepare(trade.payload)
    waiting = deque(tasks)
    while waiting:
        task = waiting.popleft()
        for event in work(task):
            on_event(task, event)
        waiting.extend(then(task))


@dataclass
class _Crew:
    """The processes, their pipes, and those among them that have said they are ready."""

    processes: list[SpawnProcess]
    pipes: list[Connection]
    ready: set[int] = field(default_factory=set)

    def hear(self) -> Iterator[tuple[int, str, Any]]:
        """What the workers say, as soon as one says something. Raises JobError when one has ended."""
        for pipe in wait(self.pipes):
            number = self.pipes.index(pipe)  # type: ignore[arg-type]
            try:
                said, value = self.pipes[number].recv()
            except (EOFError, OSError):
                raise self._ended(number) from None
            if said == _READY:
                self.ready.add(number)
            yield number, said, value

    def idle(self, busy: Iterable[int]) -> list[int]:
        """Those that could do a task."""
        return sorted(self.ready - set(busy))

    def give(self, number: int, task: Any) -> None:
        """Sends a task. Raises JobError when the worker has ended."""
        try:
            self.pipes[number].send(task)
        except OSError:
            raise self._ended(number) from None

    def _ended(self, number: int) -> JobError:
        self.processes[number].join(5)
        code = self.processes[number].exitcode
        if number not in self.ready:
            return JobError(
                f"a process of --jobs could not start (exit code {code}); use --jobs 1, and in a script of your own "
                'call stylize.run under if __name__ == "__main__"'
            )
        how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with exit code {code}"
        return JobError(
            f"a process of --jobs {how}, most often for want of memory; run again with fewer --jobs: what is done is "
            "kept, and the same command goes on from here"
        )

    def stop(self) -> None:
        """Ends all of them at once: files appear whole or not at all, so nothing is left half written."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.join()
            process.close()
        for pipe in self.pipes:
            pipe.close()


@contextlib.contextmanager
def _crew(trade: Trade[Payload, Task, Event], jobs: int) -> Iterator[_Crew]:
    spawn = multiprocessing.get_context("spawn")
    crew = _Crew([], [])
    try:
        for _ in range(jobs):
            ours, theirs = spawn.Pipe()
            process = spawn.Process(target=_serve, args=(theirs, trade), daemon=True)
            with _undisturbed():
                process.start()
            theirs.close()
            crew.processes.append(process)
            crew.pipes.append(ours)
        yield crew
    finally:
        crew.stop()


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """A process started here never gets Ctrl-C, not even before it can say so itself; ours comes afterwards."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: Connection, trade: Trade[Any, Any, Any]) -> None:
    """The life of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        work = trade.prepare(trade.payload)
        _say(pipe, _READY)
        while True:
            for event in work(_asked(pipe)):
                _say(pipe, _EVENT, event)
            _say(pipe, _DONE)
    except Exception as error:
        _say(pipe, _FAILED, _portable(error))


def _say(pipe: Connection, what: str, more: Any = None) -> None:
    try:
        pipe.send((what, more))
    except OSError:
        os._exit(1)  # nobody is left to hear it


def _asked(pipe: Connection) -> Any:
    try:
        return pipe.recv()
    except (EOFError, OSError):
        os._exit(1)


def _end_with_parent() -> None:
    # A worker that outlived its parent would write into a project that another run may have taken up.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _portable(error: Exception) -> Exception:
    """The error itself where it can be sent, with the place it comes from when nobody meant it."""
    if isinstance(error, MemoryError):
        return JobError(
            "a process of --jobs ran out of memory; run again with fewer --jobs: what is done is kept, and the same "
            "command goes on from here"
        )
    if not isinstance(error, StylizeError):
        error.add_note(traceback.format_exc())
    try:
        return _same(error)
    except Exception:
        return RuntimeError("".join(traceback.format_exception(error)))


def _same(error: Exception) -> Exception:
    """What arrives at the other end of a pipe. Raises whatever keeps it from arriving."""
    arrived: Exception = pickle.loads(pickle.dumps(error))
    return arrived
