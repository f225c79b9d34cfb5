"""Resolution of stored paths against the folder that they were written in, and back.

A project file keeps paths near it relative, so that it can be moved together with them. Such a path begins with ``./``
or ``../``, unlike a repo id.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stylize.real_path import real_path
from stylize.settings.conditions import REMOTE, read_control, read_control_model, read_weights_spec


@dataclass(frozen=True)
class FromProject:
    """Makes the paths of a project file absolute, without access to files. root: project folder without links."""

    root: Path

    def path(self, stored: str) -> str:
        """Return an absolute path; one that is absolute already is unchanged."""
        return stored if Path(stored).is_absolute() else _with_slash(os.path.normpath(self.root / stored), stored)

    def is_path(self, stored: str) -> bool:
        """Return whether the text of a model is a path, and not a repo id."""
        return stored.startswith((f".{os.sep}", f"..{os.sep}"))


@dataclass(frozen=True)
class ToProject:
    """Makes the absolute paths for a project file relative if they are in the folder above that of the project.

    root: folder of the project, without links. Other paths stay absolute: they are not moved together with the project.
    """

    root: Path

    def path(self, stored: str) -> str:
        """Return a path that begins with ``./`` or ``../``, or the absolute path."""
        near = self.root.parent.parent
        if near == near.parent or not Path(stored).is_relative_to(near):
            return stored
        relative = os.path.relpath(stored, self.root)
        return _with_slash(relative if relative.startswith(os.pardir) else f".{os.sep}{relative}", stored)

    def is_path(self, stored: str) -> bool:
        """Return whether the text of a model is a path, which is absolute by now, and not a repo id."""
        return Path(stored).is_absolute()


@dataclass(frozen=True)
class _InFolder:
    """Makes paths absolute, with links resolved. folder: that relative ones are in."""

    folder: Path

    def path(self, stored: str) -> str:
        return _with_slash(str(real_path(self.folder / stored)), stored)

    def is_path(self, stored: str) -> bool:
        return (self.folder / Path(stored).expanduser()).exists()


# The folder that stored paths are relative to, or a conversion of a project file.
Base = Path | FromProject | ToProject


def resolve_path(stored: str, base: Base) -> str:
    """Return the path in the form of `base`; keeps the trailing slash that marks a folder to be created."""
    return _conversion(base).path(stored)


def resolve_each(resolve: Callable[[str, Base], str]) -> Callable[[Any, Base], Any]:
    """Return a function that resolves each of several values."""
    return lambda stored, base: [resolve(one, base) for one in stored]


def resolve_model(stored: str, base: Base) -> str:
    """Return the path of an existing folder or file; a repo id is unchanged."""
    if not _conversion(base).is_path(stored):
        return stored
    return resolve_path(str(Path(stored).expanduser()), base)


def resolve_control(stored: str, base: Base) -> str:
    """Return a control, with the path of its pictures resolved if it has one."""
    spec = read_control(stored)
    return str(spec if spec.path is None else replace(spec, path=Path(resolve_path(str(spec.path), base))))


def resolve_weights(stored: str, base: Base) -> str:
    """Return a file of weights with its path resolved; one inside a repo is unchanged."""
    spec = read_weights_spec(stored)
    if spec.path.parts[0] == REMOTE:
        return stored
    return str(replace(spec, path=Path(resolve_path(str(spec.path), base))))


def resolve_control_model(stored: str, base: Base) -> str:
    """Return KIND=MODEL, with the model resolved by ``resolve_model``."""
    spec = read_control_model(stored)
    return str(replace(spec, model=resolve_model(spec.model, base)))


def _conversion(base: Base) -> FromProject | ToProject | _InFolder:
    return _InFolder(base) if isinstance(base, Path) else base


def _with_slash(path: str, stored: str) -> str:
    return f"{path}{'/' if stored.endswith(('/', os.sep)) else ''}"
