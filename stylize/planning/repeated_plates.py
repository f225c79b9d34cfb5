"""Plates of a shot that repeat the previous one and share its drawing."""

from itertools import pairwise

from propagate.repeats import change_between, find_repeats
from stylize.context.context import Context
from stylize.media.sequences import format_frames
from stylize.planning.shared_choice import shared_choice
from stylize.stages import cache_key


def repeated_plates(context: Context, frames: tuple[int, ...]) -> frozenset[int]:
    """Return the frames of a shot whose plate repeats that of the previous frame, and report them. The result is
    cached.

    Empty on ones, where every frame is drawn.
    """
    if context.settings.on == "ones" or len(frames) < 2:
        return frozenset()
    name, key = f"repeats {frames[0]}-{frames[-1]}", cache_key("repeats", frames, context.plate_digests(frames))
    choice = shared_choice(context, "repeats", frames)
    known = choice.recall()
    if known is None:
        known = context.project.recall(name, key)
        if known is None:
            known = _measured(context, frames)
            context.project.remember(name, key, known)
        choice.remember(known)
    repeats = frozenset(map(int, known))
    if repeats:
        context.message(
            f"frames {format_frames(repeats)}: their plates repeat the previous frame, and so does the result; "
            "--on ones draws every frame"
        )
    return repeats


def _measured(context: Context, frames: tuple[int, ...]) -> list[int]:
    digests = context.plate_digests(frames)
    changes = []
    for place, (before, after) in enumerate(pairwise(frames)):
        context.reporter.check()
        same = digests[place] == digests[place + 1]
        changes.append(0.0 if same else change_between(context.plates.colour(before), context.plates.colour(after)))
    return [frame for frame, repeats in zip(frames[1:], find_repeats(changes), strict=True) if repeats]
