"""Runs works that do not need each other at the same time, each on its share of the threads.

What is split into small pieces for several threads makes them wait for each other at every piece; two works that go
on by themselves never do.
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
    """A work is done, or has failed."""

    error: BaseException | None = None


def beside(works: Sequence[Callable[[], Generator[Item, None, None]]]) -> Iterator[Item]:
    """The items of all works, as they come; those of one work in their order.

    works: each is begun and gone on with in a thread of its own; all together are a few items ahead of the caller at
    most. What one raises is raised here, and stops the others. Stopped, or ended before its time, a work leaves the
    item in hand done, begins no other and is closed.
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
            # Whoever waits for room to tell something is let go.
            while left:
                left -= isinstance(told.get(), _End)


def shares(threads: int, works: int) -> list[int]:
    """Threads shared out as evenly as can be, at least one each."""
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
    except BaseException as error:  # whatever it is, it belongs to the caller
        told.put(_End(error))
    else:
        told.put(_End())
