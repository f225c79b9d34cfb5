"""Key of a kernel's content: everything that determines its machine code, wherever it is installed."""

import builtins
import hashlib
import platform
import sys
from collections.abc import Callable
from types import CodeType, FunctionType, ModuleType
from typing import Any

import llvmlite
import numba
import numpy as np
from numba.core import config
from numba.core.dispatcher import Dispatcher

_PLAIN = (bool, int, float, complex, str, bytes, type(None))


def content_key(function: Callable[..., Any]) -> str:
    """Hash a function, the kernels that it calls, the constants that they read, and the compiler's versions: hex.

    Raises TypeError for a global of a type that kernels cannot treat as a constant.
    """
    versions = sys.implementation.cache_tag, platform.python_version(), numba.__version__, llvmlite.__version__
    environment = np.__version__, config.OPT, config.BOUNDSCHECK, config.DEBUGINFO_DEFAULT
    described = repr((versions, environment, _function(function, set())))
    return hashlib.blake2b(described.encode(), digest_size=16).hexdigest()


def _function(function: Any, seen: set[int]) -> tuple[object, ...]:
    """Describe a function and everything it refers to; a function that is already being described is only named."""
    name = f"{function.__module__}.{function.__qualname__}"
    if id(function) in seen:
        return (name,)
    seen.add(id(function))
    names = sorted(_names(function.__code__))
    values = {one: function.__globals__[one] for one in names if one in function.__globals__}
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    return (
        name, _code(function.__code__), function.__defaults__, [(one, _value(v, seen)) for one, v in values.items()],
        [_value(cell, seen) for cell in cells],
    )  # fmt: skip


def _names(code: CodeType) -> set[str]:
    nested = (one for one in code.co_consts if isinstance(one, CodeType))
    return set(code.co_names).union(*map(_names, nested))


def _code(code: CodeType) -> tuple[object, ...]:
    return code.co_code.hex(), [*map(_constant, code.co_consts)], code.co_names, code.co_varnames, code.co_argcount


def _constant(value: object) -> object:
    if isinstance(value, CodeType):
        return _code(value)
    # The order of a set differs from process to process.
    return sorted(map(repr, value)) if isinstance(value, frozenset) else repr(value)


def _value(value: Any, seen: set[int]) -> object:
    if isinstance(value, Dispatcher):
        return sorted(value.targetoptions.items(), key=str), _function(value.py_func, seen)
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, np.generic):
        return value.dtype.str, value.tobytes().hex()
    if isinstance(value, tuple):
        return tuple(_value(one, seen) for one in value)
    if isinstance(value, ModuleType):
        return value.__name__
    if isinstance(value, (type, FunctionType)) or getattr(value, "__module__", None) == builtins.__name__:
        # Kernels convert to types; plain functions cannot be called, and only have the name of an attribute.
        return value.__module__, value.__qualname__
    raise TypeError(f"a kernel reads a global {type(value).__name__}, whose content cannot be part of a key")
