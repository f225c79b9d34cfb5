"""Keys warped to the frames around them, downscaled: the reference for measuring ghosting."""

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
# Maximum width in pixels: doubled edges are still visible, and a span fits on disk.
MAX_WIDTH = 480


@dataclass(frozen=True)
class WarpInputs:
    """Inputs for warping keys. step: from a frame to its neighbour; see ``Motion``. refine: corrects drift, or None.
    plate: uint8 (H, W, 3). look: float32 (H, W, 3) of a key."""

    step: Callable[[int, int], Step]
    refine: FlowEstimator | None
    plate: Callable[[int], Bytes]
    look: Callable[[int], Floats]


_Picture = TypeVar("_Picture", Bytes, Floats)


def downscale(picture: _Picture) -> _Picture:
    """Return a picture of any depth, downscaled to at most `MAX_WIDTH` by area averaging."""
    height, width = picture.shape[:2]
    if width <= MAX_WIDTH:
        return picture
    size = MAX_WIDTH, max(1, round(height * MAX_WIDTH / width))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def warp_along(order: Sequence[int], inputs: WarpInputs) -> Iterator[tuple[int, Floats, Bools]]:
    """Warp the key, the first frame of `order`, to each of the other frames, which follow in order from it.

    Yield frame, look, float32 (H, W, 3), and a mask of where the key can be traced, bool (H, W), all downscaled.
    """
    key = order[0]
    plate, look = downscale(inputs.plate(key)), downscale(inputs.look(key))
    composed = identity_flow(key, *look.shape[:2])
    for previous, frame in pairwise(order):
        composed = compose_step(composed, frame, _downscale_step(inputs.step(previous, frame), look.shape))
        flow = composed.flow
        if inputs.refine is not None:
            flow = correct_drift(flow, plate, downscale(inputs.plate(frame)), inputs.refine)
        yield frame, np.asarray(warp(look, flow), F32), composed.valid


def warped_pairs(
    left: int, right: int, frames: Sequence[int], inputs: WarpInputs
) -> Iterator[tuple[int, Floats, Floats, Bools]]:
    """Yield for every frame of a span: frame, left and right key warped to it, and the mask where both can be traced.

    The right key is warped in reverse order, so its results are buffered on disk.
    """
    with tempfile.TemporaryFile() as file:
        offsets: dict[int, int] = {}
        for frame, look, visible in warp_along([right, *reversed(frames)], inputs):
            offsets[frame] = file.tell()
            np.save(file, look.astype(np.float16))
            np.save(file, np.packbits(visible))
        for frame, look, visible in warp_along([left, *frames], inputs):
            file.seek(offsets[frame])
            other = np.load(file).astype(F32)
            other_visible = np.unpackbits(np.load(file), count=visible.size).reshape(visible.shape).astype(bool)
            yield frame, look, other, visible & other_visible


def _downscale_step(step: Step, size: tuple[int, ...]) -> Step:
    height, width = step.flow.shape[:2]
    if (height, width) == size[:2]:
        return step
    flow = cv2.resize(step.flow, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    flow *= np.array([size[1] / width, size[0] / height], F32)
    consistency = cv2.resize(step.consistent.astype(F32), (size[1], size[0]), interpolation=cv2.INTER_AREA)
    return Step(np.ascontiguousarray(flow, F32), np.asarray(consistency > 0.5))
