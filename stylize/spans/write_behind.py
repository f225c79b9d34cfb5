"""Write-behind: process one item in another thread while the caller makes the next one."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, ParamSpec, TypeVar

from propagate.threads import limit_threads, thread_limit

Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")


class WriteBehind(Generic[Result]):
    """Runner of jobs in order, one at a time, each while the caller prepares the next one.

    Use it as a context manager: on exit it waits for the running job and starts no other. If only one thread is
    allowed, or outside the context, a job runs in the caller's thread when it is submitted.
    """

    def __init__(self) -> None:
        self._worker: ThreadPoolExecutor | None = None
        self._running: Future[Sequence[Result]] | None = None

    def __enter__(self) -> "WriteBehind[Result]":
        if thread_limit() > 1:
            self._worker = ThreadPoolExecutor(1, "behind", limit_threads, (thread_limit(),))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for the running job. Its error, which came first, is raised, chained to the error of the caller."""
        worker, self._worker = self._worker, None
        running, self._running = self._running, None
        if worker is not None:
            worker.shutdown()
        if isinstance(error, Exception) and running is not None and (earlier := running.exception()):
            raise earlier from error

    def submit(
        self, job: Callable[Arguments, Sequence[Result]], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Iterator[Result]:
        """Yield the results of the previous job, then start this one; nothing happens unless iterated.

        Raises the error of the previous job, in which case this one does not start.
        """
        yield from self.results()
        if self._worker is None:
            yield from job(*args, **kwargs)
        else:
            self._running = self._worker.submit(job, *args, **kwargs)

    def results(self) -> Iterator[Result]:
        """Wait for the running job, and yield its results. Raises its error."""
        running, self._running = self._running, None
        if running is not None:
            yield from running.result()
