"""Files from which an interrupted run continues a span: resume points of its passes, and drawings to be blended."""

import contextlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from propagate.arrays import Pixels
from propagate.synthesis import PassState, StylisedFrame
from stylize.errors import OutputError
from stylize.media.images import quantise
from stylize.media.safe_write import PARTIAL
from stylize.spans.array_file import UNREADABLE, is_intact, load_arrays, save_arrays
from stylize.stages import CACHE_KEY

# Names of the files, and of those that killed runs leave, including earlier versions.
_OURS = re.compile(rf"\.?(forward|backward)\.(\d+|state)\.npz({re.escape(PARTIAL)}|\.partial)?")


@dataclass(frozen=True)
class StoredDrawing:
    """Drawing of one pass, stored until the other pass reaches it. Its precision exceeds that of any output.

    colour: uint16 (H, W, 3). error: float16 (H, W). gain: see ``StylisedFrame``.
    """

    colour: Pixels
    error: Pixels
    gain: float = 1.0

    @classmethod
    def of(cls, drawing: StylisedFrame) -> "StoredDrawing":
        """Convert a drawing to its stored form."""
        return cls(quantise(drawing.colour, np.uint16), drawing.error.astype(np.float16), drawing.gain)


@dataclass(frozen=True)
class ResumeFiles:
    """Files of a span: for each side, a resume point and the drawings that its pass has stored.

    scratch: the span's own folder. kept: folders of sides whose files are kept, by side; see ``SpanJob``.
    """

    scratch: Path
    kept: Mapping[str, Path] = field(default_factory=dict)

    def folders(self) -> set[Path]:
        """Return all folders."""
        return {self.scratch, *self.kept.values()}

    def save_drawing(self, side: str, drawing: int, stored: StoredDrawing) -> None:
        """Store a drawing until it is blended. Raises OutputError when it cannot be written."""
        arrays = {"colour": stored.colour, "error": stored.error, "gain": np.asarray(stored.gain)}
        save_arrays(self._drawing_file(side, drawing), arrays)

    def has_drawing(self, side: str, drawing: int) -> bool:
        """Return whether a drawing is stored and undamaged."""
        return is_intact(self._drawing_file(side, drawing))

    def load_drawing(self, side: str, drawing: int) -> StoredDrawing:
        """Read a drawing that a pass has stored. Raises OutputError when it has since been lost."""
        path = self._drawing_file(side, drawing)
        try:
            arrays = load_arrays(path)
            return StoredDrawing(arrays["colour"], arrays["error"], float(arrays["gain"]))
        except UNREADABLE as error:
            # Remove only this file, because another process may be using the folder.
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            raise OutputError(
                f"{path} was lost or damaged while it was needed; run again to regenerate its span"
            ) from error

    def save_resume_point(self, side: str, state: PassState) -> None:
        """Write the resume point of a pass. Raises OutputError when it cannot be written."""
        save_arrays(self._state_file(side), state.arrays())

    def load_resume_point(self, side: str) -> PassState | None:
        """Read the resume point of a pass; None if it is missing or damaged, which only costs time."""
        try:
            return PassState.from_arrays(load_arrays(self._state_file(side)))
        except UNREADABLE:
            return None

    def _drawing_file(self, side: str, drawing: int) -> Path:
        return self.kept.get(side, self.scratch) / f"{side}.{drawing}.npz"

    def _state_file(self, side: str) -> Path:
        return self.kept.get(side, self.scratch) / f"{side}.state.npz"


def prune_kept(folder: Path, used: Iterable[Path], max_bytes: int) -> None:
    """Remove the kept files of passes that no span uses any more, and the oldest beyond a number of bytes.

    folder: holds the folders of the passes. used: folders of those that spans use.
    """
    wanted = set(used)
    found = [path for path in folder.iterdir() if is_scratch(path)] if folder.is_dir() else []
    left = 0
    for path in sorted(found, key=_last_use, reverse=True):
        left += sum(one.stat().st_size for one in path.iterdir() if one.is_file())
        if path not in wanted or left > max_bytes:
            clear(path)


def _last_use(folder: Path) -> tuple[int, str]:
    return folder.stat().st_mtime_ns, folder.name


def is_scratch(path: Path) -> bool:
    """Return whether a path is the scratch folder of a span: a folder named by a cache key."""
    return re.fullmatch(CACHE_KEY, path.name) is not None and path.is_dir() and not path.is_symlink()


def clear(scratch: Path) -> None:
    """Remove the resume files from the scratch folder of a finished span, and the folder if it is then empty."""
    with contextlib.suppress(OSError):
        for path in scratch.iterdir():
            if _OURS.fullmatch(path.name) and (path.is_symlink() or path.is_file()):
                path.unlink(missing_ok=True)
        scratch.rmdir()
