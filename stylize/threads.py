"""How many threads the kernels of all libraries may use."""

import os


def use_threads(threads: int | None) -> None:
    """Bounds the threads of all kernels, or leaves the libraries' own choice; the result is the same."""
    if threads is None:
        return
    import cv2
    import numba

    cv2.setNumThreads(threads)
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))


def share_of_threads(threads: int | None, jobs: int) -> int | None:
    """What each of several processes may use, so that together they use no more than one would."""
    if jobs == 1:
        return threads
    return max(1, (threads or available()) // jobs)


def available() -> int:
    """Processors that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
