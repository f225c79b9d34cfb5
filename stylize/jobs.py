"""Tasks of a run, and their execution by this process or by several at once; the result does not depend on which.

A worker is a fresh process (spawned, so the same on every platform), which receives once what all tasks need. It
reports through its own pipe, so a worker that is killed does not affect the others. Workers leave Ctrl-C to the parent,
and exit when the parent has ended.
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

# Messages of a worker, each with one value: it waits for a task, a task reports an event, a task is done, an error.
_READY, _EVENT, _DONE, _FAILED = "ready", "event", "done", "failed"


@dataclass(frozen=True)
class Task:
    """One task of a run.

    id: its kind, and what distinguishes it from others of the kind, as ``span:0007``. needs: ids of the tasks that must
    be done before; ids that are not in a list count as done. produces: files that exist when it is done. details: data
    for its runner, picklable if it goes to another process. cost: in units of its kind.
    """

    id: str
    needs: tuple[str, ...] = ()
    produces: tuple[Path, ...] = ()
    details: Any = None
    cost: float = 1.0

    @property
    def kind(self) -> str:
        """First word of the id."""
        return self.id.partition(":")[0]


def task_id(kind: str, *which: str) -> str:
    """Return the id of a task: its kind, and the words that are not empty, such as layer and frame."""
    return ":".join([kind, *filter(None, which)])


@dataclass(frozen=True)
class WorkerSetup(Generic[Payload, Event]):
    """Setup of a process. ``prepare`` is a function of a module, and all that is passed can be pickled.

    prepare: called once per process with the payload; returns a function from a task to the events it reports.
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
    """Run all tasks, ``jobs`` at a time, in order of the list, each as soon as all that it needs is done.

    The callbacks are called in this process, one after the other. An error of a task stops all others and is raised
    here. Raises JobError when a process was killed, ValueError for tasks that need each other.
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
    """Waiting tasks, in order, and the tasks that others wait for."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.pending = list(tasks)
        self._open = {task.id for task in tasks}

    def next(self, *, idle: bool) -> Task | None:
        """Remove and return the first task that can run, if there is one. idle: no other task is running."""
        for place, task in enumerate(self.pending):
            if not self._open.intersection(task.needs):
                return self.pending.pop(place)
        if idle and self.pending:
            raise ValueError(f"{self.pending[0].id} needs tasks that need it")
        return None

    def finish(self, task: Task) -> None:
        """Mark a task as done, so that tasks that wait for it can run."""
        self._open.discard(task.id)


@dataclass
class _WorkerPool:
    """The processes, their pipes, and the processes that have reported that they are ready."""

    processes: list[SpawnProcess]
    pipes: list[Connection]
    ready: set[int] = field(default_factory=set)

    def receive(self) -> Iterator[tuple[int, str, Any]]:
        """Yield the messages of the workers; waits for the first. Raises JobError when a worker has ended."""
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
        """Return the workers that are ready and run no task."""
        return sorted(self.ready - set(running))

    def assign(self, number: int, task: Any) -> None:
        """Send a task to a worker. Raises JobError when the worker has ended."""
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
        """Kill all workers at once; writes are atomic, so no file is left half written."""
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
    """Block Ctrl-C for processes started meanwhile, even before they can ignore it; this process gets it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    previous_mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous_mask)


def _worker_main(pipe: Connection, setup: WorkerSetup[Any, Any]) -> None:
    """Run the main loop of a worker."""
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
        os._exit(1)  # the parent has ended


def _receive_task(pipe: Connection) -> Any:
    try:
        return pipe.recv()
    except (EOFError, OSError):
        os._exit(1)


def _exit_with_parent() -> None:
    # A worker that outlives its parent would write into a project that another run may have opened.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _picklable_error(error: Exception) -> Exception:
    """Return the error itself where it can be pickled, with its traceback as a note unless raised on purpose."""
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
    """Return an error as it arrives at the other end of a pipe. Raises whatever pickling raises."""
    arrived: Exception = pickle.loads(pickle.dumps(error))
    return arrived
