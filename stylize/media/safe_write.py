"""Atomic writing of output files."""

import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stylize.errors import OutputError
from stylize.io_errors import output_error
from stylize.real_path import real_path

# Part of the names of temporary files. Files of other programs do not contain it.
PARTIAL = ".stylize-partial"
# Names of temporary files, including those of earlier versions: hidden, with "partial" at the end or before the suffix.
_PARTIAL = re.compile(r"\..+\.(stylize-)?partial(\.[^.]+)?")
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)  # not available on Windows
# Seconds to wait between attempts to replace a file. Windows refuses while another program, such as a viewer or a virus
# scanner, has it open; on other systems, waiting would not help.
_WAITS = (0.05, 0.1, 0.2, 0.4, 0.8) if os.name == "nt" else ()
# Called with a path and its complete temporary file just before the file is renamed to the path, so that the file is
# recorded before it becomes visible. Returns a function to call after the file has been renamed.
Seal = Callable[[Path, Path], Callable[[], None]]


def no_seal(target: Path, partial: Path) -> Callable[[], None]:
    """Do not record a file."""
    return lambda: None


@contextmanager
def atomic_write(
    target: Path, elsewhere: str = "-o", *, keep_suffix: bool = False, shared: bool = False, seal: Seal = no_seal
) -> Iterator[Path]:
    """Yield a temporary path in the folder of `target`, and rename it to `target` if the block succeeds.

    The temporary file is created empty. It replaces one of a killed run, but never follows a link. If `target` is a
    link, the link is replaced, and the file that it points to stays unchanged. If the block fails, the temporary file
    is removed, and `target` stays unchanged.

    elsewhere: option that error messages suggest to change. keep_suffix: keep the suffix of `target` at the end, for
    writers that choose the format by it. shared: several processes may write the same contents concurrently. seal:
    records the file. Raises OutputError for file system errors inside the block, and if the temporary name belongs to a
    link or folder.
    """
    make_folder(target.parent)
    partial = target.with_name(f".{target.stem}{PARTIAL}{target.suffix}") if keep_suffix else _partial(target)
    if shared:
        partial = partial.with_name(f".{os.getpid()}{partial.name}")
    try:
        _create(partial)
    except OSError as error:
        raise output_error(error, target, elsewhere) from error
    try:
        yield partial
        placed = seal(target, partial)
        _replace(partial, target)
        placed()
    except OSError as error:
        # Create the error before removing the partial file, which frees space on a full disk.
        raise output_error(error, target, elsewhere) from error
    finally:
        _discard(partial)


def _partial(target: Path) -> Path:
    """Return the temporary name of a file, which is hidden, fixed, and does not end with a picture suffix.

    Thus, a file of a killed run is never read as a frame, and the next run replaces it. Libraries that choose the
    format by suffix must be given the format.
    """
    return target.with_name(f".{target.name}{PARTIAL}")


def is_partial(name: str) -> bool:
    """Return whether a file name is that of a temporary file."""
    return _PARTIAL.fullmatch(name) is not None


def make_folder(folder: Path) -> None:
    """Create a folder and its missing parents. Raises OutputError if that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(error, folder) from error


def location(path: Path) -> Path:
    """Return the absolute path of a file, with links in its folders resolved.

    The file itself is not resolved: if it is a link, a result replaces the link.
    """
    return real_path(path.parent) / path.name


def no_follow(path: str, flags: int) -> int:
    """Open a file without following links, as the `opener` of ``open``. Raises OSError if the file is a link."""
    return os.open(path, flags | _NO_FOLLOW, 0o666)


def _create(partial: Path) -> None:
    """Create an empty temporary file. Raises OutputError if its name exists and is not a regular file."""
    with suppress(FileNotFoundError):
        mode = partial.lstat().st_mode
        if not stat.S_ISREG(mode):
            link, folder = stat.S_ISLNK(mode), stat.S_ISDIR(mode)
            kind = "a symbolic link" if link else "a folder" if folder else "not a regular file"
            raise OutputError(f"{partial} is {kind}, expected a temporary file of stylize or nothing; remove it")
        partial.unlink()
    os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, 0o666))


def _replace(partial: Path, target: Path) -> None:
    """Rename a file, and retry while another program has the target open. Raises OSError if it stays open."""
    for wait in _WAITS:
        try:
            partial.replace(target)
        except PermissionError:
            time.sleep(wait)
        else:
            return
    partial.replace(target)


def _discard(partial: Path) -> None:
    try:
        partial.unlink(missing_ok=True)
    except OSError:
        return  # the folder is missing or not writable, as the error that is being raised reports
