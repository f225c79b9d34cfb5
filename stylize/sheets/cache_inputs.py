"""Inputs of a sheet for cache keys: all of its text, and the contents of its pictures."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from stylize.sheets.content import Sheet


def sheet_inputs(sheet: Sheet, digest: Callable[[Path], str]) -> list[Any]:
    """Return all that a sheet is drawn from, in a form that JSON can represent.

    Functions that return a picture must be instances of dataclasses, whose fields are their inputs. digest: returns the
    digest of a file's contents. Raises TypeError for other functions.
    """
    return list(_inputs(sheet, digest))


def _inputs(value: Any, digest: Callable[[Path], str]) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Enum():
            return value.name
        case Path():
            return digest(value)
        case Fraction():
            return str(value)
        case np.ndarray():
            contents = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
            return [value.dtype.str, list(value.shape), contents]
    if is_dataclass(value):
        return [type(value).__name__, *(_inputs(getattr(value, one.name), digest) for one in fields(value))]
    if isinstance(value, Iterable):
        return [_inputs(one, digest) for one in value]
    raise TypeError(f"{value!r} on a sheet is not a dataclass, so that its inputs are unknown")
