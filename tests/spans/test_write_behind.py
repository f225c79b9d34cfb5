"""Write-behind: order is kept, at most one job is waiting, and with one thread nothing runs in parallel."""

import threading
import time
from contextlib import closing

import pytest

from stylize.spans.write_behind import WriteBehind


@pytest.fixture
def two_threads(set_threads):
    set_threads(2)


def one_behind(jobs):
    """Results of jobs; ``jobs`` prepares each while the previous one runs."""
    behind = WriteBehind()
    with behind:
        with closing(jobs):
            for job in jobs:
                yield from behind.submit(job)
        yield from behind.results()


def test_results_arrive_in_order(threads):
    assert list(one_behind(lambda n=n: [10 * n] for n in range(5))) == [0, 10, 20, 30, 40]
    assert list(one_behind((lambda n=n: [n] * n) for n in range(4))) == [1, 2, 2, 3, 3, 3]
    assert list(one_behind(job for job in ())) == []


def test_arguments_are_those_of_the_job(threads):
    behind = WriteBehind()
    with behind:
        assert not list(behind.submit(lambda one, *, other: [one, other], 1, other=2)) or threads == 1
        assert list(behind.results()) == ([] if threads == 1 else [1, 2])


def test_job_outside_the_context_runs_at_once(two_threads):
    behind = WriteBehind()
    for _ in range(2):
        assert list(behind.submit(lambda: [threading.current_thread()])) == [threading.main_thread()]
        with behind:
            assert not list(behind.submit(lambda: [threading.current_thread()]))
            assert list(behind.results()) != [threading.main_thread()]


def test_with_one_thread_each_job_finishes_here_before_the_next_is_made(threads):
    seen = []

    def jobs():
        for n in range(3):
            seen.append(f"make {n}")
            yield lambda n=n: [seen.append(f"do {n}") or threading.current_thread() is threading.main_thread()]

    here = list(one_behind(jobs()))
    assert here == [threads == 1] * 3
    assert sorted(seen) == sorted(f"{what} {n}" for what in ("make", "do") for n in range(3))
    if threads == 1:
        assert seen == ["make 0", "do 0", "make 1", "do 1", "make 2", "do 2"]


def test_with_one_thread_results_precede_the_next_job(set_threads):
    set_threads(1)
    seen = []

    def jobs():
        for n in range(3):
            seen.append(f"make {n}")
            yield lambda n=n: [n]

    for result in one_behind(jobs()):
        seen.append(f"result {result}")
    assert seen == [f"{what} {n}" for n in range(3) for what in ("make", "result")]


@pytest.mark.usefixtures("two_threads")
def test_job_runs_while_the_next_is_made():
    begun, going_on = threading.Event(), threading.Event()

    def first():
        begun.set()
        return [going_on.wait(20)]

    def jobs():
        yield first
        assert begun.wait(20)
        going_on.set()  # making the second job lets the first one end
        yield lambda: [True]

    assert list(one_behind(jobs())) == [True, True]


@pytest.mark.usefixtures("two_threads")
def test_at_most_one_job_waits_and_one_runs():
    made, done, most = [], [], []

    def job(n):
        assert done == list(range(n))
        time.sleep(0.02)
        most.append(len(made) - len(done))
        done.append(n)
        return []

    def jobs():
        for n in range(6):
            made.append(n)
            yield lambda n=n: job(n)

    list(one_behind(jobs()))
    assert max(most) == 2  # itself and the next


def test_exception_in_a_job_is_raised_and_starts_no_later_one(threads):
    done = []

    def job(n):
        if n == 1:
            raise OSError("full")
        done.append(n)
        return [n]

    heard = []
    with pytest.raises(OSError, match="full"):
        heard.extend(one_behind(lambda n=n: job(n) for n in range(4)))
    assert done == [0]


def test_exception_in_making_a_job_is_raised_after_the_previous_one(threads):
    done = []

    def jobs():
        yield lambda: done.append(0) or []
        raise ValueError("bad plate")

    with pytest.raises(ValueError, match="bad plate"):
        list(one_behind(jobs()))
    assert done == [0]


@pytest.mark.usefixtures("two_threads")
def test_error_of_the_current_job_precedes_that_of_making_the_next():
    def full():
        raise OSError("full")

    def jobs():
        yield full
        raise ValueError("bad plate")

    with pytest.raises(OSError, match="full") as error:
        list(one_behind(jobs()))
    assert str(error.value.__cause__) == "bad plate"


@pytest.mark.usefixtures("two_threads")
def test_ctrl_c_waits_for_the_job_and_hides_its_error():
    def full():
        time.sleep(0.05)
        done.append(0)
        raise OSError("full")

    def jobs():
        yield full
        raise KeyboardInterrupt

    done = []
    with pytest.raises(KeyboardInterrupt):
        list(one_behind(jobs()))
    assert done == [0]


def test_early_exit_finishes_the_current_job_and_starts_no_other(threads):
    done = []
    outcomes = one_behind(lambda n=n: done.append(n) or [n] for n in range(4))
    next(outcomes)
    outcomes.close()
    assert done == [0]


def test_generator_of_jobs_is_closed_when_one_fails(threads):
    closed = []

    def jobs():
        try:
            for _ in range(3):
                yield lambda: 1 // 0
        finally:
            closed.append(threading.current_thread() is threading.main_thread())

    with pytest.raises(ZeroDivisionError) as error:
        list(one_behind(jobs()))
    # Although the error, which still exists, references all frames of its traceback.
    assert error.value.__traceback__ is not None
    assert closed == [True]
