"""Tracking of painted mattes through a span, and to one frame of it."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from masks.clean_plate import from_clean_plate, is_empty
from masks.fuse_tracks import fuse_tracks
from masks.track import Footage, Tracked, track
from propagate.arrays import Floats
from propagate.flow_dis import DisFlow
from propagate.split_at_keys import Span
from stylize.io_errors import PROJECT_OPTION, output_error
from stylize.matting.scratch_folder import scratch_folder
from stylize.media.images import quantise
from stylize.media.plates import Plates
from stylize.project import Project

# Reads the painted matte of a frame: float32 (H, W) in [0, 1].
Painted = Callable[[int], Floats]


def track_span(span: Span, plates: Plates, project: Project, painted: Painted) -> Iterator[Tracked]:
    """Yield the mattes of a span, tracked from the painted mattes on its sides. Raises OutputError."""
    backward = list(reversed(span.frames))
    if span.right is None and span.left is not None:
        yield from _track_one_way(plates, painted, [span.left, *span.frames])
    elif span.left is None and span.right is not None:
        yield from _track_one_way(plates, painted, [span.right, *backward])
    elif span.left is not None and span.right is not None:
        # The forward direction is stored on disk, so that memory does not grow with the span.
        with scratch_folder(project, "way") as folder:
            for one in _track_one_way(plates, painted, [span.left, *span.frames]):
                _save_tracked(folder / str(one.frame), one)
            for other in _track_one_way(plates, painted, [span.right, *backward]):
                nearness = (other.frame - span.left) / (span.right - span.left)
                yield fuse_tracks(_load_tracked(folder / str(other.frame), other.frame), other, nearness)


def track_to(frame: int, span: Span, plates: Plates, painted: Painted) -> Tracked:
    """Return the matte of one frame of a span. Raises ValueError for a frame that the span does not have."""
    place = span.frames.index(frame)
    found = []
    if span.left is not None:
        found.append(_last(_track_one_way(plates, painted, [span.left, *span.frames[: place + 1]])))
    if span.right is not None:
        found.append(_last(_track_one_way(plates, painted, [span.right, *reversed(span.frames[place:])])))
    if span.left is None or span.right is None:
        return found[0]
    forward, backward = found
    return fuse_tracks(forward, backward, (frame - span.left) / (span.right - span.left))


def _last(tracked: Iterator[Tracked]) -> Tracked:
    (found,) = deque(tracked, maxlen=1)
    return found


def _track_one_way(plates: Plates, painted: Painted, frames: Sequence[int]) -> Iterator[Tracked]:
    """Track the painted matte of ``frames[0]`` through the other frames."""
    footage = Footage(plates.colour, DisFlow(), DisFlow("fine"))
    matte = painted(frames[0])
    return from_clean_plate(frames, footage, matte.shape[:2]) if is_empty(matte) else track(frames, footage, matte)


def _save_tracked(path: Path, one: Tracked) -> None:
    try:
        np.savez(path, matte=quantise(one.matte, np.uint16), confidence_map=one.confidence_map.astype(np.float16),
                 confidence=one.confidence, from_clean_plate=one.from_clean_plate)  # fmt: skip
    except OSError as error:
        raise output_error(error, path, PROJECT_OPTION) from error


def _load_tracked(path: Path, frame: int) -> Tracked:
    with np.load(path.with_name(f"{path.name}.npz")) as arrays:
        matte = arrays["matte"].astype(np.float32) / np.float32(65535)
        return Tracked(frame, matte, arrays["confidence_map"].astype(np.float32),
                       float(arrays["confidence"]), bool(arrays["from_clean_plate"]))  # fmt: skip
