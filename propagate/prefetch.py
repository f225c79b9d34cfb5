"""One-item prefetch and write-behind.

Work that cannot be split among threads runs concurrently with work that can.
"""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
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


def one_behind(jobs: Generator[Callable[[], Item], None, None]) -> Iterator[Item]:
    """Call jobs one behind: each runs in another thread while the next one is prepared. Yields their results in order.

    jobs: prepares one job after the other. The result of a job is yielded when the next one is ready; an error of a job
    is raised at that point, and no further job starts. If preparing the next job fails too, the job's error is raised
    from the other one. A consumer that ends early waits for the running job, and starts no other. With one thread
    allowed, jobs run one after the other in the caller's thread.
    """
    # Closed here rather than by garbage collection: the generator may have threads of its own to wait for.
    with closing(jobs):
        if allowed() < 2:
            for job in jobs:
                yield job()
            return
        with ThreadPoolExecutor(1, "behind", allow, (allowed(),)) as worker:
            doing: Future[Item] | None = None
            while (ready := _made_beside(jobs, doing)) is not None:
                if doing is not None:
                    yield doing.result()
                doing = worker.submit(ready)
            if doing is not None:
                yield doing.result()


def _made_beside(jobs: Iterator[Callable[[], Item]], doing: Future[Item] | None) -> Callable[[], Item] | None:
    """Return the next job, None after the last. If making it fails, an error of the running job takes precedence."""
    try:
        return next(jobs, None)
    except Exception as error:
        earlier = None if doing is None else doing.exception()
        if earlier is None:
            raise
        raise earlier from error
