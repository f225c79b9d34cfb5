"""A temporary folder for intermediate files, so that memory does not grow with the shot."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stylize.io_errors import PROJECT_OPTION, output_error
from stylize.project import Project


@contextmanager
def scratch_folder(project: Project, purpose: str) -> Iterator[Path]:
    """Yield an empty folder in mask/ of a locked project, and remove it at the end.

    The folder that a killed run left for the same purpose is removed first. Raises OutputError if it cannot be created.
    """
    parent = project.folder("mask")
    for stale in parent.glob(f".{purpose}-*"):
        shutil.rmtree(stale, ignore_errors=True)
    try:
        folder = tempfile.TemporaryDirectory(dir=parent, prefix=f".{purpose}-")
    except OSError as error:
        raise output_error(error, parent / f".{purpose}-", PROJECT_OPTION) from error
    with folder as path:
        yield Path(path)
