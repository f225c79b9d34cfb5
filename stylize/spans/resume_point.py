"""Files of a span from which an interrupted run continues: resume points of its passes, and drawings to be blended."""

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from propagate.arrays import Pixels
from propagate.synthesis import PassState, StylisedFrame
from stylize.errors import OutputError
from stylize.media.images import quantise
from stylize.spans.array_file import UNREADABLE, is_intact, load_arrays, save_arrays


@dataclass(frozen=True)
class StoredDrawing:
    """A drawing of one pass while it waits for the other pass. Its precision is finer than that of any output.

    colour: uint16 (H, W, 3). error: float16 (H, W).
    """

    colour: Pixels
    error: Pixels

    @classmethod
    def of(cls, drawing: StylisedFrame) -> "StoredDrawing":
        """Convert a drawing to its stored form."""
        return cls(quantise(drawing.colour, np.uint16), drawing.error.astype(np.float16))


@dataclass(frozen=True)
class ResumeFiles:
    """The files in a span's scratch folder: for each side a resume point, and the drawings that its pass has stored."""

    scratch: Path

    def save_drawing(self, side: str, drawing: int, stored: StoredDrawing) -> None:
        """Store a drawing until it is blended. Raises OutputError when it cannot be written."""
        save_arrays(self._drawing_file(side, drawing), {"colour": stored.colour, "error": stored.error})

    def has_drawing(self, side: str, drawing: int) -> bool:
        """Return whether a drawing is stored and undamaged."""
        return is_intact(self._drawing_file(side, drawing))

    def load_drawing(self, side: str, drawing: int) -> StoredDrawing:
        """Read a drawing that a pass has stored. Raises OutputError when it has been lost since."""
        path = self._drawing_file(side, drawing)
        try:
            return StoredDrawing(**load_arrays(path))
        except UNREADABLE as error:
            # Only this file: another process may be using the folder.
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            raise OutputError(
                f"{path} was lost or spoilt while it was needed; run again, and its span is made again"
            ) from error

    def save_resume_point(self, side: str, state: PassState) -> None:
        """Write the resume point of a pass. Raises OutputError when it cannot be written."""
        save_arrays(self._state_file(side), state.arrays())

    def load_resume_point(self, side: str) -> PassState | None:
        """Read the resume point of a pass; None when there is none or it is damaged, which only costs time."""
        try:
            return PassState.from_arrays(load_arrays(self._state_file(side)))
        except UNREADABLE:
            return None

    def _drawing_file(self, side: str, drawing: int) -> Path:
        return self.scratch / f"{side}.{drawing}.npz"

    def _state_file(self, side: str) -> Path:
        return self.scratch / f"{side}.state.npz"


def clear(scratch: Path) -> None:
    """Remove the scratch folder of a finished span."""
    shutil.rmtree(scratch, ignore_errors=True)
