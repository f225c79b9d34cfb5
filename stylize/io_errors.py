"""Errors of writing a file, as messages that name the cause and the fix: one place for all writes."""

import errno
import os
import shutil
from pathlib import Path

from stylize.errors import OutputError

# Free bytes below which a disk counts as full.
FULL_DISK_BYTES = 1 << 20
# Alternative to name for files that a project keeps for itself.
PROJECT_OPTION = "project with --project FOLDER"


def output_error(error: OSError, target: Path, alternative: str = "-o") -> OutputError:
    """Return the error that explains a failure of the file system to the user who needs ``target``.

    alternative: what else to choose, after 'another'. Call it before the half-written file is deleted: for libraries
    that write by themselves and give no reason, the cause is found from the state of the disk.
    """
    number = error.errno if error.errno is not None else _probable_errno(target)
    folder, other = target.parent, f"choose another {alternative}"
    if number in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(f"{target} cannot be written: the disk is full; free some space and run again")
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return OutputError(f"{target} cannot be written: {folder} does not allow it; fix its permissions, or {other}")
    if number in (errno.ENOTDIR, errno.EEXIST):
        return OutputError(f"{target} cannot be written: a file stands where a folder is needed; {other}")
    if number == errno.EISDIR:
        return OutputError(f"{target} cannot be written: it is a folder; {other}")
    if number == errno.ENOENT:
        return OutputError(f"{target} cannot be written: the folder {folder} has gone; run again, or {other}")
    reason = error.strerror or " ".join(str(error).split()) or "no reason was told"
    return OutputError(f"{target} cannot be written ({reason}); free space or check the disk, or {other}")


def _probable_errno(target: Path) -> int | None:
    folder = target.parent
    if not folder.is_dir():
        return errno.ENOTDIR if folder.exists() else errno.ENOENT
    if target.is_dir():
        return errno.EISDIR
    if not os.access(folder, os.W_OK | os.X_OK):
        return errno.EACCES
    return errno.ENOSPC if shutil.disk_usage(folder).free < FULL_DISK_BYTES else None
