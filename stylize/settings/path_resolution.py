"""Paths in what is stored, made whole: seen from the folder that they were written in."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from stylize.settings.conditions import REMOTE, read_control, read_file, read_model


def whole_path(stored: str, folder: Path) -> str:
    """A path made whole; the slash that marks a folder to be made stays."""
    return f"{(folder / stored).resolve()}{'/' if stored.endswith(('/', os.sep)) else ''}"


def whole_each(whole: Callable[[str, Path], str]) -> Callable[[Any, Path], Any]:
    """Makes each of several whole."""
    return lambda stored, folder: [whole(one, folder) for one in stored]


def whole_model(stored: str, folder: Path) -> str:
    """A folder or file that is there made whole; a repo id stays."""
    path = Path(stored).expanduser()
    return whole_path(str(path), folder) if (folder / path).exists() else stored


def whole_control(stored: str, folder: Path) -> str:
    """A control, with the path of its pictures if it has one."""
    asked = read_control(stored)
    return str(asked if asked.path is None else replace(asked, path=Path(whole_path(str(asked.path), folder))))


def whole_file(stored: str, folder: Path) -> str:
    """A file of weights; one inside of a repo stays."""
    asked = read_file(stored)
    if asked.path.parts[0] == REMOTE:
        return stored
    return str(replace(asked, path=Path(whole_path(str(asked.path), folder))))


def whole_control_model(stored: str, folder: Path) -> str:
    """KIND=MODEL, with the model as ``whole_model`` has it."""
    asked = read_model(stored)
    return str(replace(asked, model=whole_model(asked.model, folder)))
