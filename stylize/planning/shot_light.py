"""Light of each frame of a shot, relative to the shot's usual light: fades, flashes, lamps and drift."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from propagate.arrays import F32, Bytes, Floats
from propagate.flow import FlowEstimator, correct_drift, in_bounds, warp
from propagate.light import is_black, is_blank, match_neighbours, measure_gain, relit, remove_gain
from stylize.planning.coverage import proxy, thumbnail

# Range of the logarithm of the light below which a shot counts as lit evenly: reflections and grain change that much.
MIN_RANGE = 0.15
# Frames on either side in the trimmed mean that evens out flicker; number of frames left out of it at either end, so
# that it ignores flashes; and the quantile of it that is the shot's light.
FILTER_REACH, TRIMMED, SUSTAINED = 8, 3, 0.95
# Range of the logarithm in which frames count as equal, and the number of brighter ones that do not set the shot's
# light.
PLATEAU_RANGE, MAX_BRIGHTER = 0.05, 6
# Frames of a flash at an end of the shot, which is not continued beyond it, and the logarithm of its minimum gain.
FLASH_FRAMES, MIN_FLASH = 2, 0.3
# Range of the shot's light in which a frame is fully lit. Below TOO_DARK it cannot be judged: nothing need cover it.
FULLY_LIT, TOO_DARK = (0.965, 1.25), 0.15
# Max number of frames of a fade from or to black.
MAX_FADE = 60
# Number of frames that are compared with one anchor.
MAX_AGE = 16
# Light of a frame that is white throughout, which cannot be measured.
WHITE = 16.0

Doubles = NDArray[np.float64]


def measure_light(
    frames: Sequence[int], plate: Callable[[int], Bytes], estimate: FlowEstimator,
    on_frame: Callable[[int], None] = lambda frame: None,
) -> dict[int, float]:  # fmt: skip
    """Measure the light of each frame of a shot: a gain in linear light, 1 for the shot's usual light.

    plate: uint8 (H, W, 3) of a frame. 0 for a black frame; 1 for all frames of an evenly lit shot, and of one
    that is black throughout. on_frame: called with each frame after it has been read.
    """
    # Light of frames without a measurement; None stands for that of the next measured one.
    track: list[float | None] = []
    measured: list[float] = []
    anchor: _Anchor | None = None
    for frame in frames:
        picture = thumbnail(proxy(plate(frame))).picture
        on_frame(frame)
        if is_blank(picture):
            track.append(0.0 if is_black(picture) else WHITE)
            continue
        anchor = _Anchor.at(picture, 0.0) if anchor is None else anchor.follow(picture, estimate)
        measured.append(anchor.last_logarithm)
        track.append(None)
    relative = iter(_relative(measured))
    lights = [next(relative) if value is None else value for value in track]
    return dict.fromkeys(frames, 1.0) if not measured else dict(zip(frames, lights, strict=True))


def fully_lit(light: float) -> bool:
    """Return whether a frame of this light is outside fades and flashes."""
    return FULLY_LIT[0] <= light <= FULLY_LIT[1]


def fades(lights: Sequence[float]) -> frozenset[int]:
    """Return the places of frames in fades from or to black: runs that are not fully lit and reach darkness.

    lights: light of the frames of a shot. Changes of light over more than MAX_FADE frames are not fades.
    """
    found: set[int] = set()
    run: list[int] = []
    for place, light in enumerate([*lights, 1.0]):
        if not fully_lit(light):
            run.append(place)
            continue
        if len(run) <= MAX_FADE and any(lights[one] < TOO_DARK for one in run):
            found.update(run)
        run = []
    return frozenset(found)


def in_shot_light(plate: Callable[[int], Bytes], light: Mapping[int, float]) -> Callable[[int], Bytes]:
    """Return access to the plates as if all were in the shot's usual light. Frames without a light are unchanged."""

    def read(frame: int) -> Bytes:
        gain = light.get(frame, 1.0)
        return plate(frame) if gain in (0, 1) else relit(plate(frame), 1 / gain)

    return read


