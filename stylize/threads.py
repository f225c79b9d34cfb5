"""Number of threads that the kernels of all libraries may use.

BLAS is not among them. It has its own thread pool, which only its environment or a further dependency (threadpoolctl)
could limit; that is not worth it here. Its products are of matrices with at most three columns, such as pixels and
their colours. BLAS splits their rows among threads without changing the order of summation. Long sums would be in
another order, with other bits, for every number of threads; they therefore do not use BLAS
(`planning.coverage.weighted_sum`, `masks.conjugate_gradients`). A test checks all of this with other numbers of BLAS
threads.
"""

import os


def use_threads(threads: int | None) -> None:
    """Limit the threads of OpenCV and of our own kernels; None keeps the libraries' choice. The result is the same."""
    if threads is None:
        return
    import cv2
    import numba

    cv2.setNumThreads(threads)
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))


def threads_per_process(threads: int | None, jobs: int) -> int | None:
    """Return the threads for each of several processes, so that together they use no more than one process would."""
    if jobs == 1:
        return threads
    return max(1, (threads or available_cpus()) // jobs)


def available_cpus() -> int:
    """Return the number of processors that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
