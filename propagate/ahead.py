"""Works one item ahead, so that what cannot be split among threads runs beside what can."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import cv2

Item = TypeVar("Item")


def one_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The items in their order; each is made while the caller works on the one before.

    With one thread allowed to OpenCV, each is made when it is asked for. What making an item raises is raised here,
    in its place.
    """
    if cv2.getNumThreads() < 2:
        yield from items
        return
    end = object()
    with ThreadPoolExecutor(1, "ahead") as worker:
        coming = worker.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = worker.submit(next, items, end)
            yield item  # type: ignore[misc]
