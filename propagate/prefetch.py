"""One-item prefetch and write-behind.

Work that cannot be split among threads runs concurrently with work that can.
"""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
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


def write_behind(jobs: Generator[Callable[[], Item], None, None]) -> Iterator[Item]:
    """Call jobs one behind: each runs in another thread while the next one is prepared. Yields their results in order.

    jobs: prepares one job after the other. The result of a job is yielded when the next one is ready; an error of a job
    is raised at that point, and no further job starts. If preparing the next job fails too, the job's error is raised
    from the other one. A consumer that ends early waits for the running job, and starts no other. With one thread
    allowed, jobs run one after the other in the caller's thread.
    """
    # Closed here rather than by garbage collection: the generator may have threads of its own to wait for.
    with closing(jobs):
        if thread_limit() < 2:
            for job in jobs:
                yield job()
            return
        with ThreadPoolExecutor(1, "write-behind", limit_threads, (thread_limit(),)) as worker:
            running: Future[Item] | None = None
            while (following := _next_job(jobs, running)) is not None:
                if running is not None:
                    yield running.result()
                running = worker.submit(following)
            if running is not None:
                yield running.result()


def _next_job(jobs: Iterator[Callable[[], Item]], running: Future[Item] | None) -> Callable[[], Item] | None:
    """Return the next job, None after the last. If making it fails, an error of the running job takes precedence."""
    try:
        return next(jobs, None)
    except Exception as error:
        earlier = None if running is None else running.exception()
        if earlier is None:
            raise
        raise earlier from error
