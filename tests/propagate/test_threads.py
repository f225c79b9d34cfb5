import threading

import cv2
import pytest

from propagate.threads import limit_threads, thread_limit


@pytest.fixture(autouse=True)
def _three_threads():
    before = cv2.getNumThreads()
    cv2.setNumThreads(3)
    yield
    cv2.setNumThreads(before)


def in_a_thread(what):
    found = []
    thread = threading.Thread(target=lambda: found.append(what()))
    thread.start()
    thread.join()
    return found[0]


def test_thread_limit_defaults_to_opencv_and_is_set_per_thread():
    assert thread_limit() == 3
    assert in_a_thread(lambda: limit_threads(1) or thread_limit()) == 1
    assert in_a_thread(lambda: limit_threads(10**6) or thread_limit()) == 10**6
    assert thread_limit() == 3
