"""Cuts that a person has added to the detected ones, or removed from them."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from stylize.errors import FrameRangeError
from stylize.media.sequences import format_frames
from stylize.settings.reading_options import ReadingSettings


@dataclass(frozen=True)
class CutEdits:
    """Changes to the cuts. added, dropped: first frames of new shots, ascending."""

    added: tuple[int, ...] = ()
    dropped: tuple[int, ...] = ()

    def apply(self, found: Sequence[int]) -> tuple[int, ...]:
        """Return the cuts with these changes, ascending. found: cuts of the footage."""
        return tuple(sorted({*found, *self.added} - set(self.dropped)))

    def cache_inputs(self) -> list[list[int]]:
        """Return the changes for cache keys; nothing without any."""
        return [[*self.added], [*self.dropped]] if self.added or self.dropped else []


NO_CUT_EDITS = CutEdits()


def read_cut_edits(settings: ReadingSettings, frames: Sequence[int], *, is_partial: bool) -> CutEdits:
    """Return the changes that the options request.

    frames: frames to process, ascending. is_partial: they are part of the shot. Cuts outside of them are then ignored,
    and one between two of them moves to the next. Raises FrameRangeError for a frame that the shot does not have, and
    for a cut before its first frame, where every shot begins.
    """
    return CutEdits(
        _placed("--add-cut", settings.add_cut, frames, is_partial=is_partial),
        _placed("--drop-cut", settings.drop_cut, frames, is_partial=is_partial),
    )


def _placed(flag: str, cuts: Sequence[int], frames: Sequence[int], *, is_partial: bool) -> tuple[int, ...]:
    if is_partial:
        places = {bisect_left(frames, cut) for cut in cuts}
        return tuple(frames[place] for place in sorted(places) if 0 < place < len(frames))
    for cut in cuts:
        if cut not in frames[1:]:
            raise FrameRangeError(
                f"{flag} {cut}: expected the first frame of a new shot, one of {format_frames(frames[1:]) or 'none'}; "
                "remove it, or choose another"
            )
    return tuple(sorted(cuts))
