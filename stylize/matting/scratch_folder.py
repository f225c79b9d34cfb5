"""Temporary folder for intermediate files, so that memory does not grow with the length of the shot."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stylize.io_errors import PROJECT_OPTION, output_error
from stylize.media.safe_write import PARTIAL
from stylize.project import Project

# Names of files in a scratch folder, complete or partial, including those of earlier versions.
_SCRATCH_FILE = re.compile(rf"\.?\d+\.(png|npy|npz)({re.escape(PARTIAL)}|\.partial)?")


@contextmanager
def scratch_folder(project: Project, purpose: str) -> Iterator[Path]:
    """Yield an empty folder in mask/ of a locked project, and remove it at the end of the block.

    Scratch folders that killed runs left for the same purpose are removed first, except for foreign files in them.
    Raises OutputError if the folder cannot be created.
    """
    parent = project.folder("mask")
    for folder in parent.iterdir():
        # The random part is from tempfile. Names of earlier versions do not contain "stylize".
        if re.fullmatch(rf"\.(stylize-)?{purpose}-[a-z0-9_]{{8}}", folder.name):
            _clear(folder)
    try:
        scratch = tempfile.TemporaryDirectory(dir=parent, prefix=f".stylize-{purpose}-")
    except OSError as error:
        raise output_error(error, parent / f".stylize-{purpose}-", PROJECT_OPTION) from error
    with scratch as path:
        yield Path(path)


def _clear(folder: Path) -> None:
    if folder.is_symlink():
        return
    with suppress(OSError):
        for path in folder.iterdir():
            if _SCRATCH_FILE.fullmatch(path.name) and (path.is_symlink() or path.is_file()):
                path.unlink()
        folder.rmdir()
