"""Tasks of a run, and their execution by this process or by several; the result is the same.

A worker is a new process, which receives the common data of all tasks once. On Linux it is forked from a server that
has imported what workers need; the server is started once and has a single thread. Elsewhere each worker imports
everything itself. A worker reports through its own pipe, so that a killed worker does not affect the others. Workers
ignore Ctrl-C, which the parent handles, and exit when the parent has ended.
"""

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, ForkServerProcess, SpawnContext, SpawnProcess
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from stylize.errors import JobError, StylizeError

Payload = TypeVar("Payload")
Event = TypeVar("Event")

# Messages of a worker, each with one value: ready for a task, event of a task, task done, error.
_READY, _EVENT, _DONE, _FAILED = "ready", "event", "done", "failed"
# End of the events of a task.
_NO_EVENT = object()
# Polling interval, in seconds, of a process that waits for others.
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Task:
    """Task of a run.

    id: its kind and a distinguishing part, such as ``span:0007``. needs: ids of the tasks that must be done first; ids
    that are not in the list of tasks count as done. produces: files that exist when the task is done. details: data for
    its runner, picklable if it is sent to another process. cost: in units that depend on the kind.
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
    """Return the id of a task: its kind and the nonempty words, such as layer and frame."""
    return ":".join([kind, *filter(None, which)])


@dataclass(frozen=True)
class WorkerSetup(Generic[Payload, Event]):
    """Setup of a process. ``prepare`` must be a module-level function, and everything passed must be picklable.

    prepare: called once per process with the payload; returns a function from a task to the events it reports.
    imports: names of modules that every process needs. They must not start threads.
    """

    prepare: Callable[[Payload], Callable[[Task], Iterable[Event]]]
    payload: Payload
    imports: Sequence[str] = ()


def run_in_order(tasks: Sequence[Task], runners: Mapping[str, Callable[[Sequence[Task]], None]]) -> None:
    """Run tasks in this process, in order; consecutive tasks of one kind go to the runner of that kind together.

    Raises ValueError for a task that precedes one that it needs.
    """
    ids, done = {task.id for task in tasks}, set[str]()
    for kind, neighbours in groupby(tasks, key=lambda task: task.kind):
        group = list(neighbours)
        missing = {need for task in group for need in task.needs} & ids - done - {task.id for task in group}
        if missing:
            raise ValueError(f"{group[0].id} precedes {min(missing)}, which it needs")
        runners[kind](group)
        done.update(task.id for task in group)


def run_tasks(
    setup: WorkerSetup[Payload, Event],
    tasks: Sequence[Task],
    jobs: int,
    on_event: Callable[[Task, Event], None],
    on_done: Callable[[Task], None] = lambda task: None,
    on_start: Callable[[Task], None] = lambda task: None,
    poll: Callable[[], None] = lambda: None,
) -> None:
    """Run all tasks, ``jobs`` at a time, in list order; a task starts once the tasks that it needs are done.

    The callbacks are called in this process, one at a time; ``poll`` is also called while waiting. An error of a task
    or a callback stops all others and is re-raised here. Raises JobError when a process was killed, ValueError for
    circular needs.
    """
    queue = _Queue(tasks)
    if jobs == 1:
        _run_here(setup, queue, on_event, on_done, on_start, poll)
        return
    with _worker_pool(setup, jobs) as pool:
        running = dict[int, Task]()
        while queue.pending or running:
            poll()
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
    on_done: Callable[[Task], None], on_start: Callable[[Task], None], poll: Callable[[], None],
) -> None:  # fmt: skip
    run_task = setup.prepare(setup.payload)
    while (task := queue.next(idle=True)) is not None:
        on_start(task)
        poll()
        for event in run_task(task):
            on_event(task, event)
        queue.finish(task)
        on_done(task)


def run_in_turns(
    run_task: Callable[[Task], Iterable[Event]], tasks: Sequence[Task], on_event: Callable[[Task, Event], None],
    on_done: Callable[[Task], None], on_start: Callable[[Task], None], poll: Callable[[], None],
) -> None:  # fmt: skip
    """Run tasks that need no others in this process, one event of each in turn. For arguments see ``run_tasks``."""
    with contextlib.ExitStack() as stack:
        running = list[tuple[Task, Iterator[Event]]]()
        for task in tasks:
            on_start(task)
            events = iter(run_task(task))
            if isinstance(events, Generator):
                stack.enter_context(contextlib.closing(events))
            running.append((task, events))
        while running:
            for one in list(running):
                poll()
                task, events = one
                event = next(events, _NO_EVENT)
                if event is _NO_EVENT:
                    running.remove(one)
                    on_done(task)
                else:
                    on_event(task, cast(Event, event))


class _Queue:
    """Pending tasks, in order, and the tasks that others wait for."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.pending = list(tasks)
        self._open = {task.id for task in tasks}

    def next(self, *, idle: bool) -> Task | None:
        """Remove and return the first task that can run, or None. idle: no other task is running."""
        for place, task in enumerate(self.pending):
            if not self._open.intersection(task.needs):
                return self.pending.pop(place)
        if idle and self.pending:
            raise ValueError(f"{self.pending[0].id} and the tasks that it needs form a cycle")
        return None

    def finish(self, task: Task) -> None:
        """Mark a task as done, so that tasks that wait for it can run."""
        self._open.discard(task.id)


