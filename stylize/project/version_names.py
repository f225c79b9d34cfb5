"""Names of saved versions, which are the names of files on any file system."""

import re
from collections.abc import Collection
from itertools import count

from stylize.errors import SettingsError
from stylize.media.windows_names import is_device_name

MAX_NAME = 64
# Name of the project as it is now, in a comparison of two versions.
PRESENT = "present"
# What a comparison leaves out, for messages.
NOT_COMPARED = "the frames of a version are not compared: restore it and run it to make them"
# Beginning of the names of versions that are saved before another one is restored.
BEFORE = "before-"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# Words of commands, and folders of the store.
_RESERVED = frozenset({PRESENT, "save", "list", "restore", "compare", "remove", "objects", "restored"})


def is_version_name(name: str) -> bool:
    """Return whether a name is allowed for a version."""
    return _is_file_name(name) and not _is_reserved(name)


def check_version_name(name: str) -> str:
    """Return the name of a version. Raises SettingsError for one that is reserved, or could not be a file name."""
    if not _is_file_name(name):
        raise SettingsError(
            f"expected a name for a version, up to {MAX_NAME} letters from A to Z, digits, dots, - and _, which begins "
            f"with a letter or a digit and does not end with a dot, found {name!r}; choose another"
        )
    if _is_reserved(name):
        raise SettingsError(f"{name!r} is a reserved word and cannot name a version; choose another name")
    return name


def free_name(restored: str, existing: Collection[str]) -> str:
    """Return the name of the version that is saved before another is restored."""
    base, taken = f"{BEFORE}{restored}"[: MAX_NAME - 4].rstrip("."), {name.casefold() for name in existing}
    names = (base if number == 1 else f"{base}-{number}" for number in count(1))
    return next(name for name in names if name.casefold() not in taken)


def _is_file_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and not name.endswith(".") and len(name) <= MAX_NAME


def _is_reserved(name: str) -> bool:
    return name.casefold().partition(".")[0] in _RESERVED or is_device_name(name)
