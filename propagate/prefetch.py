"""One-item prefetch, so that work that cannot be split among threads runs concurrently with work that can."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from propagate.threads import limit_threads, thread_limit

Item = TypeVar("Item")


def prefetch(items: Iterator[Item]) -> Iterator[Item]:
    """Prefetch one item: it is made while the caller processes the previous one.

    With one thread allowed, each item is made on request. The items stay in order; an error of making one is raised in
    its place.
    """
    if thread_limit() < 2:
        yield from items
        return
    sentinel = object()
    with ThreadPoolExecutor(1, "prefetch", limit_threads, (thread_limit(),)) as worker:
        upcoming = worker.submit(next, items, sentinel)
        while (item := upcoming.result()) is not sentinel:
            upcoming = worker.submit(next, items, sentinel)
            yield item  # type: ignore[misc]
