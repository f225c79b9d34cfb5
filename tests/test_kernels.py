"""Compiled kernels: quick to compile, and safe to call from several threads."""

from numba.core.dispatcher import Dispatcher

from masks import min_cut
from propagate import patchmatch_numba
from stylize.planning import coverage, eye_opening, fitting

MODULES = (min_cut, patchmatch_numba, coverage, eye_opening, fitting)
KERNELS = [one for module in MODULES for one in vars(module).values() if isinstance(one, Dispatcher)]


def test_kernels_do_not_start_threads_of_numba():
    """Its threading layers are not safe for concurrent calls (workqueue), or may hang at exit (tbb)."""
    assert len(KERNELS) > 15
    assert not [kernel for kernel in KERNELS if kernel.targetoptions.get("parallel")]


def test_kernels_release_the_interpreter_and_count_no_references():
    assert all(kernel.targetoptions["nogil"] for kernel in KERNELS)
    assert not any(kernel.targetoptions["_nrt"] for kernel in KERNELS)
