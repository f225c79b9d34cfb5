"""Resolution of stored paths against the folder that they were written in."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from stylize.settings.conditions import REMOTE, read_control, read_control_model, read_weights_spec


def resolve_path(stored: str, folder: Path) -> str:
    """Return an absolute path; keeps the trailing slash that marks a folder to be created."""
    return f"{(folder / stored).resolve()}{'/' if stored.endswith(('/', os.sep)) else ''}"


def resolve_each(resolve: Callable[[str, Path], str]) -> Callable[[Any, Path], Any]:
    """Return a function that resolves each of several values."""
    return lambda stored, folder: [resolve(one, folder) for one in stored]


def resolve_model(stored: str, folder: Path) -> str:
    """Return the absolute path of an existing folder or file; a repo id is unchanged."""
    path = Path(stored).expanduser()
    return resolve_path(str(path), folder) if (folder / path).exists() else stored


def resolve_control(stored: str, folder: Path) -> str:
    """Return a control, with the path of its pictures absolute if it has one."""
    spec = read_control(stored)
    return str(spec if spec.path is None else replace(spec, path=Path(resolve_path(str(spec.path), folder))))


def resolve_weights(stored: str, folder: Path) -> str:
    """Return a file of weights with an absolute path; one inside a repo is unchanged."""
    spec = read_weights_spec(stored)
    if spec.path.parts[0] == REMOTE:
        return stored
    return str(replace(spec, path=Path(resolve_path(str(spec.path), folder))))


def resolve_control_model(stored: str, folder: Path) -> str:
    """Return KIND=MODEL, with the model resolved by ``resolve_model``."""
    spec = read_control_model(stored)
    return str(replace(spec, model=resolve_model(spec.model, folder)))
