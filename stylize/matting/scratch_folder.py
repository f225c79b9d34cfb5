"""A folder for what waits on disk in the course of one work, so that memory does not grow with the shot."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stylize.io_errors import PROJECT_OPTION, output_error
from stylize.project import Project


@contextmanager
def scratch_folder(project: Project, purpose: str) -> Iterator[Path]:
    """An empty folder in the mask/ of a project that is locked, gone in the end, and first what a run that was killed
    left of the same purpose. Raises OutputError when it cannot be made."""
    parent = project.folder("mask")
    for stale in parent.glob(f".{purpose}-*"):
        shutil.rmtree(stale, ignore_errors=True)
    try:
        folder = tempfile.TemporaryDirectory(dir=parent, prefix=f".{purpose}-")
    except OSError as error:
        raise output_error(error, parent / f".{purpose}-", PROJECT_OPTION) from error
    with folder as path:
        yield Path(path)
