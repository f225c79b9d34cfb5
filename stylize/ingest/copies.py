"""Copies of files into the project of a new version of a shot."""

import shutil
from pathlib import Path

from stylize.io_errors import PROJECT_OPTION
from stylize.media.safe_write import atomic_write


def copy_contents(source: Path, target: Path) -> None:
    """Copy the contents of a file to a path, for ``Project.place``."""
    shutil.copyfile(source, target)


def copy_new(source: Path, target: Path) -> None:
    """Copy a file of a person, unless its target exists, as after a run that was killed. Raises OutputError."""
    if not target.exists():
        with atomic_write(target, PROJECT_OPTION) as partial_file:
            shutil.copyfile(source, partial_file)
