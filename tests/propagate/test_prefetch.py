"""Prefetch: order is kept, at most one item is waiting, and with one thread nothing runs in parallel."""

import threading

import pytest

from propagate.prefetch import prefetch


def test_items_arrive_in_order(threads):
    assert list(prefetch(iter(range(5)))) == list(range(5))
    assert list(prefetch(iter(()))) == []


def test_next_item_is_made_while_the_caller_uses_the_current_one(set_threads):
    set_threads(2)
    going_on = threading.Event()

    def items():
        yield 0
        yield going_on.wait(20)

    found = prefetch(items())
    assert next(found) == 0
    going_on.set()  # only now, while it waits for the second one
    assert list(found) == [True]


def test_with_one_thread_items_are_made_on_request(set_threads):
    set_threads(1)
    made = []

    def items():
        for n in range(3):
            made.append(n)
            yield threading.current_thread() is threading.main_thread()

    found = prefetch(items())
    for n in range(3):
        assert next(found)
        assert made == list(range(n + 1))


def test_exception_in_making_an_item_is_raised_in_its_place(threads):
    def items():
        yield 0
        raise ValueError("bad plate")

    found = prefetch(items())
    assert next(found) == 0
    with pytest.raises(ValueError, match="bad plate"):
        next(found)
