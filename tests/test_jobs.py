"""Tasks shared by processes. What runs in them is in this module, so that they can import it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stylize.errors import JobError, MatteError
from stylize.jobs import Trade, work_off


def prepare(offset):
    def work(task):
        if task == "error":
            raise MatteError("matte 4: it is missing: add it")
        if task == "strange":
            raise StrangeError(1, 2)
        if task == "memory":
            raise MemoryError
        if task == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if task == "slow":
            time.sleep(60)
        for step in range(3):
            yield task * 10 + step + offset, os.getpid()

    return work


def refuse(payload):
    raise MatteError("cannot begin")


def leave(payload):
    os._exit(3)


class StrangeError(Exception):
    """Cannot be made again from its arguments."""

    def __init__(self, one, other):
        super().__init__(one)


def done_by(jobs, tasks, trade=None, **more):
    heard = []
    work_off(trade or Trade(prepare, 1), tasks, jobs, lambda task, event: heard.append((task, *event)), **more)
    return heard


@pytest.mark.parametrize("jobs", [1, 3])
def test_all_tasks_are_done_and_report_in_their_own_order(jobs):
    heard = done_by(jobs, [1, 2, 3, 4])
    assert sorted(event for _, event, _ in heard) == [
        task * 10 + step + 1 for task in (1, 2, 3, 4) for step in range(3)
    ]
    for task in (1, 2, 3, 4):
        assert [event for one, event, _ in heard if one == task] == [task * 10 + 1, task * 10 + 2, task * 10 + 3]
    assert (os.getpid() in {process for _, _, process in heard}) == (jobs == 1)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_task_may_open_others(jobs):
    then = {1: [5, 6], 5: [7]}
    heard = done_by(jobs, [1], then=lambda task: then.get(task, []))
    assert {task for task, _, _ in heard} == {1, 5, 6, 7}


def test_an_error_comes_out_as_it_is_and_ends_the_others():
    started = time.monotonic()
    with pytest.raises(MatteError, match=r"^matte 4: it is missing: add it$"):
        done_by(2, ["slow", "error"])
    assert time.monotonic() - started < 30
    with pytest.raises(MatteError, match="cannot begin"):
        done_by(2, [1, 2], Trade(refuse, None))


def test_an_error_that_cannot_be_sent_tells_what_it_was():
    with pytest.raises(RuntimeError, match="StrangeError"):
        done_by(2, ["strange", 1])


@pytest.mark.parametrize(
    ("task", "told"), [("killed", "signal 9, most often for want of memory"), ("memory", "memory")]
)
def test_a_killed_process_is_told_in_one_line_with_what_to_do(task, told):
    with pytest.raises(JobError, match=rf"{told}.*fewer --jobs") as error:
        done_by(2, ["slow", task])
    assert "\n" not in str(error.value)


def test_a_process_that_cannot_start_is_told():
    with pytest.raises(JobError, match=r"could not start.*--jobs 1"):
        done_by(2, [1, 2], Trade(leave, None))


SCRIPT = """
import sys, time
from tests.test_jobs import prepare
from stylize.jobs import Trade, work_off

if __name__ == "__main__":
    work_off(Trade(prepare, 1), ["slow", "slow"], 2, print)
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
