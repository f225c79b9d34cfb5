"""Concurrent passes: they run at the same time, each in order, and stop together."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import cv2
import pytest

from propagate.concurrent_passes import run_concurrently, split_threads
from propagate.threads import thread_limit


@pytest.fixture
def set_threads():
    before = cv2.getNumThreads()
    yield cv2.setNumThreads
    cv2.setNumThreads(before)


def counting(name, count, closed=None):
    def work():
        try:
            for number in range(count):
                yield name, number
        finally:
            if closed is not None:
                closed.append(name)

    return work


def test_all_items_arrive_and_each_pass_is_in_order():
    items = list(run_concurrently([counting("a", 50), counting("b", 7), counting("c", 0)]))
    assert [number for name, number in items if name == "a"] == list(range(50))
    assert [number for name, number in items if name == "b"] == list(range(7))
    assert len(items) == 57


def test_passes_run_at_the_same_time():
    meet = threading.Barrier(2, timeout=20)

    def work():
        for _ in range(3):
            meet.wait()
            yield threading.get_ident()

    assert len(set(run_concurrently([work, work]))) == 2


def test_threads_are_divided_among_passes(set_threads):
    def work():
        yield thread_limit()

    for threads, expected in ((1, [1, 1]), (2, [1, 1]), (3, [1, 2]), (4, [2, 2])):
        set_threads(threads)
        assert sorted(run_concurrently([work, work])) == split_threads(threads, 2) == expected
    assert thread_limit() == 4


@pytest.mark.parametrize("fault", [ValueError("bad plate"), KeyboardInterrupt("stopped")])
def test_exception_in_one_pass_is_raised_and_closes_the_others(fault):
    closed = []

    def faulty():
        yield "faulty", 0
        raise fault

    with pytest.raises(type(fault), match=str(fault)):
        for _ in run_concurrently([faulty, counting("long", 10**9, closed)]):
            pass
    assert closed == ["long"]


def test_early_exit_finishes_the_current_items_and_closes_all():
    closed, made = [], []

    def work(name):
        def run():
            try:
                for number in range(10**9):
                    made.append((name, number))
                    yield name, number
            finally:
                closed.append(name)

        return run

    items = run_concurrently([work("a"), work("b")])
    first = [next(items) for _ in range(5)]
    items.close()
    assert sorted(closed) == ["a", "b"]
    assert set(first) <= set(made)
    assert (
        len(made) <= len(first) + 6
    )  # two wait to be delivered, one is in progress, and one more starts before the end is noticed


def test_ctrl_c_during_start_leaves_no_pass_running(monkeypatch):
    closed = []
    submit = ThreadPoolExecutor.submit

    def interrupted(pool, *work):
        submit(pool, *work)
        time.sleep(0.2)  # it fills the queue meanwhile
        raise KeyboardInterrupt

    monkeypatch.setattr(ThreadPoolExecutor, "submit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        next(run_concurrently([counting("a", 10**9, closed), counting("b", 10**9, closed)]))
    assert closed == ["a"]
