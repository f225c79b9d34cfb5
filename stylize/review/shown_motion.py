"""Motion of a frame since the previous one, for display: as used by the last run, or else a quick estimate."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from propagate import flow_codec
from propagate.arrays import F32, Bytes, Floats
from propagate.flow_dis import DisFlow
from stylize.errors import InputError
from stylize.motion.estimated import SUFFIX
from stylize.motion.vectors import open_vectors, read_flow
from stylize.planning.coverage import proxy
from stylize.review.shown_project import Part, ShownProject

# Bytes of the cache key at the start of a file of flow.
_KEY_BYTES = 49


@dataclass(frozen=True)
class ShownMotion:
    """Motion into a frame. files: those that it depends on.

    read: returns flow to the previous frame in shares of the width, float32 (h, w, 2), at any size.
    """

    files: tuple[Path, ...]
    read: Callable[[], Floats]


def shown_motion(
    project: ShownProject, part: Part, before: int, frame: int, plate: Callable[[int], Bytes]
) -> ShownMotion | None:
    """Return the motion between two neighbouring frames; None if their plates are not unpacked.

    plate: reads a plate, uint8 (H, W, 3).
    """
    settings = project.settings
    vectors = settings.vectors_back or settings.vectors, settings.vectors_forward or settings.vectors
    if vectors[0] is not None and vectors[1] is not None:
        return _from_vectors(project, vectors[0], vectors[1], frame)
    plates = project.plate(part, before), project.plate(part, frame)
    if plates[0] is None or plates[1] is None:
        return None
    own = plates[0], plates[1]
    stored = part.base / "flow" / f"{project.shot.name}.{before:04d}-{frame:04d}{SUFFIX}"
    if stored.is_file() and project.holds(stored):
        return ShownMotion((stored, *own), lambda: _stored(stored, lambda: _estimated(before, frame, plate)))
    return ShownMotion(own, lambda: _estimated(before, frame, plate))


def _from_vectors(project: ShownProject, back: Path, forward: Path, frame: int) -> ShownMotion | None:
    try:
        files = open_vectors(back, forward, project.shot)
    except InputError:
        return None
    path = files.back.get(frame)
    if path is None:
        return None
    return ShownMotion((path,), lambda: _relative(read_flow(path, "back", files.size)))


def _stored(path: Path, otherwise: Callable[[], Floats]) -> Floats:
    """Return the motion in a file of flow; if it is damaged, which the next run repairs, other motion."""
    try:
        step, _ = flow_codec.unpack(path.read_bytes()[_KEY_BYTES:])
    except (OSError, ValueError):
        return otherwise()
    return _relative(step.flow)


def _estimated(before: int, frame: int, plate: Callable[[int], Bytes]) -> Floats:
    return _relative(DisFlow("fast")(proxy(plate(before)), proxy(plate(frame))))


def _relative(flow: Floats) -> Floats:
    return np.asarray(flow / F32(flow.shape[1]), F32)
