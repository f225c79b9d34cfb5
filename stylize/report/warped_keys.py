"""Keys moved along to the frames beside them, small: what a result is held against to see whether it ghosts."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import cv2
import numpy as np

from propagate.arrays import Bools, Bytes, Floats
from propagate.flow import FlowEstimator, Step, compose_step, correct_drift, identity_flow, warp

F32 = np.float32
# Pixels: doubled edges show at this width, and a span of it can be kept.
WIDEST = 480


@dataclass(frozen=True)
class Follow:
    """How keys are followed. step: from a frame to its neighbour, see ``Motion``. refine: takes back drift, or None.
    plate: uint8 (H, W, 3). look: float32 (H, W, 3) of a key."""

    step: Callable[[int, int], Step]
    refine: FlowEstimator | None
    plate: Callable[[int], Bytes]
    look: Callable[[int], Floats]


_Picture = TypeVar("_Picture", Bytes, Floats)


def small(picture: _Picture) -> _Picture:
    """A picture of any depth no wider than `WIDEST`, by means of areas."""
    height, width = picture.shape[:2]
    if width <= WIDEST:
        return picture
    size = WIDEST, max(1, round(height * WIDEST / width))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def carried(order: Sequence[int], follow: Follow) -> Iterator[tuple[int, Floats, Bools]]:
    """The key that `order` begins with at each of the other frames, which lead away from it one by one.

    Frame, look (float32 (H, W, 3)) and where the key was followed to (bool (H, W)), all `small`.
    """
    key = order[0]
    plate, look = small(follow.plate(key)), small(follow.look(key))
    composed = identity_flow(key, *look.shape[:2])
    for before, frame in pairwise(order):
        composed = compose_step(composed, frame, _shrunk(follow.step(before, frame), look.shape))
        flow = composed.flow
        if follow.refine is not None:
            flow = correct_drift(flow, plate, small(follow.plate(frame)), follow.refine)
        yield frame, np.asarray(warp(look, flow), F32), composed.valid


def pairs(left: int, right: int, frames: Sequence[int], follow: Follow) -> Iterator[tuple[int, Floats, Floats, Bools]]:
    """For every frame of a span: frame, left key and right key moved along to it, and where both were followed to.

    What the right key gives comes backwards, and waits on the disk.
    """
    with tempfile.TemporaryFile() as file:
        places: dict[int, int] = {}
        for frame, look, seen in carried([right, *reversed(frames)], follow):
            places[frame] = file.tell()
            np.save(file, look.astype(np.float16))
            np.save(file, np.packbits(seen))
        for frame, look, seen in carried([left, *frames], follow):
            file.seek(places[frame])
            other = np.load(file).astype(F32)
            other_seen = np.unpackbits(np.load(file), count=seen.size).reshape(seen.shape).astype(bool)
            yield frame, look, other, seen & other_seen


def _shrunk(step: Step, size: tuple[int, ...]) -> Step:
    height, width = step.flow.shape[:2]
    if (height, width) == size[:2]:
        return step
    flow = cv2.resize(step.flow, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    flow *= np.array([size[1] / width, size[0] / height], F32)
    trusted = cv2.resize(step.consistent.astype(F32), (size[1], size[0]), interpolation=cv2.INTER_AREA)
    return Step(np.ascontiguousarray(flow, F32), np.asarray(trusted > 0.5))
