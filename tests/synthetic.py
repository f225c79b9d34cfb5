"""Clips of known events, rendered with NumPy: what happens, and when, is exactly known.

Every clip is a list of uint8 (H, W, 3) pictures, textured, with a fresh grain in each of them.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from propagate.arrays import Bytes, Floats

SIZE = (320, 180)
GRAIN = 3.0

Texture = Bytes


def texture(seed: int, size: tuple[int, int] = SIZE, *, colour: Sequence[float] = (128, 128, 128)) -> Texture:
    """A picture with detail at many scales, uint8 (H, W, 3), around one colour; another seed, another picture."""
    width, height = size
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width, 3), np.float32)
    for cell, strength in ((64, 30), (24, 25), (10, 20), (4, 12)):
        coarse = rng.normal(0, strength, (height // cell + 2, width // cell + 2, 3)).astype(np.float32)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return to_bytes(total + np.asarray(colour, np.float32))


def to_bytes(picture: Floats) -> Bytes:
    """Rounded and clipped to uint8."""
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def filmed(render: Callable[[int], Bytes], count: int) -> list[Bytes]:
    """``count`` pictures with grain."""
    rng = np.random.default_rng(99)
    shape = (SIZE[1], SIZE[0], 3)
    return [to_bytes(render(t) + rng.normal(0, GRAIN, shape).astype(np.float32)) for t in range(count)]


# Nothing new


def still(count: int) -> list[Bytes]:
    """Nothing happens but grain."""
    scene = texture(1)
    return filmed(lambda t: scene, count)


def exposure_drift(count: int) -> list[Bytes]:
    """The light falls by a third, slowly."""
    scene = texture(1)
    return filmed(lambda t: to_bytes(scene * np.float32(1 - t / count / 3)), count)


def shake(count: int) -> list[Bytes]:
    """A camera held by hand: up to 6 pixels about its place, and a little roll."""
    scene = texture(1, (SIZE[0] + 40, SIZE[1] + 40))

    def render(t: int) -> Bytes:
        turn = cv2.getRotationMatrix2D((180, 110), 1.2 * float(np.sin(t / 2.1)), 1.0)
        turn[:, 2] += (6 * np.sin(t * 1.3) - 20, 5 * np.sin(t * 0.9 + 1) - 20)
        return np.asarray(cv2.warpAffine(scene, turn, SIZE), np.uint8)

    return filmed(render, count)


def nod(count: int) -> list[Bytes]:
    """A head-like ellipsoid in profile tilts 12 degrees to and fro, in the plane of the picture."""
    return _head(count, lambda t: (0.0, 12 * float(np.sin(t / 5))))


# Something new


def turn(count: int, start: int, frames: int) -> list[Bytes]:
    """The ellipsoid turns from profile to front, 90 degrees about its upright axis, from ``start`` on."""
    return _head(count, lambda t: (90 * _ramp(t, start, frames), 0.0))


def _head(count: int, pose: Callable[[int], tuple[float, float]]) -> list[Bytes]:
    """An ellipsoid before a still scene; pose: turn and nod in degrees."""
    scene, skin = texture(1, colour=(90, 100, 120)), texture(2, (720, 240), colour=(190, 150, 120))
    width, height = SIZE
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)

    def render(t: int) -> Bytes:
        turned, nodded = np.deg2rad(pose(t))
        x, y = xs - width / 2, ys - height / 2
        across = (np.cos(nodded) * x + np.sin(nodded) * y) / 55
        down = (np.cos(nodded) * y - np.sin(nodded) * x) / 75
        depth = np.sqrt(np.maximum(1 - across**2 - down**2, 0))
        east = (np.arctan2(across, depth) + turned) / (2 * np.pi) % 1 * 719
        north = np.arcsin(np.clip(down, -1, 1)) / np.pi * 239 + 119.5
        skins = cv2.remap(skin, east.astype(np.float32), north.astype(np.float32), cv2.INTER_LINEAR)
        return np.where((across**2 + down**2 < 1)[..., None], skins, scene)

    return filmed(render, count)


def box_turn(count: int, start: int, each: int, faces: int) -> list[Bytes]:
    """A textured box turns through ``faces`` new faces, ``each`` frames to a face, from ``start`` on."""
    scene = texture(1, colour=(90, 100, 120))
    sides = [texture(10 + side, (120, 120), colour=(200, 60 + 40 * side, 210 - 45 * side)) for side in range(4)]

    def render(t: int) -> Bytes:
        angle = 90 * faces * _ramp(t, start, each * faces)
        picture = scene.copy()
        for side in range(4):
            _draw_side(picture, sides[side], np.deg2rad(angle - 90 * side))
        return picture

    return filmed(render, count)


def _draw_side(picture: Bytes, side: Bytes, angle: float) -> None:
    """One upright side of a box of 120 pixels, seen from afar; angle 0: square to the camera."""
    if np.cos(angle) < 0.02:
        return
    left = SIZE[0] / 2 - 60 * (np.sin(angle) + np.cos(angle))
    width = max(1, round(120 * float(np.cos(angle))))
    shown = cv2.resize(side, (width, 120), interpolation=cv2.INTER_AREA)
    x, y = round(left), SIZE[1] // 2 - 60
    picture[y : y + 120, x : x + width] = shown


def enter(count: int, start: int, frames: int) -> list[Bytes]:
    """A large thing comes in from the left from ``start`` on, and stays after ``frames``."""
    return _thing(count, lambda t: -130 + 200 * _ramp(t, start, frames))


def pass_by(count: int, start: int, frames: int) -> list[Bytes]:
    """The thing crosses the picture in ``frames`` and is gone; the scene behind it is the same as before."""
    return _thing(count, lambda t: -130 + 460 * _ramp(t, start, frames))


def _thing(count: int, left: Callable[[int], float]) -> list[Bytes]:
    scene, thing = texture(1), texture(3, (120, 150), colour=(200, 80, 60))

    def render(t: int) -> Bytes:
        picture = scene.copy()
        x = round(left(t))
        first, end = max(0, x), min(SIZE[0], x + 120)
        if first < end:
            picture[20:170, first:end] = thing[:, first - x : end - x]
        return picture

    return filmed(render, count)


def pan(count: int, step: float) -> list[Bytes]:
    """The camera pans over a long picture, ``step`` pixels a frame."""
    long = texture(4, (SIZE[0] + round(step * count) + 2, SIZE[1]))

    def render(t: int) -> Bytes:
        move = np.array([[1, 0, -step * t], [0, 1, 0]], np.float32)
        return np.asarray(cv2.warpAffine(long, move, SIZE), np.uint8)

    return filmed(render, count)


def flash(count: int, at: int, frames: int = 2) -> list[Bytes]:
    """A still scene, white for a moment."""
    return [np.full_like(p, 250) if at <= t < at + frames else p for t, p in enumerate(still(count))]


def dissolve(count: int, start: int, frames: int) -> list[Bytes]:
    """One scene becomes another."""
    one, other = texture(1).astype(np.float32), texture(5, colour=(100, 140, 90)).astype(np.float32)
    return filmed(lambda t: to_bytes(one + (other - one) * np.float32(_ramp(t, start, frames))), count)


def whip_pan(count: int) -> list[Bytes]:
    """The camera sweeps at 12 to 60 pixels a frame, blurred by its own speed."""
    speeds = [12 + 48 * np.sin(np.pi * t / count) for t in range(count)]
    places = np.cumsum([0, *speeds])
    long = texture(4, (SIZE[0] + int(places[-1]) + 80, SIZE[1]))

    def render(t: int) -> Bytes:
        left, speed = round(places[t]), round(speeds[t])
        return np.asarray(cv2.blur(long[:, left : left + SIZE[0] + speed], (speed, 1))[:, : SIZE[0]], np.uint8)

    return filmed(render, count)


def _ramp(t: int, start: int, frames: int) -> float:
    """0 before and at ``start``, 1 from ``start + frames`` on."""
    return float(np.clip((t - start) / frames, 0, 1))
