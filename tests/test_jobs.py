"""Tasks shared by processes. What runs in them is in this module, so that they can import it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stylize.errors import JobError, MatteError
from stylize.jobs import Task, WorkerSetup, run_in_order, run_tasks


def prepare(offset):
    def work(task):
        what = task.id
        if what == "error":
            raise MatteError("matte 4: it is missing: add it")
        if what == "strange":
            raise StrangeError(1, 2)
        if what == "memory":
            raise MemoryError
        if what == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "slow":
            time.sleep(60)
        for step in range(3):
            yield int(what) * 10 + step + offset, os.getpid()

    return work


def refuse(payload):
    raise MatteError("cannot begin")


def leave(payload):
    os._exit(3)


class StrangeError(Exception):
    """Cannot be made again from its arguments."""

    def __init__(self, one, other):
        super().__init__(one)


def tasks_of(*names):
    return [Task(str(name)) for name in names]


def done_by(jobs, tasks, setup=None):
    reported = []
    setup = setup or WorkerSetup(prepare, 1)
    run_tasks(setup, tasks, jobs, lambda task, event: reported.append((int(task.id), *event)))
    return reported


@pytest.mark.parametrize("jobs", [1, 3])
def test_all_tasks_are_done_and_report_in_their_own_order(jobs):
    reported = done_by(jobs, tasks_of(1, 2, 3, 4))
    assert sorted(event for _, event, _ in reported) == [
        task * 10 + step + 1 for task in (1, 2, 3, 4) for step in range(3)
    ]
    for task in (1, 2, 3, 4):
        assert [event for one, event, _ in reported if one == task] == [task * 10 + 1, task * 10 + 2, task * 10 + 3]
    assert (os.getpid() in {process for _, _, process in reported}) == (jobs == 1)


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_task_starts_when_all_that_it_needs_is_done(jobs):
    tasks = [Task("3", ("1", "2")), Task("4", ("3",)), Task("1"), Task("2", ("a task of another list",))]
    steps = []
    run_tasks(
        WorkerSetup(prepare, 1), tasks, jobs, lambda task, event: None,
        on_done=lambda task: steps.append(("done", task.id)), on_start=lambda task: steps.append(("start", task.id)),
    )  # fmt: skip
    assert sorted(steps) == sorted((step, task.id) for step in ("start", "done") for task in tasks)
    ids = {task.id for task in tasks}
    for task in tasks:
        for need in ids.intersection(task.needs):
            assert steps.index(("done", need)) < steps.index(("start", task.id))


@pytest.mark.parametrize("jobs", [1, 2])
def test_tasks_that_need_each_other_are_refused(jobs):
    with pytest.raises(ValueError, match="2 needs tasks that need it"):
        done_by(jobs, [Task("1"), Task("2", ("3",)), Task("3", ("2",))])


def test_neighbours_of_one_kind_run_together_and_in_order():
    tasks = [Task("plan"), Task("keys:a", ("plan",)), Task("span:1", ("keys:a",)), Task("span:2", ("span:1",))]
    ran = []
    runners = dict.fromkeys(("plan", "keys", "span"), lambda group: ran.append([task.id for task in group]))
    run_in_order(tasks, runners)
    assert ran == [["plan"], ["keys:a"], ["span:1", "span:2"]]
    with pytest.raises(ValueError, match="keys:a stands before plan, which it needs"):
        run_in_order([tasks[1], tasks[0]], runners)


def test_an_error_comes_out_as_it_is_and_ends_the_others():
    started = time.monotonic()
    with pytest.raises(MatteError, match=r"^matte 4: it is missing: add it$"):
        done_by(2, tasks_of("slow", "error"))
    assert time.monotonic() - started < 30
    with pytest.raises(MatteError, match="cannot begin"):
        done_by(2, tasks_of(1, 2), WorkerSetup(refuse, None))


def test_an_error_that_cannot_be_sent_tells_what_it_was():
    with pytest.raises(RuntimeError, match="StrangeError"):
        done_by(2, tasks_of("strange", 1))


@pytest.mark.parametrize(
    ("task", "told"), [("killed", "signal 9, most often for want of memory"), ("memory", "memory")]
)
def test_a_killed_process_is_told_in_one_line_with_what_to_do(task, told):
    with pytest.raises(JobError, match=rf"{told}.*fewer --jobs") as error:
        done_by(2, tasks_of("slow", task))
    assert "\n" not in str(error.value)


def test_a_process_that_cannot_start_is_told():
    with pytest.raises(JobError, match=r"could not start.*--jobs 1"):
        done_by(2, tasks_of(1, 2), WorkerSetup(leave, None))


SCRIPT = """
import sys, time
from tests.test_jobs import prepare
from stylize.jobs import Task, WorkerSetup, run_tasks

if __name__ == "__main__":
    run_tasks(WorkerSetup(prepare, 1), [Task("slow"), Task("slow")], 2, print)
"""


def children(parent):
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_nobody_outlives_the_parent(tmp_path, end):
    (tmp_path / "script.py").write_text(SCRIPT)
    root = Path(__file__).parents[1]
    run = subprocess.Popen([sys.executable, str(tmp_path / "script.py")], env={**os.environ, "PYTHONPATH": str(root)},
                           stderr=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
    deadline = time.monotonic() + 60
    while len(workers := children(run.pid)) < 3 and time.monotonic() < deadline:  # two, and what tracks resources
        time.sleep(0.05)
    time.sleep(2)
    run.send_signal(end)
    run.wait(20)
    while any(Path(f"/proc/{worker}").exists() for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]
