import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from propagate.threads import thread_limit
from stylize.threads import available_cpus, threads_per_process, use_threads

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _as_before():
    before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(before)


def test_thread_limit_applies_to_all_steps_and_may_exceed_the_cores():
    use_threads(1)
    assert (cv2.getNumThreads(), thread_limit()) == (1, 1)
    use_threads(1000)
    assert (cv2.getNumThreads(), thread_limit()) == (1000, 1000)


def test_threads_are_unchanged_by_default():
    use_threads(1)
    use_threads(None)
    assert (cv2.getNumThreads(), thread_limit()) == (1, 1)


@pytest.mark.parametrize(
    ("threads", "jobs", "share"), [(None, 1, None), (8, 1, 8), (8, 3, 2), (2, 2, 1), (2, 9, 1), (None, 1000, 1)]
)
def test_processes_share_the_threads_of_one(threads, jobs, share):
    assert threads_per_process(threads, jobs) == share


def test_default_is_all_threads():
    assert threads_per_process(None, 2) == max(1, available_cpus() // 2)


def products(threads):
    """Digests of BLAS products, computed in a process in which BLAS has so many threads."""
    bound = dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), str(threads))
    done = subprocess.run(
        [sys.executable, "-m", "tests.products"], env=os.environ | bound, capture_output=True, check=True, cwd=ROOT
    )
    return done.stdout.split()


@pytest.mark.slow
def test_bits_do_not_depend_on_blas_threads():
    one = products(1)
    assert len(one) == 7
    assert [products(threads) for threads in (2, 3, 8)] == [one] * 3
