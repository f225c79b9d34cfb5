"""``confidence.csv``, which ``stylize matte`` writes alongside mattes: the expected overlap of each with the truth."""

from collections.abc import Mapping
from pathlib import Path

from masks.keyframe_suggestions import MIN_CONFIDENCE, weak_frames
from stylize.errors import MatteError
from stylize.media.sequences import format_frames, name_frames
from stylize.visible_text import one_line

CONFIDENCE = "confidence.csv"
HEADER = "frame,confidence"


def format_confidence(confidence: Mapping[int, float]) -> str:
    """Return the text of the file."""
    lines = [f"{frame},{value:.4f}" for frame, value in sorted(confidence.items())]
    return "\n".join([HEADER, *lines]) + "\n"


def read_confidence(folder: Path) -> dict[int, float]:
    """Read the confidence of the mattes in a folder, by frame; empty if there is none, or only a file of other columns.

    Raises MatteError for a line that is not a frame and a number from 0 to 1.
    """
    path = folder / CONFIDENCE
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    if not lines or lines[0].strip() != HEADER:
        return {}
    return dict(_entry(path, number, line) for number, line in enumerate(lines[1:], 2) if line.strip())


def _entry(path: Path, number: int, line: str) -> tuple[int, float]:
    frame, _, value = line.partition(",")
    try:
        found = int(frame), float(value)
    except ValueError:
        found = 0, -1.0
    if not 0 <= found[1] <= 1:
        raise MatteError(
            f"{path}, line {number}: expected a frame and a confidence from 0 to 1, such as 40,0.97, found "
            f"{one_line(line, 60)!r}; run stylize matte again, or delete the file"
        )
    return found


def review_line(confidence: Mapping[int, float]) -> str | None:
    """Return which mattes should be reviewed, None if none is weak."""
    weak = weak_frames(confidence)
    if not weak:
        return None
    worst = min(weak, key=lambda frame: confidence[frame])
    return (
        f"{name_frames(weak)}: expected overlap of the matte with the subject below {MIN_CONFIDENCE:g}, lowest "
        f"{confidence[worst]:.2f} in frame {format_frames([worst])}; look at them"
    )
