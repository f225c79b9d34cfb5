"""Thread limits: a step uses all of OpenCV's threads, or its share where passes run concurrently."""

import threading

import cv2
import numba

_limits = threading.local()


def thread_limit() -> int:
    """Number of threads that work on this thread may use."""
    return getattr(_limits, "threads", None) or cv2.getNumThreads()


def limit_threads(threads: int) -> None:
    """Limit the threads that work on this thread may use, whatever OpenCV's limit."""
    _limits.threads = threads
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))


def kernels_thread_safe() -> bool:
    """Return whether several threads may run kernels at once: numba's simplest threading layer aborts the process."""
    numba.get_num_threads()  # selects the layer, unless one is in use
    return bool(numba.threading_layer() != "workqueue")
