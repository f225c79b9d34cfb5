"""Sequences with alpha in some of their files only: the others are opaque, which may not be what was meant."""

from collections.abc import Sequence

from stylize.media.sequences import format_frames


def missing_alpha(name: str, frames: Sequence[int], has_alpha: Sequence[bool]) -> str | None:
    """Return the message about the frames without alpha; None if all frames have alpha, or none has. name: of the shot.

    Programs may leave out the alpha of opaque frames, so that this is not always an error.
    """
    without = [frame for frame, alpha in zip(frames, has_alpha, strict=True) if not alpha]
    if not without or len(without) == len(frames):
        return None
    if len(without) == 1:
        return f"{name}: frame {without[0]} has no alpha, unlike the others, and counts as opaque"
    return f"{name}: frames {format_frames(without)} have no alpha, unlike the others, and count as opaque"
