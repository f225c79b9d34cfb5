import threading

import cv2
import numba
import pytest

from propagate.threads import kernels_thread_safe, limit_threads, thread_limit


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
    kernels = numba.get_num_threads()
    assert thread_limit() == 3
    assert in_a_thread(lambda: limit_threads(1) or (thread_limit(), numba.get_num_threads())) == (1, 1)
    assert in_a_thread(lambda: limit_threads(10**6) or (thread_limit(), numba.get_num_threads())) == (
        10**6,
        numba.config.NUMBA_NUM_THREADS,
    )
    assert (thread_limit(), numba.get_num_threads()) == (3, kernels)


@pytest.mark.parametrize(("layer", "may"), [("omp", True), ("tbb", True), ("workqueue", False)])
def test_concurrent_kernels_depend_on_the_threading_layer(monkeypatch, layer, may):
    monkeypatch.setattr(numba, "threading_layer", lambda: layer)
    assert kernels_thread_safe() is may


def test_threading_layer_is_known_before_any_kernel_runs():
    assert isinstance(kernels_thread_safe(), bool)
