"""Pictures of a project that were changed by hand: kept until they are deleted, and checked as replacements.

An unreadable picture is treated as damaged and regenerated, except in ``out/``, where people retouch frames: there it
may be partly saved, and is an error.
"""

from functools import lru_cache
from pathlib import Path
from typing import Protocol

from stylize.errors import InputError
from stylize.media.images import ImageInfo, image_info, read_image
from stylize.media.safe_write import Seal
from stylize.project.digests import status_of

_ADVICE = "or delete it to regenerate it"


class FileKeeper(Protocol):
    """Object that records a project's files, such as a project or the recorder of a worker process."""

    def seal(self, key: str) -> Seal:
        """Return the seal for files made under a cache key."""
        ...

    def is_changed(self, path: Path) -> bool:
        """Return whether a file exists that no run wrote, or that was changed since."""
        ...


def is_edited(keeper: FileKeeper, path: Path) -> bool:
    """Return whether a picture was made or changed by hand: no run wrote it, and it is readable."""
    return keeper.is_changed(path) and not problem_of(path)


def is_damaged(keeper: FileKeeper, path: Path) -> bool:
    """Return whether a picture is damaged: no run wrote it, and it is unreadable."""
    return keeper.is_changed(path) and bool(problem_of(path))


def check_edited(path: Path, expected: ImageInfo) -> None:
    """Raise InputError for a picture changed by hand that cannot replace the original."""
    if problem := problem_of(path):
        raise InputError(f"{path} was changed and cannot be read ({problem}); save it again, {_ADVICE}")
    found = image_info(path)
    if (found.size, found.depth, found.alpha) != (expected.size, expected.depth, expected.alpha):
        raise InputError(
            f"{path} was changed by hand and is {_described(found)}, expected {_described(expected)}; save it in that "
            f"form, {_ADVICE}"
        )


def problem_of(path: Path) -> str:
    """Return the reason why a picture is unreadable, empty if it is readable; cached while its status is unchanged."""
    try:
        return _problem(path, tuple(status_of(path.stat())))
    except OSError as error:
        return error.strerror or str(error)


@lru_cache(1 << 14)
def _problem(path: Path, status: tuple[int, ...]) -> str:
    try:
        read_image(path)
    except InputError as error:
        return str(error).removeprefix(f"{path}: ").removesuffix("; copy or export it again")
    return ""


def _described(info: ImageInfo) -> str:
    return f"{info.size[0]}x{info.size[1]}, {info.depth} bits, {'with' if info.alpha else 'without'} alpha"
