"""Detection of frames of earlier runs in the folder of a result."""

from collections.abc import Collection

from stylize.media.sequences import format_frames
from stylize.media.targets import Target


def stale_warning(target: Target, frames: Collection[int]) -> str | None:
    """Return one line about pictures named as the target's whose frame is none of ``frames``; None if there are none.

    A program that reads the whole folder would treat them as part of the result.
    """
    pattern = target.pattern
    if pattern is None or not pattern.folder.is_dir():
        return None
    found = {pattern.match(file.name) for file in pattern.folder.iterdir()} - {None, *frames}
    others = [number for number in found if number is not None]
    if not others:
        return None
    count = "1 picture is" if len(others) == 1 else f"{len(others)} pictures are"
    return f"{pattern.folder}: {count} there that this run did not make, of {format_frames(others)}: left as they were"
