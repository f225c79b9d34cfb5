"""Folder of the user's cache. Kernels are programs, so nobody else may be able to write files there."""

import os
import stat
import tempfile
from functools import cache
from pathlib import Path

import platformdirs

# Environment variable that names the folder instead of the platform's convention.
VARIABLE = "STYLIZE_CACHE"
# Anyone may read: kernels are no secret, and root may fill a folder for others.
MODE = 0o755
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@cache
def cache_folder() -> Path | None:
    """Return the folder for cached files, created if missing, or None where there is no safe one.

    The first of these that the user owns, or root, and that nobody else can write: the folder that STYLIZE_CACHE names,
    and no other if it is set; the platform's folder for caches; a folder of the user among the temporary files.
    """
    given = os.environ.get(VARIABLE)
    candidates = [Path(given).expanduser().absolute()] if given else [_platform_folder(), _temporary_folder()]
    return next((folder for folder in candidates if folder is not None and is_safe(folder)), None)


def is_safe(folder: Path) -> bool:
    """Create a folder if it is missing, and return whether only its owner can write it: this user, or root."""
    try:
        folder.mkdir(mode=MODE, parents=True, exist_ok=True)
        if os.name == "nt":  # profiles are private, and Windows has neither owners nor modes of this kind
            return True
        own = folder.lstat()
        if not stat.S_ISDIR(own.st_mode) or own.st_uid not in (os.geteuid(), 0) or own.st_mode & _OTHERS_WRITE:
            return False
        # Anyone who can rename a folder above this one can replace it.
        above = (parent.stat().st_mode for parent in folder.resolve().parents)
        return not any(mode & stat.S_IWOTH and not mode & stat.S_ISVTX for mode in above)
    except (OSError, RuntimeError):
        return False


def _platform_folder() -> Path | None:
    try:
        folder = platformdirs.user_cache_path("stylize", appauthor=False)
    except (OSError, RuntimeError):
        return None
    # Without a home folder, a path that begins with ~ is returned unchanged.
    return folder if folder.is_absolute() else None


def _temporary_folder() -> Path | None:
    if not hasattr(os, "geteuid"):
        return None
    try:
        return Path(tempfile.gettempdir()) / f"stylize-{os.geteuid()}"
    except FileNotFoundError:
        return None
