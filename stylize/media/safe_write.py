"""Write output files whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stylize.io_errors import output_error


@contextmanager
def atomic_write(
    target: Path, elsewhere: str = "-o", *, keep_suffix: bool = False, shared: bool = False
) -> Iterator[Path]:
    """Yield a temporary path alongside `target` to write to; it becomes `target` when the block succeeds.

    If the block fails, the temporary file is removed and `target` stays unchanged. Raises OutputError for any file
    system error inside the block. elsewhere: the option that the message suggests to change. keep_suffix: for writers
    that choose the format by suffix. shared: several processes may write the same contents concurrently.
    """
    make_folder(target.parent)
    partial = target.with_name(f".{target.stem}.partial{target.suffix}") if keep_suffix else _partial(target)
    if shared:
        partial = partial.with_name(f".{os.getpid()}{partial.name}")
    try:
        yield partial
        partial.replace(target)
    except OSError as error:
        # Before the partial file is removed, which makes room again on a full disk.
        raise output_error(error, target, elsewhere) from error
    finally:
        _discard(partial)


def _partial(target: Path) -> Path:
    """Return the temporary name of a file: hidden, without a picture suffix at its end, and always the same.

    A file that a killed run leaves is thus never read as a frame, and the next run replaces it. A library that chooses
    the format by suffix must be given the format.
    """
    return target.with_name(f".{target.name}.partial")


def make_folder(folder: Path) -> None:
    """Create `folder` and its missing parents; raises OutputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(error, folder) from error


def _discard(partial: Path) -> None:
    try:
        partial.unlink(missing_ok=True)
    except OSError:
        return  # the folder itself is gone or closed: the error being raised says so