@dataclass
class _WorkerPool:
    """Worker processes, their pipes, and the workers that have reported that they are ready."""

    processes: list[SpawnProcess | ForkServerProcess]
    pipes: list[Connection]
    ready: set[int] = field(default_factory=set)

    def receive(self) -> Iterator[tuple[int, str, Any]]:
        """Yield the messages of the workers, after a short wait. Raises JobError when a worker has ended."""
        for pipe in wait(self.pipes, _POLL_SECONDS):
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
                f"a process of --jobs could not start (exit code {code}); use --jobs 1, or in your own script "
                'call stylize.run under if __name__ == "__main__"'
            )
        ending = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with exit code {code}"
        return JobError(
            f"a process of --jobs {ending}, most often for lack of memory; run again with fewer --jobs (finished work "
            "is kept, and the same command continues from here)"
        )

    def stop(self) -> None:
        """Kill all workers immediately; writes are atomic, so that no file is left incomplete."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.join()
            process.close()
        for pipe in self.pipes:
            pipe.close()


@contextlib.contextmanager
def _worker_pool(setup: WorkerSetup[Payload, Event], jobs: int) -> Iterator[_WorkerPool]:
    context = _start_context(setup.imports)
    pool = _WorkerPool([], [])
    try:
        for _ in range(jobs):
            parent_end, child_end = context.Pipe()
            process = context.Process(target=_worker_main, args=(child_end, setup, dict(os.environ)), daemon=True)
            with sigint_blocked():
                process.start()
            child_end.close()
            pool.processes.append(process)
            pool.pipes.append(parent_end)
        yield pool
    finally:
        pool.stop()


def _start_context(imports: Sequence[str]) -> ForkServerContext | SpawnContext:
    """Return the way to start processes. On macOS, a fork is not safe once system libraries are loaded."""
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(imports))
    return context


@contextlib.contextmanager
def sigint_blocked() -> Iterator[None]:
    """Block Ctrl-C for processes started in this context until they can ignore it; it is delivered here afterwards."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    previous_mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous_mask)


def _worker_main(pipe: Connection, setup: WorkerSetup[Any, Any], environment: Mapping[str, str]) -> None:
    """Run the main loop of a worker. environment: the parent's, which may have changed since its server started."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.clear()
    os.environ.update(environment)
    # Otherwise numba creates a semaphore for processes, which a worker that is stopped cannot remove.
    multiprocessing.set_start_method("spawn", force=True)
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
    # A worker that outlives its parent could write into a project that another run has opened.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _picklable_error(error: Exception) -> Exception:
    """Return the error itself if it can be pickled, with its traceback as a note unless it was raised deliberately."""
    if isinstance(error, MemoryError):
        return JobError(
            "a process of --jobs ran out of memory; run again with fewer --jobs (finished work is kept, and the same "
            "command continues from here)"
        )
    if not isinstance(error, StylizeError):
        error.add_note(traceback.format_exc())
    try:
        return _pickle_round_trip(error)
    except Exception:
        return RuntimeError("".join(traceback.format_exception(error)))


def _pickle_round_trip(error: Exception) -> Exception:
    """Return an error as it arrives at the other end of a pipe. Raises any error of pickling."""
    arrived: Exception = pickle.loads(pickle.dumps(error))
    return arrived
