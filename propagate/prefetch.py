"""Works one item ahead, or finishes one behind, so that what cannot be split among threads runs beside what can."""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

from propagate.threads import allow, allowed

Item = TypeVar("Item")


def one_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The items in their order; each is made while the caller works on the one before.

    With one thread allowed, each is made when it is asked for. What making an item raises is raised here,
    in its place.
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
    """What the jobs return, in their order; each is done while the next one is made ready.

    jobs: makes every job ready, which is then called in another thread, one job at a time. A job's outcome comes when
    the one after it is ready; what a job raises is raised here then, and no later one is begun. Where making the one
    after it fails too, the job's error is raised, from the other. Ended before its time,
    it leaves the job in hand done and begins no other. With one thread allowed, each is done when it is
    made, and nothing runs beside anything.
    """
    # Closed here and now: what makes the jobs may have threads of its own, which cannot be waited for just anywhere.
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
    """The next job, None after the last. Where making it fails, what the one in hand has raised came first."""
    try:
        return next(jobs, None)
    except Exception as error:
        earlier = None if doing is None else doing.exception()
        if earlier is None:
            raise
        raise earlier from error
