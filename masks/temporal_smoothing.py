"""Temporal smoothing of mattes that were made frame by frame, which removes flicker.

Mattes are averaged along the motion. Previous and next frames count alike, so that nothing lags. A frame counts where
it matches the current one after warping, the criterion of Bonneel et al., "Blind video temporal consistency", SIGGRAPH
Asia 2015. The average of a wavering border is softer than the border, so its slope is restored; a border that is soft
in every frame, as in hair, stays soft. Where confident frames disagree about a pixel, they vote, so that it does not
become half transparent.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from masks.arrays import F32, Bytes, Floats
from masks.track import Flow
from masks.warp import warp

# Frames averaged on either side.
REACH = 5
# Difference in 8-bit levels, mean over channels, at which pixels hardly match.
LEVELS = 25.0
# Width in pixels over which slopes are compared, and the largest gain of a slope.
COMPARED, STEEPER = 4.0, 4.0
# Gain of a vote: means of 1/2 - 1/(2 DECIDED) and of 1/2 + 1/(2 DECIDED) become 0 and 1.
DECIDED = 1.5
# Variance relative to its maximum up to which frames agree, and from which they fully disagree.
AGREED, DISPUTED = 0.3, 0.7
# Squared slope of a flat matte, in 1 per pixel.
FLAT = F32(6e-6)


@dataclass(frozen=True)
class _Seen:
    """A frame of the window. back, onward: flow on its grid to the neighbouring frame; None at the ends."""

    frame: int
    plate: Bytes
    matte: Floats
    back: Floats | None
    onward: Floats | None = None


def steadied(mattes: Iterable[tuple[int, Bytes, Floats]], flow: Flow) -> Iterator[tuple[int, Floats]]:
    """Yield every frame with its smoothed matte, float32 (H, W) in [0, 1].

    mattes: frame, plate, uint8 (H, W, 3), and matte, float32 (H, W) in [0, 1], in order of time. A window of
    2 REACH + 1 of them is in memory.
    """
    held: deque[_Seen] = deque()
    at = 0
    for frame, plate, matte in mattes:
        back = None
        if held:
            last = held.pop()
            back = flow(last.plate, plate)
            held.append(_Seen(last.frame, last.plate, last.matte, last.back, flow(plate, last.plate)))
        held.append(_Seen(frame, plate, matte, back))
        if len(held) > at + REACH:
            yield held[at].frame, _average(list(held), at)
            at, _ = (at, held.popleft()) if at == REACH else (at + 1, None)
    while at < len(held):
        yield held[at].frame, _average(list(held), at)
        at += 1


def _average(held: list[_Seen], at: int) -> Floats:
    """Smoothed matte of one frame of the window: float32 (H, W) in [0, 1]."""
    here = held[at]
    total, squares, slopes = here.matte.copy(), here.matte**2, _slope(here.matte)
    weight = np.ones_like(total)
    for step in (-1, 1):
        way = np.zeros((*total.shape, 2), F32)
        place = at
        for _ in range(REACH):
            more = held[place].back if step < 0 else held[place].onward
            place += step
            if more is None or not 0 <= place < len(held):
                break
            way = way + warp(more, way)
            fits = _fits(warp(held[place].plate, way), here.plate)
            moved = warp(held[place].matte, way)
            total += fits * moved
            squares += fits * moved**2
            slopes += fits * _slope(moved)
            weight += fits
    mean = total / weight
    steeper = np.sqrt((_around(slopes / weight) + FLAT) / (_around(_slope(mean)) + FLAT))
    steep = np.clip((mean - F32(0.5)) * np.clip(steeper, 1, F32(STEEPER)) + F32(0.5), 0, 1)
    apart = _apart(mean, squares / weight)
    return (steep + apart * (_vote(mean) - steep)).astype(F32)


def _apart(mean: Floats, squares: Floats) -> Floats:
    """Disagreement of confident frames, 0..1; soft mattes are never confident."""
    most = np.maximum(mean * (1 - mean), F32(1e-6))
    return np.clip(((squares - mean**2) / most - F32(AGREED)) / F32(DISPUTED - AGREED), 0, 1)


def _vote(mean: Floats) -> Floats:
    """Majority of the frames, with a smooth transition around 1/2."""
    decided = np.clip((mean - F32(0.5)) * F32(DECIDED) + F32(0.5), 0, 1)
    return decided * decided * (3 - 2 * decided)


def _slope(matte: Floats) -> Floats:
    """Squared slope at each pixel, in 1 per pixel (Scharr's operator)."""
    across, down = (cv2.Scharr(matte, cv2.CV_32F, *way, scale=1 / 32) for way in ((1, 0), (0, 1)))
    return np.asarray(across * across + down * down, F32)


def _around(values: Floats) -> Floats:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), COMPARED), F32)


def _fits(moved: Bytes, plate: Bytes) -> Floats:
    """Similarity of a warped plate, 0..1: float32 (H, W)."""
    levels = cv2.absdiff(moved, plate).astype(F32).mean(axis=-1)
    levels = cv2.boxFilter(levels, -1, (5, 5), borderType=cv2.BORDER_REFLECT)
    return np.exp(-((levels / F32(LEVELS)) ** 2)).astype(F32)
