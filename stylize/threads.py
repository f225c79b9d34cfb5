"""How many threads the kernels of all libraries may use.

BLAS is not among them: it has a pool of its own, which only its environment or a further dependency (threadpoolctl)
could bound, and nothing here is worth that. Its products are of matrices with three columns at most, as pixels and
their colours, whose rows it shares out without adding up in another order. Long sums would be in another order, with
other bits, for every number of its threads: they are no products (`planning.coverage.weighted_sum`,
`masks.conjugate_gradients`). A test holds all of this against other numbers of BLAS's threads.
"""

import os


def use_threads(threads: int | None) -> None:
    """Bounds the threads of OpenCV and of our own kernels, or leaves the libraries' choice; the result is the same."""
    if threads is None:
        return
    import cv2
    import numba

    cv2.setNumThreads(threads)
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))


def threads_per_process(threads: int | None, jobs: int) -> int | None:
    """What each of several processes may use, so that together they use no more than one would."""
    if jobs == 1:
        return threads
    return max(1, (threads or available_cpus()) // jobs)


def available_cpus() -> int:
    """Processors that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
