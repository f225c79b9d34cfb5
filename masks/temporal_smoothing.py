"""Temporal smoothing, to remove flicker, of mattes that were made frame by frame.

Mattes are averaged along the motion. Previous and next frames have equal weight, so that nothing lags. A frame counts
where it matches the current one after warping, as in Bonneel et al., "Blind video temporal consistency", SIGGRAPH Asia
2015. The average of a moving border is softer than the border itself, so its slope is restored; a border that is soft
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
RADIUS = 5
# Difference in 8-bit levels, mean over channels, at which pixels hardly match.
MATCH_LEVELS = 25.0
# Width in pixels over which slopes are compared, and the largest gain of a slope.
SLOPE_WIDTH, MAX_SLOPE_GAIN = 4.0, 4.0
# Gain of a vote: means of 1/2 - 1/(2 VOTE_GAIN) and of 1/2 + 1/(2 VOTE_GAIN) become 0 and 1.
VOTE_GAIN = 1.5
# Variance relative to its maximum up to which frames agree, and from which they fully disagree.
AGREED_VARIANCE, DISPUTED_VARIANCE = 0.3, 0.7
# Squared slope of a flat matte, in 1 per pixel.
FLAT_SLOPE = F32(6e-6)


@dataclass(frozen=True)
class _Frame:
    """A frame of the window. to_previous, to_next: flow on its grid to the neighbouring frame; None at the ends."""

    frame: int
    plate: Bytes
    matte: Floats
    to_previous: Floats | None
    to_next: Floats | None = None


def smooth_mattes(mattes: Iterable[tuple[int, Bytes, Floats]], flow: Flow) -> Iterator[tuple[int, Floats]]:
    """Yield every frame with its smoothed matte, float32 (H, W) in [0, 1].

    mattes: frame, plate, uint8 (H, W, 3), and matte, float32 (H, W) in [0, 1], in order of time. A window of
    2 RADIUS + 1 of them is in memory.
    """
    window: deque[_Frame] = deque()
    centre = 0
    for frame, plate, matte in mattes:
        to_previous = None
        if window:
            previous = window.pop()
            to_previous = flow(previous.plate, plate)
            window.append(
                _Frame(
                    previous.frame, previous.plate, previous.matte, previous.to_previous, flow(plate, previous.plate)
                )
            )
        window.append(_Frame(frame, plate, matte, to_previous))
        if len(window) > centre + RADIUS:
            yield window[centre].frame, _smooth(list(window), centre)
            centre, _ = (centre, window.popleft()) if centre == RADIUS else (centre + 1, None)
    while centre < len(window):
        yield window[centre].frame, _smooth(list(window), centre)
        centre += 1


def _smooth(window: list[_Frame], centre: int) -> Floats:
    """Smoothed matte of one frame of the window: float32 (H, W) in [0, 1]."""
    current = window[centre]
    total, squares, slopes = current.matte.copy(), current.matte**2, _slope(current.matte)
    weight = np.ones_like(total)
    for step in (-1, 1):
        vector = np.zeros((*total.shape, 2), F32)
        index = centre
        for _ in range(RADIUS):
            step_flow = window[index].to_previous if step < 0 else window[index].to_next
            index += step
            if step_flow is None or not 0 <= index < len(window):
                break
            vector = vector + warp(step_flow, vector)
            match = _match(warp(window[index].plate, vector), current.plate)
            warped = warp(window[index].matte, vector)
            total += match * warped
            squares += match * warped**2
            slopes += match * _slope(warped)
            weight += match
    mean = total / weight
    gain = np.sqrt((_blur(slopes / weight) + FLAT_SLOPE) / (_blur(_slope(mean)) + FLAT_SLOPE))
    sharpened = np.clip((mean - F32(0.5)) * np.clip(gain, 1, F32(MAX_SLOPE_GAIN)) + F32(0.5), 0, 1)
    disagreement = _disagreement(mean, squares / weight)
    return (sharpened + disagreement * (_vote(mean) - sharpened)).astype(F32)


def _disagreement(mean: Floats, squares: Floats) -> Floats:
    """Disagreement of confident frames, 0..1; soft mattes are never confident."""
    max_variance = np.maximum(mean * (1 - mean), F32(1e-6))
    return np.clip(
        ((squares - mean**2) / max_variance - F32(AGREED_VARIANCE)) / F32(DISPUTED_VARIANCE - AGREED_VARIANCE), 0, 1
    )


def _vote(mean: Floats) -> Floats:
    """Majority of the frames, with a smooth transition around 1/2."""
    decided = np.clip((mean - F32(0.5)) * F32(VOTE_GAIN) + F32(0.5), 0, 1)
    return decided * decided * (3 - 2 * decided)


def _slope(matte: Floats) -> Floats:
    """Squared slope at each pixel, in 1 per pixel (Scharr's operator)."""
    across, down = (cv2.Scharr(matte, cv2.CV_32F, *vector, scale=1 / 32) for vector in ((1, 0), (0, 1)))
    return np.asarray(across * across + down * down, F32)


def _blur(values: Floats) -> Floats:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), SLOPE_WIDTH), F32)


def _match(warped: Bytes, plate: Bytes) -> Floats:
    """Similarity of a warped plate, 0..1: float32 (H, W)."""
    levels = cv2.absdiff(warped, plate).astype(F32).mean(axis=-1)
    levels = cv2.boxFilter(levels, -1, (5, 5), borderType=cv2.BORDER_REFLECT)
    return np.exp(-((levels / F32(MATCH_LEVELS)) ** 2)).astype(F32)
