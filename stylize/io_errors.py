"""Error messages for failed writes, which name the cause and the fix, in one place for all writes."""

import errno
import os
import shutil
from pathlib import Path

from stylize.errors import OutputError

# Free bytes below which a disk is considered full.
FULL_DISK_BYTES = 1 << 20
# Alternative to suggest for a project's own files.
PROJECT_OPTION = "project with --project FOLDER"


def output_error(error: OSError, target: Path, alternative: str = "-o") -> OutputError:
    """Return an error that explains a file system failure of writing ``target``.

    alternative: option to suggest, after "choose another". Call this before the partial file is deleted: for libraries
    that give no reason, the cause is derived from the state of the disk.
    """
    number = error.errno if error.errno is not None else _probable_errno(target)
    folder, other = target.parent, f"choose another {alternative}"
    if number in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(f"{target} cannot be written: the disk is full; free some space and run again")
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        fix = "close other programs that use it, fix" if os.name == "nt" else "fix"
        return OutputError(f"{target} cannot be written: {folder} does not allow it; {fix} its permissions, or {other}")
    if number in (errno.ENOTDIR, errno.EEXIST):
        return OutputError(f"{target} cannot be written: a file exists where a folder is needed; {other}")
    if number == errno.EISDIR:
        return OutputError(f"{target} cannot be written: it is a folder; {other}")
    if number == errno.ELOOP:
        return OutputError(f"{target} cannot be written: it is a symbolic link; replace it by a file, or {other}")
    if number == errno.ENOENT:
        return OutputError(f"{target} cannot be written: the folder {folder} no longer exists; run again, or {other}")
    reason = error.strerror or " ".join(str(error).split()) or "unknown reason"
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
