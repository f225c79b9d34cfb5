"""Curves of the timeline: coverage, error and flicker of every frame, and the frames that need attention."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from stylize.errors import InputError
from stylize.media.images import read_values
from stylize.project import REPORT_FILES
from stylize.project.digests import status_of
from stylize.review.held_drawings import drawing_starts, schedule_lanes
from stylize.review.matte_state import matte_confidence
from stylize.review.project_state import last_plan
from stylize.review.shown_project import Part, ShownProject
from stylize.spans.frame_files import ERROR

# Max number of error maps that one request reads, so that a long shot does not wait for all of them.
_MAPS_AT_ONCE = 200
# Frames that are listed as the worst: their number, their error relative to the median, and their distance in frames.
_MAX_WORST, _MIN_EXCESS, _MIN_DISTANCE = 5, 1.25, 3

Curve = list[float | None]


@dataclass(frozen=True)
class WorstFrame:
    """Frame of high error. advice: what would help."""

    frame: int
    error: float
    advice: str


def curves(project: ShownProject, part: Part, keys: Sequence[int]) -> dict[str, Any]:
    """Return the curves of a part, with None for frames that have no value.

    keys: frames of its keys. Frames whose error map has not been read yet have no error; ``is_complete`` is then False,
    and the next call reads more maps. drawings: places at which another drawing begins.
    """
    frames = project.shot.frames
    errors, is_complete = _errors(project, part)
    plan, confidence = last_plan(project, part), matte_confidence(project, part)
    error: Curve = [errors.get(frame) for frame in frames]
    return {
        "coverage": [plan.coverage.get(frame) for frame in frames],
        "error": error,
        "flicker": _flicker(part.root / REPORT_FILES[1], frames),
        "confidence": [confidence.get(frame) for frame in frames],
        "drawings": drawing_starts(project, part),
        "schedules": [asdict(lane) for lane in schedule_lanes(part)],
        "worst": [vars(one) for one in worst_frames(errors, keys)] if is_complete else [],
        "is_complete": is_complete,
    }


def worst_frames(errors: Mapping[int, float], keys: Sequence[int]) -> list[WorstFrame]:
    """Return the frames whose error exceeds that of the others, worst first, and no two close together.

    errors: by frame. Keys have no error, and do not count for the median.
    """
    between = {frame: error for frame, error in errors.items() if frame not in set(keys)}
    if not between:
        return []
    threshold, found = _MIN_EXCESS * median(between.values()), list[WorstFrame]()
    for frame in sorted(between, key=lambda one: (-between[one], one)):
        if between[frame] <= threshold or len(found) == _MAX_WORST:
            break
        if all(abs(frame - one.frame) >= _MIN_DISTANCE for one in found):
            found.append(WorstFrame(frame, between[frame], _advice(frame, keys)))
    return found


def _advice(frame: int, keys: Sequence[int]) -> str:
    nearest = min(keys, key=lambda key: abs(key - frame), default=None)
    if nearest is None or abs(nearest - frame) >= _MIN_DISTANCE:
        return f"add a key near {frame}"
    return f"repaint the key {nearest}"


def _errors(project: ShownProject, part: Part) -> tuple[dict[int, float], bool]:
    """Return the mean error of the frames whose map has been read, and whether all maps have been read."""
    folder = part.root / "passes" / ERROR
    files = {frame: project.file(folder, frame) for frame in sorted(project.existing(folder))}
    known, missing = dict[int, float](), list[tuple[int, Path, tuple[int, ...]]]()
    for frame, path in files.items():
        if path is None or not project.holds(path):
            continue
        status = tuple(status_of(path.stat()))
        if (path, status) in _KNOWN:
            known[frame] = _KNOWN[path, status]
        else:
            missing.append((frame, path, status))
    for frame, path, status in islice(missing, _MAPS_AT_ONCE):
        _KNOWN[path, status] = known[frame] = _mean(path)
    while len(_KNOWN) > _MAX_KNOWN:
        del _KNOWN[next(iter(_KNOWN))]
    return known, len(missing) <= _MAPS_AT_ONCE


# Mean error of maps that have been read, by path and status; the oldest are dropped.
_KNOWN: dict[tuple[Path, tuple[int, ...]], float] = {}
_MAX_KNOWN = 200_000


def _mean(path: Path) -> float:
    try:
        return float(read_values(path, grey=True)[..., 0].mean())
    except InputError:  # the next run regenerates a damaged map
        return 0.0


def _flicker(report: Path, frames: Sequence[int]) -> Curve:
    """Return the flicker in the last report; None for frames that it does not have."""
    try:
        found = _reported(report, *status_of(report.stat()))
    except OSError:
        found = {}
    return [found.get(frame) for frame in frames]


@lru_cache(8)
def _reported(report: Path, *status: int) -> Mapping[int, float]:
    try:
        shots = json.loads(report.read_text(encoding="utf-8"))["shots"]
        entries = [entry for shot in shots for entry in shot["frames"] if entry["flicker"] is not None]
        return {int(entry["frame"]): float(entry["flicker"]) for entry in entries}
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
