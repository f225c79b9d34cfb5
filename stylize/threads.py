"""Number of threads that the kernels of all libraries may use.

BLAS is not included. It has its own thread pool, which only its environment or another dependency (threadpoolctl) could
limit; that is not worthwhile here. It is used only for products of matrices with at most three columns, such as pixels
and their colours. BLAS splits their rows among threads without changing the order of summation. Long sums would be in a
different order, with different rounding, for every number of threads; they therefore do not use BLAS
(`planning.coverage.weighted_sum`, `masks.conjugate_gradients`). A test checks this with different numbers of BLAS
threads.
"""

import os


def use_threads(threads: int | None) -> None:
    """Limit the threads of OpenCV and of our steps; None keeps the number. The result does not depend on it."""
    if threads is None:
        return
    import cv2

    cv2.setNumThreads(threads)


def threads_per_process(threads: int | None, jobs: int) -> int | None:
    """Return the number of threads for each process, so that all together use no more than one process would."""
    if jobs == 1:
        return threads
    return max(1, (threads or available_cpus()) // jobs)


def available_cpus() -> int:
    """Return the number of processors that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
