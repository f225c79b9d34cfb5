"""Absolute path of a file without symbolic links."""

import os
from pathlib import Path


def real_path(path: Path) -> Path:
    """Return the absolute path without symbolic links; those of a loop stay in it.

    `Path.resolve` raises RuntimeError for a loop. Here the path is returned, and opening it raises OSError, which
    readers and writers report like that of any other path that cannot be opened.
    """
    return Path(os.path.realpath(path))
