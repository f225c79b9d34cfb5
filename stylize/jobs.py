"""Tasks of a run, and their execution by this process or by several at once; the result does not depend on which.

A worker is a fresh process (spawned, so the same everywhere), which gets once what all tasks need. It reports through a
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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, Generic, TypeVar

from stylize.errors import JobError, StylizeError

Payload = TypeVar("Payload")
Event = TypeVar("Event")

# Messages of a worker, each with one more value: it waits for a task, a task reports, it has ended, an error.
_READY, _EVENT, _DONE, _FAILED = "ready", "event", "done", "failed"


@dataclass(frozen=True)
class Task:
    """One task of a run.

    id: its kind, and what distinguishes it from others of the kind, as ``span:0007``. needs: ids of the tasks that must
    be done before; ids that are not in a list count as done. produces: files that exist when it is done. details: what
    whoever runs it must know; what goes to another process can be pickled. cost: in units of its kind.
    """

    id: str
    needs: tuple[str, ...] = ()
    produces: tuple[Path, ...] = ()
    details: Any = None
    cost: float = 1.0

    @property
    def kind(self) -> str:
        """The first word of the id."""
        return self.id.partition(":")[0]


def task_id(kind: str, *which: str) -> str:
    """Return the id of a task: its kind, and the words that are not empty, such as layer and frame."""
    return ":".join([kind, *filter(None, which)])


@dataclass(frozen=True)
class WorkerSetup(Generic[Payload, Event]):
    """How a process gets ready. ``prepare`` is a function of a module, and everything that is passed can be pickled.

    prepare: from the payload, once a process, makes what turns a task into the events it reports.
    """

    prepare: Callable[[Payload], Callable[[Task], Iterable[Event]]]
    payload: Payload


def run_in_order(tasks: Sequence[Task], runners: Mapping[str, Callable[[Sequence[Task]], None]]) -> None:
    """Run a list of tasks in this process: neighbours of one kind together, by the runner of that kind.

    Raises ValueError for a task that stands before one that it needs.
    """
    ids, done = {task.id for task in tasks}, set[str]()
    for kind, neighbours in groupby(tasks, key=lambda task: task.kind):
        group = list(neighbours)
        missing = {need for task in group for need in task.needs} & ids - done - {task.id for task in group}
        if missing:
            raise ValueError(f"{group[0].id} stands before {min(missing)}, which it needs")
        runners[kind](group)
        done.update(task.id for task in group)


def run_tasks(
    setup: WorkerSetup[Payload, Event],
    tasks: Sequence[Task],
    jobs: int,
    on_event: Callable[[Task, Event], None],
    on_done: Callable[[Task], None] = lambda task: None,
    on_start: Callable[[Task], None] = lambda task: None,
) -> None:
    """Run all tasks, ``jobs`` at a time, each when all that it needs is done; the first of a list come first.

    Starts, events and ends of tasks are reported here, one after the other. An error of a task stops all others and is
    raised here. Raises JobError when a process was killed, ValueError for tasks that need each other.
    """
    queue = _Queue(tasks)
    if jobs == 1:
        _run_here(setup, queue, on_event, on_done, on_start)
        return
    with _worker_pool(setup, jobs) as pool:
        running = dict[int, Task]()
        while queue.pending or running:
            for number, kind, value in pool.receive():
                if kind == _FAILED:
                    raise value
                if kind == _EVENT:
                    on_event(running[number], value)
                if kind == _DONE:
                    task = running.pop(number)
                    queue.finish(task)
                    on_done(task)
            for number in pool.idle(running):
                next_task = queue.next(idle=not running)
                if next_task is not None:
                    on_start(next_task)
                    running[number] = next_task
                    pool.assign(number, next_task)


def _run_here(
    setup: WorkerSetup[Payload, Event], queue: "_Queue", on_event: Callable[[Task, Event], None],
    on_done: Callable[[Task], None], on_start: Callable[[Task], None],
) -> None:  # fmt: skip
    run_task = setup.prepare(setup.payload)
    while (task := queue.next(idle=True)) is not None:
        on_start(task)
        for event in run_task(task):
            on_event(task, event)
        queue.finish(task)
        on_done(task)


class _Queue:
    """Tasks that wait, in order, and those that must be done before others."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.pending = list(tasks)
        self._open = {task.id for task in tasks}

    def next(self, *, idle: bool) -> Task | None:
        """Take out the first task that can run, if there is one. idle: no other task is running."""
        for place, task in enumerate(self.pending):
            if not self._open.intersection(task.needs):
                return self.pending.pop(place)
        if idle and self.pending:
            raise ValueError(f"{self.pending[0].id} needs tasks that need it")
        return None

    def finish(self, task: Task) -> None:
        """Let those run that have waited for a task."""
        self._open.discard(task.id)


