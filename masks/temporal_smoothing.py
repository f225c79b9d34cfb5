"""Takes the flicker out of mattes that were made frame by frame: an average along the motion.

The frames before count as much as those behind, so that nothing lags; a frame counts where it shows, moved along, what
this one shows (Bonneel et al., "Blind video temporal consistency", SIGGRAPH Asia 2015, take the same evidence). An
average of borders that waver is softer than each of them, so it is made as steep again as they are; what is soft in
every frame, as hair is, stays soft. Where frames are sure, some that a place is inside and some that it is not, they
vote: it does not become half transparent.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from masks.arrays import F32, Bytes, Floats
from masks.track import Flow
from masks.warp import warp

# Frames on either side that are looked at.
REACH = 5
# Difference of 8-bit levels, mean over channels, at which a frame hardly counts.
LEVELS = 25.0
# Width in pixels over which steepness is compared, and the most that a border is made steeper.
COMPARED, STEEPER = 4.0, 4.0
# How steeply a vote decides: shares of 1/2 - 1/(2 DECIDED) and of 1/2 + 1/(2 DECIDED) are 0 and 1.
DECIDED = 1.5
# Share of the largest variance up to which frames agree, but for their softness, and from which on they do not.
AGREED, DISPUTED = 0.3, 0.7
# Squared slope, in 1 a pixel, that is none.
FLAT = F32(6e-6)


@dataclass(frozen=True)
class _Seen:
    """A frame. onward, back: flow on its grid to the frame behind and to the one before; None at the ends."""

    frame: int
    plate: Bytes
    matte: Floats
    back: Floats | None
    onward: Floats | None = None


def steadied(mattes: Iterable[tuple[int, Bytes, Floats]], flow: Flow) -> Iterator[tuple[int, Floats]]:
    """Each frame with its steady matte, float32 (H, W) in [0, 1].

    mattes: frame, plate, uint8 (H, W, 3), and matte, float32 (H, W), in order of time. 2 REACH + 1 of them are held.
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
    """How much frames that are sure, each for itself, are not of one mind, 0..1; soft ones are never sure."""
    most = np.maximum(mean * (1 - mean), F32(1e-6))
    return np.clip(((squares - mean**2) / most - F32(AGREED)) / F32(DISPUTED - AGREED), 0, 1)


def _vote(mean: Floats) -> Floats:
    decided = np.clip((mean - F32(0.5)) * F32(DECIDED) + F32(0.5), 0, 1)
    return decided * decided * (3 - 2 * decided)


def _slope(matte: Floats) -> Floats:
    """Squared slope at each pixel, in 1 a pixel (Scharr's operator)."""
    across, down = (cv2.Scharr(matte, cv2.CV_32F, *way, scale=1 / 32) for way in ((1, 0), (0, 1)))
    return np.asarray(across * across + down * down, F32)


def _around(values: Floats) -> Floats:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), COMPARED), F32)


def _fits(moved: Bytes, plate: Bytes) -> Floats:
    levels = cv2.absdiff(moved, plate).astype(F32).mean(axis=-1)
    levels = cv2.boxFilter(levels, -1, (5, 5), borderType=cv2.BORDER_REFLECT)
    return np.exp(-((levels / F32(LEVELS)) ** 2)).astype(F32)
