"""Run independent passes concurrently, each on its share of the threads.

A step that is split into small pieces makes its threads wait for each other at every piece. Two passes that run on
their own threads never wait.
"""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from queue import Queue
from typing import TypeVar

from propagate.threads import allow, allowed

Item = TypeVar("Item")


@dataclass(frozen=True)
class _End:
    """Sentinel of a pass that has finished or failed."""

    error: BaseException | None = None


def beside(works: Sequence[Callable[[], Generator[Item, None, None]]]) -> Iterator[Item]:
    """Yield the items of all passes as they come; the items of one pass stay in order.

    works: each runs in a thread of its own, at most a few items ahead of the caller. The first error stops the other
    passes and is raised here. A pass that is stopped, or whose consumer ends early, finishes its current item, starts
    no other and is closed.
    """
    told: Queue[Item | _End] = Queue(len(works))
    stop, left = threading.Event(), len(works)
    with ThreadPoolExecutor(len(works), "beside") as threads:
        for work, share in zip(works, shares(allowed(), len(works)), strict=True):
            threads.submit(_run, work, share, told, stop)
        try:
            while left:
                item = told.get()
                if not isinstance(item, _End):
                    yield item
                    continue
                left -= 1
                if item.error is not None:
                    raise item.error
        finally:
            stop.set()
            # A pass may be blocked on the full queue: drain it.
            while left:
                left -= isinstance(told.get(), _End)


def shares(threads: int, works: int) -> list[int]:
    """Split threads as evenly as possible, at least one for each pass."""
    return [max(1, (threads + number) // works) for number in range(works)]


def _run(
    work: Callable[[], Generator[Item, None, None]], share: int, told: "Queue[Item | _End]", stop: threading.Event
) -> None:
    allow(share)
    try:
        with closing(work()) as items:
            for item in items:
                told.put(item)
                if stop.is_set():
                    break
    except BaseException as error:  # of any kind: the caller raises it
        told.put(_End(error))
    else:
        told.put(_End())
