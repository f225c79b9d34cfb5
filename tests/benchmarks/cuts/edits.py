"""Edits with known cuts: real takes joined by every kind of transition, and events within a take that are not cuts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from propagate.arrays import Bytes
from tests.lit import decode, encode, lit

# Frames on either side of a transition.
SIDE = 12
Takes = Sequence[list[Bytes]]


@dataclass(frozen=True)
class Edit:
    """Frames, numbered from 0, and their true cuts.

    cuts: for each cut, the range of frames of which any may be the first of the new shot: one frame for a hard cut, all
    of the transition for a fade or dissolve. faded: frames that a fade darkens to less than 0.9 of their light, which
    must not become keys. black: frames of which one must be the first of a shot after a fade.
    """

    kind: str
    frames: list[Bytes]
    cuts: tuple[range, ...]
    faded: frozenset[int] = frozenset()
    black: range = range(0)


def hard(takes: Takes, draw: np.random.Generator) -> Edit:
    """Two takes, one after the other."""
    one, other = _parts(takes, draw, 2, SIDE)
    return Edit("hard cut", one + other, (_at(SIDE),))


def short(takes: Takes, draw: np.random.Generator) -> Edit:
    """Four takes, of which the inner two have two to four frames."""
    one, second, third, last = _parts(takes, draw, 4, SIDE)
    counts = draw.integers(2, 5, 2)
    frames = [*one, *second[: counts[0]], *third[: counts[1]], *last]
    return Edit("shots of 2 to 4 frames", frames, tuple(map(_at, SIDE + np.cumsum([0, *counts]))))


def one_frame(takes: Takes, draw: np.random.Generator) -> Edit:
    """One frame of a third take between two takes."""
    one, odd, other = _parts(takes, draw, 3, SIDE)
    return Edit("one-frame shot", [*one, odd[0], *other], (_at(SIDE), _at(SIDE + 1)))


def inserted(takes: Takes, draw: np.random.Generator) -> Edit:
    """One frame of another take within a take."""
    one, odd = _parts(takes, draw, 2, 2 * SIDE)
    return Edit("one frame inside a shot", [*one[:SIDE], odd[0], *one[SIDE:]], (_at(SIDE), _at(SIDE + 1)))


def fade(takes: Takes, draw: np.random.Generator) -> Edit:
    """Fade out to black, black frames or none, and fade in; in linear light, or of the encoded values."""
    out, held, back = int(draw.integers(6, 16)), int(draw.choice([0, 1, 2, 8])), int(draw.integers(6, 16))
    one, other = _parts(takes, draw, 2, SIDE + 16)
    linear = bool(draw.random() < 0.5)
    down = [(out - 1 - t) / (out - 1) for t in range(out)]
    up = [t / (back - 1) for t in range(back)]
    gains = [*[1.0] * SIDE, *down, *[0.0] * held, *up, *[1.0] * SIDE]
    plates = [*one[: SIDE + out], *[one[0]] * held, *other[: back + SIDE]]
    frames = [_faded(plate, gain, linear=linear) for plate, gain in zip(plates, gains, strict=True)]
    light = [gain if linear else gain**2.2 for gain in gains]
    black = [t for t, gain in enumerate(gains) if gain == 0]
    # The frame after the last black one is the first that shows the new shot.
    return Edit(
        "fade through black", frames, (range(SIDE, SIDE + out + held + back + 1),),
        frozenset(t for t, gain in enumerate(light) if gain < 0.9), range(black[0], black[-1] + 2),
    )  # fmt: skip


def dissolve(takes: Takes, draw: np.random.Generator) -> Edit:
    """Cross-fade of two takes over 6 to 16 frames."""
    count = int(draw.integers(6, 17))
    one, other = _parts(takes, draw, 2, SIDE + 16)
    mixed = [
        cv2.addWeighted(one[SIDE + t], 1 - (t + 1) / (count + 1), other[t], (t + 1) / (count + 1), 0)
        for t in range(count)
    ]
    frames = [*one[:SIDE], *mixed, *other[count : count + SIDE]]
    return Edit("dissolve", frames, (range(SIDE, SIDE + count + 1),))


def flash(takes: Takes, draw: np.random.Generator) -> Edit:
    """One or two frames in three to eight times the light."""
    (one,) = _parts(takes, draw, 1, 2 * SIDE)
    frames, gain = list(one), float(draw.uniform(3, 8))
    for t in range(SIDE, SIDE + int(draw.integers(1, 3))):
        frames[t] = lit(frames[t], gain)
    return Edit("flash", frames, ())


def lamp(takes: Takes, draw: np.random.Generator) -> Edit:
    """A lamp switched on or off: all frames from one on in another light."""
    (one,) = _parts(takes, draw, 1, 2 * SIDE)
    gain = float(draw.uniform(2, 4)) ** (1 if draw.random() < 0.5 else -1)
    return Edit("lamp", [lit(plate, gain) if t >= SIDE else plate for t, plate in enumerate(one)], ())


def whip_pan(takes: Takes, draw: np.random.Generator) -> Edit:
    """A fast pan across a picture, blurred by its motion: a fifth of the width a frame at its height."""
    return Edit("whip pan", _panned(_parts(takes, draw, 1, 1)[0][0], draw), ())


def shake(takes: Takes, draw: np.random.Generator) -> Edit:
    """A camera that jumps by up to a sixteenth of the width from frame to frame."""
    (one,) = _parts(takes, draw, 1, 2 * SIDE)
    height, width = one[0].shape[:2]
    margin = width // 32
    frames = []
    for plate in one:
        x, y = draw.integers(0, 2 * margin + 1, 2)
        frames.append(np.ascontiguousarray(plate[y : height - 2 * margin + y, x : width - 2 * margin + x]))
    return Edit("camera shake", frames, ())


def black_frame(takes: Takes, draw: np.random.Generator) -> Edit:
    """One or two black frames within a take, as of a camera that drops frames."""
    (one,) = _parts(takes, draw, 1, 2 * SIDE)
    frames, last = list(one), SIDE + int(draw.integers(1, 3))
    frames[SIDE:last] = [np.zeros_like(one[0])] * (last - SIDE)
    return Edit("black frames in a shot", frames, ())


KINDS: tuple[Callable[[Takes, np.random.Generator], Edit], ...] = (
    hard, short, one_frame, inserted, fade, dissolve, flash, lamp, whip_pan, shake, black_frame,
)  # fmt: skip


def edits_of(takes: Takes, each: int, seed: int = 0) -> list[Edit]:
    """Return ``each`` edits of every kind. takes: of equal size, each of at least 2 * SIDE + 4 frames."""
    return [make(takes, np.random.default_rng([seed, kind, n])) for kind, make in enumerate(KINDS) for n in range(each)]


def _parts(takes: Takes, draw: np.random.Generator, number: int, count: int) -> list[list[Bytes]]:
    """Return ``count`` frames of each of several takes, from a random frame on."""
    chosen = [takes[place] for place in draw.permutation(len(takes))[:number]]
    starts = [int(draw.integers(0, max(1, len(take) - count + 1))) for take in chosen]
    return [take[start : start + count] for take, start in zip(chosen, starts, strict=True)]


def _at(frame: int) -> range:
    return range(int(frame), int(frame) + 1)


def _faded(plate: Bytes, gain: float, *, linear: bool) -> Bytes:
    if gain == 1:
        return plate
    return encode(decode(plate) * gain) if linear else np.asarray(np.rint(plate * gain), np.uint8)


def _panned(picture: Bytes, draw: np.random.Generator) -> list[Bytes]:
    width = picture.shape[1]
    # Mirrored to and fro, so that there is always more of the picture to pan across.
    wide = np.concatenate([picture, picture[:, ::-1]] * 3, axis=1)
    speed, place, frames = width / float(draw.uniform(4, 7)), 0.0, []
    for t in range(2 * SIDE):
        step = speed * float(np.clip(1 - abs(t - SIDE) / 4, 0, 1))
        blurred = cv2.blur(wide, (max(1, round(step / 2)), 1))
        left = round(place) % (4 * width)
        frames.append(np.ascontiguousarray(blurred[:, left : left + width]))
        place += step
    return frames
