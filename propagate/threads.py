"""Thread limits: a step uses all of OpenCV's threads, or its share where passes run concurrently."""

import threading

import cv2

_limits = threading.local()


def thread_limit() -> int:
    """Number of threads that work on this thread may use."""
    return getattr(_limits, "threads", None) or cv2.getNumThreads()


def limit_threads(threads: int) -> None:
    """Limit the threads that work on this thread may use, whatever OpenCV's limit."""
    _limits.threads = threads
