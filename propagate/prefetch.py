"""One-item prefetch, so that work that cannot be split among threads runs concurrently with work that can."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from propagate.threads import allow, allowed

Item = TypeVar("Item")


def one_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Prefetch one item: it is made while the caller processes the previous one.

    With one thread allowed, each item is made on request. The items stay in order; an error of making one is raised in
    its place.
    """
    if allowed() < 2:
        yield from items
        return
    end = object()
    with ThreadPoolExecutor(1, "ahead", allow, (allowed(),)) as worker:
        coming = worker.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = worker.submit(next, items, end)
            yield item  # type: ignore[misc]
