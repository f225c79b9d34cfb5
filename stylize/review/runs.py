"""Executor of the tasks that pages start: one at a time, in a separate process, in the order of the queue."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from stylize.errors import ReviewError, StylizeError
from stylize.review import task_queue
from stylize.review.actions import COST, command_of, read_action_options
from stylize.review.roots import project_id
from stylize.review.run_process import CANCELLED, DONE, KILLED, Ending, Order, RunProcess
from stylize.review.task_queue import OPEN, PAUSED, RUNNING, WAITING, QueuedTask, read_queue, write_queue
from stylize.visible_text import visible

# Messages of a run that are sent to a page that is opened later.
_MAX_MESSAGES = 100
# Seconds for which the end of the server waits for the task in progress, before its process is killed.
_PATIENCE = 10.0
# Requests to a task in progress, and the state of the task when it has ended.
_PAUSE, _CANCEL, _YIELD, _STOP = "pause", "cancel", "yield", "stop"
_STATE_AFTER = {_PAUSE: PAUSED, _CANCEL: task_queue.CANCELLED, _YIELD: WAITING, _STOP: RUNNING}


@dataclass
class _Queues:
    """Queues of the projects, and the order in which their tasks were added."""

    tasks: dict[Path, list[QueuedTask]] = field(default_factory=dict)
    order: list[tuple[Path, int]] = field(default_factory=list)

    def load(self, root: Path) -> None:
        """Read the queue of a project, unless it is known."""
        if root not in self.tasks:
            self.tasks[root] = read_queue(root)
            self.order += [(root, task.id) for task in self.tasks[root] if task.state in OPEN]

    def add(self, root: Path, task: QueuedTask) -> QueuedTask:
        """Add a task, before those of its project that are paused, and a live one before all; it receives its id."""
        task = replace(task, id=1 + max((one.id for one in self.tasks[root]), default=0))
        paused = [n for n, (other, number) in enumerate(self.order) if other == root and self._is_paused(root, number)]
        self.order.insert(0 if task.is_live else min(paused, default=len(self.order)), (root, task.id))
        self.tasks[root].append(task)
        self._write(root)
        return task

    def find(self, root: Path, number: int) -> QueuedTask:
        """Return a task. Raises ReviewError if there is none."""
        for task in self.tasks.get(root, []):
            if task.id == number:
                return task
        raise ReviewError("there is no such task in the queue; reload the page")

    def set(self, root: Path, number: int, state: str, outcome: str = "") -> None:
        """Set the state of a task."""
        self.tasks[root] = task_queue.without_old(
            [replace(one, state=state, outcome=outcome) if one.id == number else one for one in self.tasks[root]]
        )
        if state not in OPEN and (root, number) in self.order:
            self.order.remove((root, number))
        self._write(root)

    def next(self) -> tuple[Path, QueuedTask] | None:
        """Return the first task that waits."""
        for root, number in self.order:
            task = self.find(root, number)
            if task.state == WAITING:
                return root, task
        return None

    def opened(self) -> list[tuple[Path, QueuedTask]]:
        """Return the tasks that are still to be done, in order."""
        return [(root, self.find(root, number)) for root, number in self.order]

    def _is_paused(self, root: Path, number: int) -> bool:
        return self.find(root, number).state == PAUSED

    def _write(self, root: Path) -> None:
        write_queue(root, self.tasks[root])


class Runs:
    """Executor of the tasks of all projects. send: receives events for the pages.

    A task that was interrupted by the end of the server is paused when the server starts again; resumed, it continues
    where it stopped. Nothing starts by itself, except in live mode after a key has changed.
    """

    def __init__(self, send: Callable[[Mapping[str, Any]], None]) -> None:
        self._send = send
        self._process = RunProcess()
        self._queues = _Queues()
        self._status: dict[str, Any] = {}
        self._current: tuple[Path, QueuedTask] | None = None
        # Project and options of a run whose cost a page has requested; found once there is nothing else to do.
        self._cost: tuple[Path, QueuedTask] | None = None
        # What the current task is asked to do, and the number of changes that keep the next task from starting.
        self._request = ""
        self._number = 0  # of the order to the process
        self._changes = 0
        self._is_stopping = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    # Requests of pages

    def start(
        self, root: Path, action: str, options: Mapping[str, Any] | None = None, *, is_live: bool = False
    ) -> QueuedTask:
        """Add a task, and let all tasks of the project that are paused continue.

        options: of the action, by name. The same task is not added twice. Raises ReviewError
        for an unknown action or option, SettingsError for a value that an option does not accept, OutputError.
        """
        given = read_action_options(action, options or {})
        with self._changed:
            self._queues.load(root)
            waiting = [task for task in self._queues.tasks[root] if task.state in (WAITING, PAUSED)]
            same = [task for task in waiting if task.does_the_same(action, given)]
            task = same[0] if same else self._queues.add(root, QueuedTask(0, action, given, is_live=is_live))
            self._resume(root)
        self._announce()
        return task

    def pause(self) -> None:
        """Pause the task in progress, and with it those that follow in its project. Finished work is kept."""
        with self._changed:
            if self._current is None:
                return
            root = self._current[0]
            for task in self._queues.tasks[root]:
                if task.state == WAITING:
                    self._queues.set(root, task.id, PAUSED)
            self._ask(_PAUSE)
        self._announce()

    def find_cost(self, root: Path, options: Mapping[str, Any]) -> None:
        """Determine what a run with these options would do, and send it as an event, unless tasks come first."""
        given = read_action_options("run", options)
        with self._changed:
            self._cost = root, QueuedTask(0, COST, given, is_live=True)
            self._start_thread()

    def resume(self, root: Path) -> None:
        """Let the paused tasks of a project continue."""
        with self._changed:
            self._queues.load(root)
            self._resume(root)
        self._announce()

    def cancel(self) -> None:
        """Cancel the task in progress. Finished work is kept."""
        with self._changed:
            self._ask(_CANCEL)

    def remove(self, root: Path, number: int) -> None:
        """Remove a task that waits or is paused, or cancel it if it is in progress. Raises ReviewError."""
        with self._changed:
            self._queues.load(root)
            task = self._queues.find(root, number)
            if self._current is not None and (self._current[0], self._current[1].id) == (root, number):
                self._ask(_CANCEL)
            elif task.state in OPEN:
                self._queues.set(root, number, task_queue.CANCELLED, "Removed.")
        self._announce()

    def load(self, root: Path) -> None:
        """Read the queue of a project that is opened, and notify the pages of tasks that are left in it."""
        with self._changed:
            is_new = root not in self._queues.tasks
            self._queues.load(root)
            has_tasks = any(task.state in OPEN for task in self._queues.tasks[root])
        if is_new and has_tasks:
            self._announce()

    @contextmanager
    def yielding(self, root: Path) -> Iterator[None]:
        """Allow a change to a project: a live task ends first, and continues afterwards."""
        with self._changed:
            self._changes += 1
            if self._current is not None and self._current[0] == root and self._current[1].is_live:
                self._ask(_YIELD)
                self._changed.wait_for(lambda: self._current is None or self._current[0] != root)
        try:
            yield
        finally:
            with self._changed:
                self._changes -= 1
                self._changed.notify_all()

    def stop(self) -> None:
        """End the task in progress, and wait for it. It continues when the server is started again."""
        with self._changed:
            self._is_stopping = True
            self._ask(_STOP)
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(_PATIENCE)
        self._process.stop()
        if self._thread is not None:
            self._thread.join()

    # State

    @property
    def is_running(self) -> bool:
        """True while a task is in progress."""
        return bool(self._status.get("is_running"))

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until no task is in progress or waits. Return whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: self._current is None and self._next() is None, seconds)

    def status(self) -> dict[str, Any]:
        """Return the event that describes the current or the last task, and the queue."""
        with self._changed:
            queue = [
                {
                    "project": project_id(root), "id": task.id, "action": task.action, "options": dict(task.options),
                    "state": task.state, "is_live": task.is_live, "name": visible(root.name),
                    "command": command_of(root, task.action, task.options),
                }
                for root, task in self._queues.opened()
            ]  # fmt: skip
            return {"type": "status", "run": dict(self._status) or None, "queue": queue}

    def tasks(self, root: Path) -> list[QueuedTask]:
        """Return the tasks of a project, in the order in which they were added."""
        with self._changed:
            self._queues.load(root)
            return list(self._queues.tasks[root])

    # Work

    def _resume(self, root: Path) -> None:
        for task in self._queues.tasks[root]:
            if task.state == PAUSED:
                self._queues.set(root, task.id, WAITING)
        if self._current is not None and self._current[1].action == COST:
            self._ask(_YIELD)
        self._start_thread()

    def _start_thread(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="review runs", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _ask(self, request: str) -> None:
        """Ask the task in progress to end."""
        if self._current is not None:
            self._request = request
            self._process.cancel(self._number)

    def _work(self) -> None:
        while (found := self._take()) is not None:
            root, task = found
            order = Order(self._number, task.action, root, task.options)
            if task.action == COST:
                self._finish_cost(root, task, self._process.do(order, lambda sent: None))
                continue
            self._announce()
            ending = self._process.do(order, self._receive)
            with self._changed:
                self._finish(root, task, ending)
                self._changed.notify_all()
            self._announce()

    def _take(self) -> tuple[Path, QueuedTask] | None:
        """Wait for a task, and return it as the one in progress; None when the server ends."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopping or (not self._changes and self._next() is not None))
            found = None if self._is_stopping else self._next()
            if found is None:
                return None
            root, task = self._current = found
            self._request, self._number = "", self._number + 1
            if task.action == COST:
                self._cost = None
                return found
            # A queue that cannot be stored must not end the executor; the task meets the same obstacle and says so.
            with suppress(StylizeError):
                self._queues.set(root, task.id, RUNNING)
            self._status = {
                "project": project_id(root), "id": task.id, "action": task.action, "options": dict(task.options),
                "is_running": True, "is_live": task.is_live, "progress": None, "messages": [], "outcome": "",
                "state": RUNNING,
            }  # fmt: skip
            return found

    def _next(self) -> tuple[Path, QueuedTask] | None:
        return self._queues.next() or self._cost

    def _finish_cost(self, root: Path, task: QueuedTask, ending: Ending) -> None:
        with self._changed:
            self._current = None
            self._changed.notify_all()
        if ending.how == CANCELLED:
            return
        known = ending.value if ending.how == DONE else {"error": ending.text}
        self._send({"type": "cost", "project": project_id(root), "options": dict(task.options), **known})

    def _finish(self, root: Path, task: QueuedTask, ending: Ending) -> None:
        state = {DONE: task_queue.DONE, CANCELLED: task_queue.CANCELLED}.get(ending.how, task_queue.FAILED)
        if ending.how == CANCELLED:
            state = _STATE_AFTER.get(self._request, task_queue.CANCELLED)
        if self._request == _STOP and ending.how == KILLED:  # the process did not end in time
            state = RUNNING
        outcome = "Done." if ending.how == DONE else "Paused." if state == PAUSED else ending.text
        self._current = None
        after = {task.id: (state, outcome)}
        if ending.how not in (DONE, CANCELLED):  # what follows would most likely fail, too
            after |= {one.id: (PAUSED, "") for one in self._queues.tasks[root] if one.state == WAITING}
        problem = ""
        for number, (its_state, its_outcome) in after.items():
            try:
                self._queues.set(root, number, its_state, its_outcome)
            except StylizeError as error:
                problem = visible(f" {error}")
        outcome += problem
        self._status |= {"is_running": False, "outcome": outcome, "progress": None, "state": state}

    def _receive(self, sent: dict[str, Any]) -> None:
        if sent["type"] == "progress":
            self._status["progress"] = sent
        elif sent["type"] == "message":
            self._status["messages"] = [*self._status["messages"], sent["text"]][-_MAX_MESSAGES:]
        self._send(sent | {"project": self._status["project"]})

    def _announce(self) -> None:
        self._send(self.status())
