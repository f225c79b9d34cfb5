"""Work beside work: the order stays, one item at most is waiting, and with one thread nothing runs in parallel."""

import threading
import time

import pytest

from propagate.prefetch import prefetch, write_behind


@pytest.fixture
def two_threads(set_threads):
    set_threads(2)


def test_items_and_outcomes_come_in_their_order(threads):
    assert list(prefetch(iter(range(5)))) == list(range(5))
    assert list(write_behind(lambda n=n: 10 * n for n in range(5))) == [0, 10, 20, 30, 40]
    assert list(write_behind(job for job in ())) == []


def test_with_one_thread_nothing_runs_elsewhere_and_every_job_is_done_before_the_next_is_made(threads):
    seen = []

    def jobs():
        for n in range(3):
            seen.append(f"make {n}")
            yield lambda n=n: seen.append(f"do {n}") or threading.current_thread() is threading.main_thread()

    here = list(write_behind(jobs()))
    assert here == [threads == 1] * 3
    assert sorted(seen) == sorted(f"{what} {n}" for what in ("make", "do") for n in range(3))
    if threads == 1:
        assert seen == ["make 0", "do 0", "make 1", "do 1", "make 2", "do 2"]


@pytest.mark.usefixtures("two_threads")
def test_a_job_is_done_while_the_next_is_made():
    begun, going_on = threading.Event(), threading.Event()

    def first():
        begun.set()
        return going_on.wait(20)

    def jobs():
        yield first
        assert begun.wait(20)
        going_on.set()  # what makes the second lets the first end
        yield lambda: True

    assert list(write_behind(jobs())) == [True, True]


@pytest.mark.usefixtures("two_threads")
def test_no_more_than_one_job_waits_and_no_two_are_done_at_once():
    made, done, most = [], [], []

    def job(n):
        assert done == list(range(n))
        time.sleep(0.02)
        most.append(len(made) - len(done))
        done.append(n)

    def jobs():
        for n in range(6):
            made.append(n)
            yield lambda n=n: job(n)

    list(write_behind(jobs()))
    assert max(most) == 2  # itself and the next


def test_what_a_job_raises_comes_out_and_no_later_one_is_begun(threads):
    done = []

    def job(n):
        if n == 1:
            raise OSError("full")
        done.append(n)
        return n

    heard = []
    with pytest.raises(OSError, match="full"):
        heard.extend(write_behind(lambda n=n: job(n) for n in range(4)))
    assert done == [0]


def test_what_making_a_job_raises_comes_out_when_the_one_before_is_done(threads):
    done = []

    def jobs():
        yield lambda: done.append(0)
        raise ValueError("bad plate")

    with pytest.raises(ValueError, match="bad plate"):
        list(write_behind(jobs()))
    assert done == [0]


@pytest.mark.usefixtures("two_threads")
def test_where_making_the_next_fails_too_the_job_in_hand_came_first():
    def full():
        raise OSError("full")

    def jobs():
        yield full
        raise ValueError("bad plate")

    with pytest.raises(OSError, match="full") as error:
        list(write_behind(jobs()))
    assert str(error.value.__cause__) == "bad plate"


def test_ended_early_it_leaves_the_job_in_hand_done_and_begins_no_other(threads):
    done = []
    outcomes = write_behind(lambda n=n: done.append(n) for n in range(4))
    next(outcomes)
    outcomes.close()
    assert done == [0]


def test_what_makes_the_jobs_is_closed_at_once_when_one_fails(threads):
    closed = []

    def jobs():
        try:
            for _ in range(3):
                yield lambda: 1 // 0
        finally:
            closed.append(threading.current_thread() is threading.main_thread())

    with pytest.raises(ZeroDivisionError) as error:
        list(write_behind(jobs()))
    # Though the error, which is still held, holds all that it has passed.
    assert error.value.__traceback__ is not None
    assert closed == [True]