@dataclass
class _WorkerPool:
    """The processes, their pipes, and those among them that have said they are ready."""

    processes: list[SpawnProcess]
    pipes: list[Connection]
    ready: set[int] = field(default_factory=set)

    def receive(self) -> Iterator[tuple[int, str, Any]]:
        """What the workers say, as soon as one says something. Raises JobError when one has ended."""
        for pipe in wait(self.pipes):
            number = self.pipes.index(pipe)  # type: ignore[arg-type]
            try:
                kind, value = self.pipes[number].recv()
            except (EOFError, OSError):
                raise self._worker_error(number) from None
            if kind == _READY:
                self.ready.add(number)
            yield number, kind, value

    def idle(self, running: Iterable[int]) -> list[int]:
        """Those that could do a task."""
        return sorted(self.ready - set(running))

    def assign(self, number: int, task: Any) -> None:
        """Sends a task. Raises JobError when the worker has ended."""
        try:
            self.pipes[number].send(task)
        except OSError:
            raise self._worker_error(number) from None

    def _worker_error(self, number: int) -> JobError:
        self.processes[number].join(5)
        code = self.processes[number].exitcode
        if number not in self.ready:
            return JobError(
                f"a process of --jobs could not start (exit code {code}); use --jobs 1, and in a script of your own "
                'call stylize.run under if __name__ == "__main__"'
            )
        ending = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with exit code {code}"
        return JobError(
            f"a process of --jobs {ending}, most often for want of memory; run again with fewer --jobs: what is done "
            "is kept, and the same command goes on from here"
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
def _worker_pool(setup: WorkerSetup[Payload, Event], jobs: int) -> Iterator[_WorkerPool]:
    spawn = multiprocessing.get_context("spawn")
    pool = _WorkerPool([], [])
    try:
        for _ in range(jobs):
            parent_end, child_end = spawn.Pipe()
            process = spawn.Process(target=_worker_main, args=(child_end, setup), daemon=True)
            with _sigint_blocked():
                process.start()
            child_end.close()
            pool.processes.append(process)
            pool.pipes.append(parent_end)
        yield pool
    finally:
        pool.stop()


@contextlib.contextmanager
def _sigint_blocked() -> Iterator[None]:
    """A process started here never gets Ctrl-C, not even before it can say so itself; ours comes afterwards."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    previous_mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous_mask)


def _worker_main(pipe: Connection, setup: WorkerSetup[Any, Any]) -> None:
    """The life of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    try:
        run_task = setup.prepare(setup.payload)
        _send(pipe, _READY)
        while True:
            for event in run_task(_receive_task(pipe)):
                _send(pipe, _EVENT, event)
            _send(pipe, _DONE)
    except Exception as error:
        _send(pipe, _FAILED, _picklable_error(error))


def _send(pipe: Connection, kind: str, value: Any = None) -> None:
    try:
        pipe.send((kind, value))
    except OSError:
        os._exit(1)  # nobody is left to hear it


def _receive_task(pipe: Connection) -> Any:
    try:
        return pipe.recv()
    except (EOFError, OSError):
        os._exit(1)


def _exit_with_parent() -> None:
    # A worker that outlived its parent would write into a project that another run may have taken up.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _picklable_error(error: Exception) -> Exception:
    """The error itself where it can be sent, with the place it comes from when nobody meant it."""
    if isinstance(error, MemoryError):
        return JobError(
            "a process of --jobs ran out of memory; run again with fewer --jobs: what is done is kept, and the same "
            "command goes on from here"
        )
    if not isinstance(error, StylizeError):
        error.add_note(traceback.format_exc())
    try:
        return _pickle_round_trip(error)
    except Exception:
        return RuntimeError("".join(traceback.format_exception(error)))


def _pickle_round_trip(error: Exception) -> Exception:
    """What arrives at the other end of a pipe. Raises whatever keeps it from arriving."""
    arrived: Exception = pickle.loads(pickle.dumps(error))
    return arrived
