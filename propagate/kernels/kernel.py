"""Decorators of functions that numba compiles on first use.

All release the interpreter's lock, and none allocates: references need not be counted then (``_nrt``), which takes time
to compile, and in every loop. None is parallel: such kernels take three times as long to compile, and numba's threading
layers are not safe for concurrent calls (workqueue), or may hang at exit (tbb). Write loops instead of assigning to
slices or calling ``np.median`` and the like, which take up to two seconds each to compile. A kernel has one signature:
pass contiguous arrays. A variable that is passed to another function begins as ``np.int64(0)``: for the literal 0, that
function would be compiled twice.
"""

from collections.abc import Callable
from typing import Any

import numba as nb

from propagate.kernels.cache import KernelCache

_OPTIONS = {"nogil": True, "error_model": "numpy", "_nrt": False, "no_cfunc_wrapper": True}


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function for calls from Python, and store it in the user's cache; see ``cache``."""
    compiled = nb.njit(**_OPTIONS)(function)
    keep(compiled)
    return compiled


def keep(compiled: Any) -> None:
    """Cache a kernel that is declared elsewhere in the user's cache; see ``cache``."""
    if hasattr(compiled, "py_func"):  # not with NUMBA_DISABLE_JIT
        compiled._cache = KernelCache(compiled.py_func)


def is_stored(compiled: Any) -> bool:
    """Return whether the cache has a kernel, for any signature."""
    cache = getattr(compiled, "_cache", None)
    return isinstance(cache, KernelCache) and cache.is_stored()


def inner(function: Callable[..., Any]) -> Any:
    """Compile a function for calls from kernels only."""
    return nb.njit(**_OPTIONS, no_cpython_wrapper=True)(function)


def inlined(function: Callable[..., Any]) -> Any:
    """Compile a function that LLVM inlines into kernels, which keeps invariants in registers.

    If numba inlined it, it would infer types again at every call.
    """
    return nb.njit(**_OPTIONS, no_cpython_wrapper=True, forceinline=True)(function)
