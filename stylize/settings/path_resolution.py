"""Paths in what is stored, made whole: seen from the folder that they were written in."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from stylize.settings.conditions import REMOTE, read_control, read_control_model, read_weights_spec


def resolve_path(stored: str, folder: Path) -> str:
    """A path made whole; the slash that marks a folder to be made stays."""
    return f"{(folder / stored).resolve()}{'/' if stored.endswith(('/', os.sep)) else ''}"


def resolve_each(resolve: Callable[[str, Path], str]) -> Callable[[Any, Path], Any]:
    """Makes each of several whole."""
    return lambda stored, folder: [resolve(one, folder) for one in stored]


def resolve_model(stored: str, folder: Path) -> str:
    """A folder or file that is there made whole; a repo id stays."""
    path = Path(stored).expanduser()
    return resolve_path(str(path), folder) if (folder / path).exists() else stored


def resolve_control(stored: str, folder: Path) -> str:
    """A control, with the path of its pictures if it has one."""
    spec = read_control(stored)
    return str(spec if spec.path is None else replace(spec, path=Path(resolve_path(str(spec.path), folder))))


def resolve_weights(stored: str, folder: Path) -> str:
    """A file of weights; one inside of a repo stays."""
    spec = read_weights_spec(stored)
    if spec.path.parts[0] == REMOTE:
        return stored
    return str(replace(spec, path=Path(resolve_path(str(spec.path), folder))))


def resolve_control_model(stored: str, folder: Path) -> str:
    """KIND=MODEL, with the model as ``resolve_model`` has it."""
    spec = read_control_model(stored)
    return str(replace(spec, model=resolve_model(spec.model, folder)))
