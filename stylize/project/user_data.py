"""Folder of the user's own data about projects: facts that a project folder itself cannot be trusted to state.

A project folder may come from anyone. The files that the user's runs have written outside it, and the permissions that
the user has given, are therefore kept here, in one folder for each project path.
"""

import hashlib
import os
from pathlib import Path

import platformdirs

from stylize.errors import ProjectError
from stylize.real_path import real_path

# Environment variable that names the folder instead of the platform's convention.
VARIABLE = "STYLIZE_DATA"
# File with the path of the project, as information for people.
PATH_FILE = "path.txt"
_HASH_BYTES = 16
_ADVICE = f"set {VARIABLE}=FOLDER to a folder that this user can write"


def data_folder() -> Path:
    """Return the absolute path of the user's data folder, which need not exist. Raises ProjectError without a home."""
    given = os.environ.get(VARIABLE)
    if given:
        return Path(given).expanduser().absolute()
    try:
        # Without a home folder, a path that begins with ~ is returned unchanged.
        folder = platformdirs.user_data_path("stylize", appauthor=False)
    except (RuntimeError, OSError) as error:
        raise ProjectError(f"there is no home folder for data ({error}); {_ADVICE}") from error
    if not folder.is_absolute():
        raise ProjectError(f"there is no home folder for data; {_ADVICE}")
    return folder


def project_data(root: Path) -> Path:
    """Return the folder of the user's data about a project; it need not exist. Raises ProjectError without a home."""
    name = hashlib.blake2b(os.fsencode(real_path(root)), digest_size=_HASH_BYTES).hexdigest()
    return data_folder() / "projects" / name


def make_project_data(root: Path) -> Path:
    """Create the folder of the user's data about a project, readable only by the user, and return it.

    Raises ProjectError without a home folder, or when the folder cannot be created or written.
    """
    folder = project_data(root)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        note = folder / PATH_FILE
        if not note.exists():
            note.write_text(f"{real_path(root)}\n", encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise ProjectError(f"{folder} cannot be written ({error.strerror}); {_ADVICE}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ProjectError(f"{folder} cannot be written; {_ADVICE}")
    return folder
