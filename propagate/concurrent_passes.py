"""Run independent passes concurrently, each on its share of the threads.

A step that is split into small pieces makes its threads wait for each other at every piece. Two passes that run on
their own threads never wait.
"""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from queue import Full, Queue
from typing import TypeVar

from propagate.threads import limit_threads, thread_limit

Item = TypeVar("Item")


@dataclass(frozen=True)
class _End:
    """Sentinel of a pass that has finished or failed."""

    error: BaseException | None = None


def run_concurrently(passes: Sequence[Callable[[], Generator[Item, None, None]]]) -> Iterator[Item]:
    """Yield the items of all passes as they become available; the items of one pass stay in order.

    passes: each runs in its own thread, at most a few items ahead of the caller. The first error stops the other
    passes and is raised here. When a pass is stopped, or its consumer ends early, it finishes its current item, starts
    no other, and is closed.
    """
    results: Queue[Item | _End] = Queue(len(passes))
    stop, running = threading.Event(), len(passes)
    with ThreadPoolExecutor(len(passes), "passes") as pool:
        try:
            for start, threads in zip(passes, split_threads(thread_limit(), len(passes)), strict=True):
                pool.submit(_run, start, threads, results, stop)
            while running:
                item = results.get()
                if not isinstance(item, _End):
                    yield item
                    continue
                running -= 1
                if item.error is not None:
                    raise item.error
        finally:
            stop.set()


def split_threads(threads: int, count: int) -> list[int]:
    """Split threads as evenly as possible, at least one for each pass."""
    return [max(1, (threads + index) // count) for index in range(count)]


def _run(
    start: Callable[[], Generator[Item, None, None]], threads: int, results: "Queue[Item | _End]", stop: threading.Event
) -> None:
    limit_threads(threads)
    try:
        with closing(start()) as items:
            for item in items:
                _put(results, item, stop)
                if stop.is_set():
                    break
    except BaseException as error:  # of any kind: it is re-raised in the caller
        _put(results, _End(error), stop)
    else:
        _put(results, _End(), stop)


def _put(results: "Queue[Item | _End]", item: Item | _End, stop: threading.Event) -> None:
    """Hand an item to the caller, or drop it if the caller has stopped, as it may at any point after Ctrl-C."""
    while not stop.is_set():
        with suppress(Full):
            results.put(item, timeout=0.1)
            return
