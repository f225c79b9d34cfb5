"""Tasks shared among processes; they are in this module, so that workers can import them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stylize.errors import JobError, MatteError
from stylize.jobs import Task, WorkerSetup, run_in_order, run_tasks
from tests import processes


def prepare(offset):
    def work(task):
        what = task.id
        if what == "error":
            raise MatteError("matte 4: it is missing; add it")
        if what == "strange":
            raise StrangeError(1, 2)
        if what == "memory":
            raise MemoryError
        if what == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "slow":
            time.sleep(3600)
        for step in range(3):
            yield int(what) * 10 + step + offset, os.getpid()

    return work


def refuse(payload):
    raise MatteError("cannot begin")


def leave(payload):
    os._exit(3)


class StrangeError(Exception):
    """An exception that cannot be recreated from its arguments."""

    def __init__(self, one, other):
        super().__init__(one)


# The processes of all tests are forked from the same server.
IMPORTS = ["stylize.spans.worker_imports"]


def setup_of(prepare, payload):
    return WorkerSetup(prepare, payload, IMPORTS)


def tasks_of(*names):
    return [Task(str(name)) for name in names]


def done_by(jobs, tasks, setup=None):
    reported = []
    setup = setup or setup_of(prepare, 1)
    run_tasks(setup, tasks, jobs, lambda task, event: reported.append((int(task.id), *event)))
    return reported


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 3])
def test_all_tasks_run_and_report_in_order(jobs):
    reported = done_by(jobs, tasks_of(1, 2, 3, 4))
    assert sorted(event for _, event, _ in reported) == [
        task * 10 + step + 1 for task in (1, 2, 3, 4) for step in range(3)
    ]
    for task in (1, 2, 3, 4):
        assert [event for one, event, _ in reported if one == task] == [task * 10 + 1, task * 10 + 2, task * 10 + 3]
    assert (os.getpid() in {process for _, _, process in reported}) == (jobs == 1)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 3])
def test_task_starts_after_all_of_its_dependencies(jobs):
    tasks = [Task("3", ("1", "2")), Task("4", ("3",)), Task("1"), Task("2", ("a task of another list",))]
    steps = []
    run_tasks(
        setup_of(prepare, 1), tasks, jobs, lambda task, event: None,
        on_done=lambda task: steps.append(("done", task.id)), on_start=lambda task: steps.append(("start", task.id)),
    )  # fmt: skip
    assert sorted(steps) == sorted((step, task.id) for step in ("start", "done") for task in tasks)
    ids = {task.id for task in tasks}
    for task in tasks:
        for need in ids.intersection(task.needs):
            assert steps.index(("done", need)) < steps.index(("start", task.id))


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_circular_dependencies_are_refused(jobs):
    with pytest.raises(ValueError, match="2 and the tasks that it needs form a cycle"):
        done_by(jobs, [Task("1"), Task("2", ("3",)), Task("3", ("2",))])


def test_adjacent_tasks_of_one_kind_run_together_in_order():
    tasks = [Task("plan"), Task("keys:a", ("plan",)), Task("span:1", ("keys:a",)), Task("span:2", ("span:1",))]
    ran = []
    runners = dict.fromkeys(("plan", "keys", "span"), lambda group: ran.append([task.id for task in group]))
    run_in_order(tasks, runners)
    assert ran == [["plan"], ["keys:a"], ["span:1", "span:2"]]
    with pytest.raises(ValueError, match="keys:a precedes plan, which it needs"):
        run_in_order([tasks[1], tasks[0]], runners)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_error_of_a_task_is_raised_unchanged_and_ends_the_others():
    with pytest.raises(MatteError, match=r"^matte 4: it is missing; add it$"):
        done_by(2, tasks_of("slow", "error"))
    with pytest.raises(MatteError, match="cannot begin"):
        done_by(2, tasks_of(1, 2), setup_of(refuse, None))


@pytest.mark.parametrize("jobs", [1, 2])
def test_waiting_caller_can_end_all_tasks(jobs):
    class EndError(Exception):
        pass

    started, events = time.monotonic(), []

    def poll():
        if jobs == 1 or time.monotonic() - started > 0.5:
            raise EndError

    with pytest.raises(EndError):
        run_tasks(
            setup_of(prepare, 1),
            tasks_of("slow", "slow"),
            jobs,
            lambda task, event: events.append(event),
            poll=poll,
        )
    assert time.monotonic() - started < 30
    assert not events


def variable(name):
    return lambda task: [os.environ.get(name)]


@pytest.mark.parametrize("value", ["one", "other"])
def test_workers_get_the_environment_of_each_call(monkeypatch, value):
    monkeypatch.setenv("STYLIZE_TEST", value)
    found = []
    run_tasks(setup_of(variable, "STYLIZE_TEST"), tasks_of(1, 2), 2, lambda task, event: found.append(event))
    assert found == [value, value]


@pytest.mark.slow
def test_error_that_cannot_be_pickled_is_named():
    with pytest.raises(RuntimeError, match="StrangeError"):
        done_by(2, tasks_of("strange", 1))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "message"), [("killed", "signal 9, most often for lack of memory"), ("memory", "memory")]
)
def test_killed_worker_is_reported_in_one_line_with_a_remedy(task, message):
    with pytest.raises(JobError, match=rf"{message}.*fewer --jobs") as error:
        done_by(2, tasks_of("slow", task))
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_worker_that_cannot_start_is_reported():
    with pytest.raises(JobError, match=r"could not start.*--jobs 1"):
        done_by(2, tasks_of(1, 2), setup_of(leave, None))


SCRIPT = """
import sys, time
from tests.test_jobs import prepare
from stylize.jobs import Task, WorkerSetup, run_tasks

if __name__ == "__main__":
    run_tasks(WorkerSetup(prepare, 1), [Task("slow"), Task("slow")], 2, print)
"""


@pytest.mark.slow
@pytest.mark.skipif(not processes.AVAILABLE, reason="needs /proc")
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_workers_do_not_outlive_the_parent(tmp_path, end):
    (tmp_path / "script.py").write_text(SCRIPT)
    root = Path(__file__).parents[1]
    run = subprocess.Popen([sys.executable, str(tmp_path / "script.py")], env={**os.environ, "PYTHONPATH": str(root)},
                           stderr=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
    deadline = time.monotonic() + 60
    while len(processes.grandchildren(run.pid)) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    workers = processes.children(run.pid) + processes.grandchildren(run.pid)
    time.sleep(2)
    run.send_signal(end)
    run.wait(20)
    while any(Path(f"/proc/{worker}").exists() for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]
