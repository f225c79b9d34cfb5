"""Frames of earlier runs that lie where a result goes."""

from collections.abc import Collection

from stylize.media.sequences import spell_frames
from stylize.media.targets import Target


def left_over(target: Target, frames: Collection[int]) -> str | None:
    """One line about pictures among those of the target that are of none of ``frames``; None if there are none.

    They are whatever else would be read as part of the result, by whoever takes all of its folder.
    """
    pattern = target.pattern
    if pattern is None or not pattern.folder.is_dir():
        return None
    found = {pattern.match(file.name) for file in pattern.folder.iterdir()} - {None, *frames}
    others = [number for number in found if number is not None]
    if not others:
        return None
    some = "1 picture is" if len(others) == 1 else f"{len(others)} pictures are"
    return f"{pattern.folder}: {some} there that this run did not make, of {spell_frames(others)}: left as they were"
