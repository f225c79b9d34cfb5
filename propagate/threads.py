"""How many threads a step may use: all that OpenCV may, or a share, where works run beside each other."""

import threading

import cv2
import numba

_own = threading.local()


def allowed() -> int:
    """How many threads what this thread does may use."""
    return getattr(_own, "threads", None) or cv2.getNumThreads()


def allow(threads: int) -> None:
    """Bounds what this thread may use, whatever OpenCV may."""
    _own.threads = threads
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))


def concurrent() -> bool:
    """Whether several threads may run kernels at once. The simplest of numba's layers ends the process then."""
    numba.get_num_threads()  # chooses the layer, unless one is in use
    return bool(numba.threading_layer() != "workqueue")
