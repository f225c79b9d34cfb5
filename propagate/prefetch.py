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
    sentinel = object()
    with ThreadPoolExecutor(1, "prefetch", allow, (allowed(),)) as worker:
        upcoming = worker.submit(next, items, sentinel)
        while (item := upcoming.result()) is not sentinel:
            upcoming = worker.submit(next, items, sentinel)
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
        with ThreadPoolExecutor(1, "write-behind", allow, (allowed(),)) as worker:
            running: Future[Item] | None = None
            while (following := _made_beside(jobs, running)) is not None:
                if running is not None:
                    yield running.result()
                running = worker.submit(following)
            if running is not None:
                yield running.result()


def _made_beside(jobs: Iterator[Callable[[], Item]], running: Future[Item] | None) -> Callable[[], Item] | None:
    """Return the next job, None after the last. If making it fails, an error of the running job takes precedence."""
    try:
        return next(jobs, None)
    except Exception as error:
        earlier = None if running is None else running.exception()
        if earlier is None:
            raise
        raise earlier from error
