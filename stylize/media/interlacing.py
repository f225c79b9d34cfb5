"""Recognition of interlaced and telecined footage: by the flags of their frames, and by measured combing.

Flags are often wrong: a tool that weaves fields leaves frames flagged as progressive, and interlaced formats carry
progressive frames. What is measured takes precedence.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from propagate.arrays import Pixels
from propagate.combing import FieldOrder, FieldVerdict, FieldVotes, judge_fields, vote_of_fields
from stylize.media.frame_pixels import plane_lines

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

# Frames of a run, which shows at least two cadences of film.
RUN = 15
# All of the first frames are measured, and after them every fourth run.
MEASURED_START, RUN_STEP = 120, 4
# Columns of the measured luma; the lines must be complete.
MAX_COLUMNS = 512
# Blocks that must move, over all measured frames, before their silence counts as evidence of progressive footage.
ENOUGH_MOVING = 100
# AVFieldOrder: the display order of the fields TT, BB, TB (stored bottom first) and BT.
_ORDERS: dict[int, FieldOrder] = {2: "top", 3: "bottom", 4: "bottom", 5: "top"}
_NAMES = {"top": "top field first", "bottom": "bottom field first"}


@dataclass(frozen=True)
class Interlacing:
    """Interlacing of a movie.

    flagged: the order of fields that its frames or its container declare; None if they declare progressive frames, or
    nothing. verdict: what was measured. moving: enough moves for the measurement to contradict the flags.
    """

    flagged: FieldOrder | None = None
    verdict: FieldVerdict = FieldVerdict()
    moving: bool = False

    @property
    def order(self) -> FieldOrder:
        """Order of the fields: measured, else flagged, else top field first."""
        return self.verdict.order or self.flagged or "top"

    @property
    def method(self) -> str | None:
        """Method that suits the movie: ``film`` or ``frames``, or None for progressive frames."""
        if self.verdict.film:
            return "film"
        if self.verdict.order or (self.flagged and not self.moving):
            return "frames"
        return None

    def warning(self, name: str) -> str | None:
        """Return the warning about a movie that is used as it is; None for a progressive one. name: of the file."""
        order = _NAMES[self.order]
        if self.verdict.film:
            return (
                f"{name}: film carried by interlaced video (telecine), {order}: some frames are woven from two "
                "pictures; give --deinterlace film to restore the frames of the film"
            )
        if self.verdict.order:
            return (
                f"{name}: interlaced, {order}: moving edges are combed; give --deinterlace frames, or --deinterlace "
                "fields for one frame per field"
            )
        if self.flagged and self.moving:
            return (
                f"{name}: flagged as interlaced, {order}, but no frame is combed: its frames are used as they are; "
                "give --deinterlace off to confirm that, or --deinterlace frames"
            )
        if self.flagged:
            return (
                f"{name}: flagged as interlaced, {order}, and too little moves to measure it; give --deinterlace "
                "frames, or --deinterlace off if its frames are progressive"
            )
        return None


@dataclass
class FieldSampler:
    """Measurement of a movie while its frames are decoded."""

    _count: int = 0
    _flagged: int = 0
    _lumas: list[Pixels] = field(default_factory=list)
    _runs: list[list[FieldVotes]] = field(default_factory=list)

    def add(self, frame: "VideoFrame") -> None:
        """Add the next frame of the movie."""
        run, place = divmod(self._count, RUN)
        self._count += 1
        self._flagged += bool(frame.interlaced_frame)
        if run * RUN >= MEASURED_START and run % RUN_STEP:
            self._lumas.clear()
            return
        if place == 0:
            self._lumas.clear()
            self._runs.append([])
        luma = _luma(frame)
        if luma is None or (self._lumas and luma.shape != self._lumas[-1].shape):
            self._lumas.clear()
            return
        self._lumas = [*self._lumas[-2:], luma]
        if len(self._lumas) == 3:
            self._runs[-1].append(vote_of_fields(*self._lumas))

    def result(self, field_order: int) -> Interlacing:
        """Return what was found. field_order: that of the stream, as in AVFieldOrder."""
        flagged = _ORDERS.get(field_order)
        if flagged is None and 2 * self._flagged > self._count:
            flagged = "top"
        moving = sum(one.moving for run in self._runs for one in run) >= ENOUGH_MOVING
        return Interlacing(flagged, judge_fields(self._runs), moving)


def _luma(frame: "VideoFrame") -> Pixels | None:
    """Return the first plane of a frame as uint8 (H, W), columns thinned out; None for floating point.

    Only lines are compared, so packed colours work too.
    """
    bits = frame.format.components[0].bits
    if not 8 <= bits <= 16:
        return None
    lines = plane_lines(frame, 0)
    lines = lines[:, :: max(1, lines.shape[1] // MAX_COLUMNS)]
    if frame.format.is_big_endian and lines.dtype == np.uint16:
        lines = lines.byteswap()
    return lines.copy() if lines.dtype == np.uint8 else (lines >> (bits - 8)).astype(np.uint8)
