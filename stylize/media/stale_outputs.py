"""Detection of stale frames of earlier runs in the folder of a result."""

from collections.abc import Collection

from stylize.media.sequences import name_frames
from stylize.media.targets import Target


def stale_warning(target: Target, frames: Collection[int]) -> str | None:
    """Return a message about stale pictures, which match the target's pattern but are not in ``frames``. None without.

    A program that reads the whole folder would treat them as part of the result.
    """
    pattern = target.pattern
    if pattern is None or not pattern.folder.is_dir():
        return None
    found = {pattern.match(file.name) for file in pattern.folder.iterdir()} - {None, *frames}
    others = [number for number in found if number is not None]
    if not others:
        return None
    count = "1 picture" if len(others) == 1 else f"{len(others)} pictures"
    return f"{pattern.folder}: kept {count} that this run did not write: {name_frames(others)}"