@dataclass(frozen=True)
class _Anchor:
    """A frame that the following ones are compared with, and the latest of these.

    picture, last: uint8 (h, w, 3). logarithm, last_logarithm: of their light. flow: to the anchor, on the grid of the
    latest frame. age: number of frames that have been compared.
    """

    picture: Bytes
    logarithm: float
    last: Bytes
    last_logarithm: float
    flow: Floats
    age: int = 0

    @classmethod
    def at(cls, picture: Bytes, logarithm: float) -> "_Anchor":
        """Return a new anchor."""
        return cls(picture, logarithm, picture, logarithm, np.zeros((*picture.shape[:2], 2), F32))

    def follow(self, picture: Bytes, estimate: FlowEstimator) -> "_Anchor":
        """Compare the next frame. Once it no longer resembles the anchor, or after many frames, it becomes the new
        anchor."""
        step = estimate(*match_neighbours(self.last, picture))
        flow = step + warp(self.flow, step)
        gain = measure_gain(picture, self.picture, flow, in_bounds(flow))
        if gain:
            # Flow tends to explain a change of light by motion; it is corrected in the light of the anchor.
            even = remove_gain(picture, gain, warp(self.picture, flow))
            flow = correct_drift(flow, self.picture, even, estimate)
            gain = measure_gain(picture, self.picture, flow, in_bounds(flow))
        if not gain:
            return _Anchor.at(picture, self.last_logarithm + _step(self.last, picture, step))
        logarithm = self.logarithm + float(np.log(gain))
        if self.age + 1 == MAX_AGE:
            return _Anchor.at(picture, logarithm)
        return _Anchor(self.picture, self.logarithm, picture, logarithm, flow, self.age + 1)


def _step(before: Bytes, after: Bytes, flow: Floats) -> float:
    """Return the logarithm of the gain from one thumbnail to the next that shows something."""
    if gain := measure_gain(after, before, flow, in_bounds(flow)):
        return float(np.log(gain))
    # The end of a flash is treated like its start.
    back = measure_gain(before, after, np.zeros_like(flow), np.ones(flow.shape[:2], bool))
    return -float(np.log(back)) if back else 0.0


def _relative(logarithms: Sequence[float]) -> list[float]:
    """Return the light of each measured frame, relative to the sustained one; 1 for all if they hardly differ."""
    known = np.array(logarithms)
    if not known.size or np.ptp(known) < MIN_RANGE:
        return [1.0] * len(known)
    # Never below a measured value: in a short shot that consists of a fade, the frame before the brightest is dimmed
    # too.
    sustained = float(np.quantile(_evened_out(known), SUSTAINED, method="higher"))
    if (plateau := _plateau(known)) is not None:
        sustained = plateau
    return [float(value) for value in np.exp(known - sustained)]


def _plateau(values: Doubles) -> float | None:
    """Return the value of most frames, if few are brighter, as in a shot that ends in white; else None."""
    ordered = np.sort(values)
    firsts = np.searchsorted(ordered, ordered - PLATEAU_RANGE)
    ends = np.searchsorted(ordered, ordered + PLATEAU_RANGE, side="right")
    best = int((ends - firsts).argmax())
    alike = ordered[firsts[best] : ends[best]]
    value = float(np.median(alike))
    brighter = int((values > value + PLATEAU_RANGE).sum())
    return value if 2 * alike.size > values.size and brighter <= MAX_BRIGHTER else None


def _evened_out(values: Doubles) -> Doubles:
    """Return the running trimmed mean of the values."""
    if values.size <= FILTER_REACH:
        return np.full(len(values), np.median(values))
    calm = _without_flash(_without_flash(values)[::-1])[::-1]
    # Odd reflection continues a drift beyond the ends of the shot.
    padded = np.pad(calm, FILTER_REACH, mode="reflect", reflect_type="odd")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * FILTER_REACH + 1)
    return np.asarray(np.sort(windows, axis=1)[:, TRIMMED:-TRIMMED].mean(axis=1))


def _without_flash(values: Doubles) -> Doubles:
    """Return the values without a flash at their start."""
    start, after = values[:FLASH_FRAMES], values[FLASH_FRAMES]
    return np.concatenate([np.where(np.abs(start - after) > MIN_FLASH, after, start), values[FLASH_FRAMES:]])
