"""One-item prefetch, so that work that cannot be split among threads runs concurrently with work that can."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from propagate.threads import limit_threads, thread_limit

Item = TypeVar("Item")


def prefetch(items: Iterator[Item]) -> Iterator[Item]:
    """Prefetch one item: it is produced while the caller processes the previous one.

    If only one thread is allowed, each item is produced on request. The items stay in order. An error that occurs while
    an item is produced is raised in its place.
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
