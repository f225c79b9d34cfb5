"""Clips of known events, rendered with NumPy.

Every clip is a list of textured uint8 (H, W, 3) pictures with fresh grain in each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from propagate.arrays import Bools, Bytes, Floats, Pixels
from tests.lit import lit

SIZE = (320, 180)
GRAIN = 3.0

Texture = Bytes


def texture(seed: int, size: tuple[int, int] = SIZE, *, colour: Sequence[float] = (128, 128, 128)) -> Texture:
    """Picture with detail at many scales, uint8 (H, W, 3), around one colour; each seed gives another picture."""
    width, height = size
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width, 3), np.float32)
    for cell, strength in ((64, 30), (24, 25), (10, 20), (4, 12)):
        coarse = rng.normal(0, strength, (height // cell + 2, width // cell + 2, 3)).astype(np.float32)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return to_bytes(total + np.asarray(colour, np.float32))


def to_bytes(picture: Floats) -> Bytes:
    """Round and clip to uint8."""
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def filmed(render: Callable[[int], Bytes], count: int) -> list[Bytes]:
    """Render ``count`` pictures with grain."""
    rng = np.random.default_rng(99)
    shape = (SIZE[1], SIZE[0], 3)
    return [to_bytes(render(t) + rng.normal(0, GRAIN, shape).astype(np.float32)) for t in range(count)]


# Nothing new


def still(count: int) -> list[Bytes]:
    """A static scene with grain."""
    scene = texture(1)
    return filmed(lambda t: scene, count)


def exposure_drift(count: int) -> list[Bytes]:
    """The light falls slowly by a third."""
    scene = texture(1)
    return filmed(lambda t: to_bytes(scene * np.float32(1 - t / count / 3)), count)


def shake(count: int) -> list[Bytes]:
    """A hand-held camera: up to 6 pixels around its position, and a little roll."""
    scene = texture(1, (SIZE[0] + 40, SIZE[1] + 40))

    def render(t: int) -> Bytes:
        turn = cv2.getRotationMatrix2D((180, 110), 1.2 * float(np.sin(t / 2.1)), 1.0)
        turn[:, 2] += (6 * np.sin(t * 1.3) - 20, 5 * np.sin(t * 0.9 + 1) - 20)
        return np.asarray(cv2.warpAffine(scene, turn, SIZE), np.uint8)

    return filmed(render, count)


def nod(count: int) -> list[Bytes]:
    """A head-like ellipsoid in profile tilts 12 degrees to and fro in the picture plane."""
    return _head(count, lambda t: (0.0, 12 * float(np.sin(t / 5))))


# Something new


def turn(count: int, start: int, frames: int) -> list[Bytes]:
    """The ellipsoid turns from profile to front, 90 degrees about its vertical axis, from ``start`` on."""
    return _head(count, lambda t: (90 * _ramp(t, start, frames), 0.0))


def _head(count: int, pose: Callable[[int], tuple[float, float]]) -> list[Bytes]:
    """An ellipsoid in front of a static scene; pose: turn and nod in degrees."""
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


def open_eyes(count: int, start: int, frames: int) -> list[Bytes]:
    """A nodding face with closed eyes opens them from ``start`` on, in ``frames``."""
    return _face(count, lambda t: _ramp(t, start, frames))


def blink(count: int, start: int, frames: int) -> list[Bytes]:
    """The same face with open eyes, which close for ``frames`` frames from ``start`` on."""
    return _face(count, lambda t: 0.0 if start <= t < start + frames else 1.0)


def _face(count: int, lids: Callable[[int], float]) -> list[Bytes]:
    """A large face in front of a static scene, tilting 3 degrees to and fro; lids: how far the eyes are open, 0..1."""
    scene, skin = texture(1, colour=(90, 100, 120)), texture(2, colour=(205, 165, 140))
    skin = cv2.addWeighted(skin, 0.4, np.full_like(skin, (205, 165, 140)), 0.6, 0)
    ys, xs = np.mgrid[0 : SIZE[1], 0 : SIZE[0]].astype(np.float32)

    def render(t: int) -> Bytes:
        face = skin.copy()
        for x in (130, 190):
            _draw_eye(face, (x, 80), lids(t))
        cv2.ellipse(face, (160, 138), (20, 6), 0, 0, 360, (165, 80, 80), -1, cv2.LINE_AA)
        turned = cv2.getRotationMatrix2D((160, 180), 3 * float(np.sin(t / 6)), 1.0)
        face = cv2.warpAffine(face, turned, SIZE, borderMode=cv2.BORDER_REFLECT)
        return np.where((((xs - 160) / 75) ** 2 + ((ys - 95) / 84) ** 2 < 1)[..., None], face, scene)

    return filmed(render, count)


def _draw_eye(face: Bytes, middle: tuple[int, int], opened: float) -> None:
    """An eye 36 pixels wide with its brow; a line if it is closed."""
    x, y = middle
    cv2.ellipse(face, (x, y - 12), (22, 6), 0, 190, 350, (80, 50, 40), 3, cv2.LINE_AA)
    high = round(10 * opened)
    if high:
        white, iris = np.zeros(face.shape[:2], np.uint8), face.copy()
        cv2.ellipse(white, (x, y), (18, high), 0, 0, 360, 255, -1)
        iris[:] = (245, 240, 235)
        cv2.circle(iris, (x, y), 8, (60, 90, 110), -1, cv2.LINE_AA)
        cv2.circle(iris, (x, y), 4, (10, 10, 10), -1, cv2.LINE_AA)
        face[white > 0] = iris[white > 0]
    cv2.ellipse(face, (x, y), (18, max(high, 1)), 0, 180 if high else 0, 360, (60, 35, 30), 2, cv2.LINE_AA)


def box_turn(count: int, start: int, each: int, faces: int) -> list[Bytes]:
    """A textured box turns to ``faces`` new faces, ``each`` frames per face, from ``start`` on."""
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
    """One upright side of a box of 120 pixels, seen from afar; angle 0: facing the camera."""
    if np.cos(angle) < 0.02:
        return
    left = SIZE[0] / 2 - 60 * (np.sin(angle) + np.cos(angle))
    width = max(1, round(120 * float(np.cos(angle))))
    shown = cv2.resize(side, (width, 120), interpolation=cv2.INTER_AREA)
    x, y = round(left), SIZE[1] // 2 - 60
    picture[y : y + 120, x : x + width] = shown


def enter(count: int, start: int, frames: int) -> list[Bytes]:
    """A large object enters from the left from ``start`` on, and stays after ``frames``."""
    return _moving_object(count, lambda t: -130 + 200 * _ramp(t, start, frames))


def pass_by(count: int, start: int, frames: int) -> list[Bytes]:
    """The object crosses the picture in ``frames`` and is gone; the scene behind it is unchanged."""
    return _moving_object(count, lambda t: -130 + 460 * _ramp(t, start, frames))


def _moving_object(count: int, left: Callable[[int], float]) -> list[Bytes]:
    scene, thing = texture(1), texture(3, (120, 150), colour=(200, 80, 60))

    def render(t: int) -> Bytes:
        picture = scene.copy()
        x = round(left(t))
        first, end = max(0, x), min(SIZE[0], x + 120)
        if first < end:
            picture[20:170, first:end] = thing[:, first - x : end - x]
        return picture

    return filmed(render, count)


def door(count: int, start: int, frames: int) -> list[Bytes]:
    """A door of 130 by 170 pixels turns on its left edge from ``start`` on; after ``frames`` it is open."""
    wall, room = texture(1, colour=(150, 140, 120)), texture(6, (130, 170), colour=(60, 110, 190))
    leaf = texture(7, (130, 170), colour=(170, 90, 50))

    def render(t: int) -> Bytes:
        picture = wall.copy()
        picture[10:, 150:280] = room
        width = max(1, round(130 * float(np.cos(np.pi / 2 * 0.96 * _ramp(t, start, frames)))))
        picture[10:, 150 : 150 + width] = cv2.resize(leaf, (width, 170), interpolation=cv2.INTER_AREA)
        return picture

    return filmed(render, count)


def lamp(count: int, at: int) -> list[Bytes]:
    """A lamp is switched on: warm light that lifts the right side of the picture fourfold, and the left not at all."""
    scene = texture(1, colour=(70, 70, 80)).astype(np.float32)
    fall = np.linspace(0, 1, SIZE[0], dtype=np.float32)[None, :, None] ** 2
    light = 1 + fall * np.array([3.0, 2.4, 1.4], np.float32)
    return filmed(lambda t: to_bytes(scene * light if t >= at else scene), count)


def pan(count: int, step: float) -> list[Bytes]:
    """The camera pans over a long picture, ``step`` pixels per frame."""
    long = texture(4, (SIZE[0] + round(step * count) + 2, SIZE[1]))

    def render(t: int) -> Bytes:
        move = np.array([[1, 0, -step * t], [0, 1, 0]], np.float32)
        return np.asarray(cv2.warpAffine(long, move, SIZE), np.uint8)

    return filmed(render, count)


def flash(count: int, at: int, frames: int = 2) -> list[Bytes]:
    """A static scene with a brief white flash."""
    return [np.full_like(p, 250) if at <= t < at + frames else p for t, p in enumerate(still(count))]


def dissolve(count: int, start: int, frames: int) -> list[Bytes]:
    """One scene dissolves into another."""
    one, other = texture(1).astype(np.float32), texture(5, colour=(100, 140, 90)).astype(np.float32)
    return filmed(lambda t: to_bytes(one + (other - one) * np.float32(_ramp(t, start, frames))), count)


def whip_pan(count: int) -> list[Bytes]:
    """The camera sweeps at 12 to 60 pixels per frame, with the matching motion blur."""
    speeds = [12 + 48 * np.sin(np.pi * t / count) for t in range(count)]
    places = np.cumsum([0, *speeds])
    long = texture(4, (SIZE[0] + int(places[-1]) + 80, SIZE[1]))

    def render(t: int) -> Bytes:
        left, speed = round(places[t]), round(speeds[t])
        return np.asarray(cv2.blur(long[:, left : left + SIZE[0] + speed], (speed, 1))[:, : SIZE[0]], np.uint8)

    return filmed(render, count)


def _ramp(t: int, start: int, frames: int) -> float:
    """0 up to ``start``, rising to 1 at ``start + frames``."""
    return float(np.clip((t - start) / frames, 0, 1))


# Painted twins: every clip in two versions with the same geometry, filmed and painted.


@dataclass(frozen=True)
class Twin:
    """plates: uint8 (H, W, 3) each. truth: float32 (H, W, 3) in [0, 1], the painted version of each frame."""

    plates: list[Bytes]
    truth: list[Floats]

    @property
    def frames(self) -> range:
        """Numbers of the frames, from 0."""
        return range(len(self.plates))


def painted(picture: Bytes, seed: int = 70) -> Bytes:
    """A look: fewer and other colours, and brush strokes that cannot be derived from the picture."""
    turned = 255 - picture[..., ::-1].astype(np.float32)
    flat = 60 * np.round(turned / 60)
    rng = np.random.default_rng(seed)
    strokes = cv2.GaussianBlur(rng.normal(0, 110, picture.shape[:2]).astype(np.float32), (0, 0), 2.5, sigmaY=0.8)
    return to_bytes(0.5 * turned + 0.5 * cv2.GaussianBlur(flat, (0, 0), 0.7) + strokes[..., None])


def twin(render: Callable[[int, bool], Pixels], count: int, grain: float = 0.0) -> Twin:
    """Make a clip and its twin.

    render: of (frame, whether painted), 0..255. grain: standard deviation, of the plates alone.
    """
    rng = np.random.default_rng(99)
    plates = []
    for t in range(count):
        plate = np.asarray(render(t, False), np.float32)
        plates.append(to_bytes(plate + rng.normal(0, grain, plate.shape).astype(np.float32) if grain else plate))
    return Twin(plates, [np.asarray(render(t, True), np.float32) / np.float32(255) for t in range(count)])


def both(seed: int, size: tuple[int, int], *, colour: Sequence[float] = (128, 128, 128)) -> tuple[Bytes, Bytes]:
    """A texture and its painted version."""
    plain = texture(seed, size, colour=colour)
    return plain, painted(plain, seed + 70)


def seen(world: Bytes, matrix: Sequence[Sequence[float]], size: tuple[int, int]) -> Bytes:
    """View of ``world`` through a camera; matrix: 2 by 3, from the picture's pixels to the world's."""
    return np.asarray(
        cv2.warpAffine(world, np.array(matrix, np.float32), size, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP),
        np.uint8,
    )


# Size of painted twins: small, so that a pass over one takes a second.
SMALL = (144, 88)


def twin_pan(count: int, step: float, blur: int = 0, grain: float = 0.0) -> Twin:
    """The camera pans ``step`` pixels per frame; blur: length of the motion blur in pixels."""
    width, height = SMALL
    world = both(11, (width + int(step * count) + 40 + blur, height + 20))

    def render(t: int, style: bool) -> Bytes:
        wide = seen(world[style], [[1, 0, step * t + 10], [0, 1, 10]], (width + blur, height))
        wide = np.asarray(cv2.blur(wide, (blur, 1)), np.uint8) if blur else wide
        return wide[:, blur // 2 : blur // 2 + width]

    return twin(render, count, grain)


def twin_camera(count: int, zoom: float = 1.0, degrees: float = 0.0) -> Twin:
    """The camera zooms in by ``zoom`` and turns by ``degrees`` up to the last frame."""
    world = both(11, (2 * SMALL[0], 2 * SMALL[1]))
    return twin(lambda t, style: seen(world[style], _camera(t / (count - 1), zoom, degrees), SMALL), count)


def _camera(done: float, zoom: float, degrees: float) -> list[list[float]]:
    """Camera of ``twin_camera``, when ``done`` of its move is done; see ``seen``."""
    width, height = SMALL
    angle, scale = np.deg2rad(degrees * done), 1 + (zoom - 1) * done
    c, s = float(np.cos(angle) / scale), float(np.sin(angle) / scale)
    return [[c, -s, width - c * width / 2 + s * height / 2], [s, c, height - s * width / 2 - c * height / 2]]


def in_first_view(done: float, zoom: float, degrees: float) -> Bools:
    """Mask of the pixels of ``twin_camera`` that its first frame shows: bool (H, W)."""
    width, height = SMALL
    to_first = np.linalg.inv(np.vstack([_camera(0, zoom, degrees), [0, 0, 1]]))
    rows, columns = np.mgrid[:height, :width]
    pixels = np.stack([columns.ravel(), rows.ravel(), np.ones(width * height)])
    x, y = np.dot(np.dot(to_first, np.vstack([_camera(done, zoom, degrees), [0, 0, 1]])), pixels)[:2]
    return np.asarray(((x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)).reshape(height, width))


THING = (34, 40)


def twin_object(count: int, place: Callable[[int], tuple[int, int]], step: float = 0.0, grain: float = 0.0) -> Twin:
    """An object in front of a scene that pans ``step`` pixels per frame; place: its upper left corner in a frame."""
    world = both(11, (SMALL[0] + int(step * count) + 40, SMALL[1] + 20))
    thing = both(12, THING, colour=(200, 80, 60))

    def render(t: int, style: bool) -> Bytes:
        picture = seen(world[style], [[1, 0, step * t + 10], [0, 1, 10]], SMALL).copy()
        return _lay(picture, thing[style], *place(t))

    return twin(render, count, grain)


def object_mask(place: tuple[int, int], margin: int = 0) -> Bools:
    """Mask of the object and ``margin`` pixels around it: bool (H, W)."""
    mask = np.zeros((SMALL[1], SMALL[0]), bool)
    (x, y), (width, height) = place, THING
    mask[max(0, y - margin) : max(0, y + height + margin), max(0, x - margin) : max(0, x + width + margin)] = True
    return mask


def twin_fast_object(count: int, step: int) -> Twin:
    """An object crosses a static scene at ``step`` pixels per frame, blurred by a shutter of 180 degrees."""
    world, thing = both(11, SMALL), both(12, (30, 30), colour=(200, 80, 60))

    def render(t: int, style: bool) -> Pixels:
        lefts = [round(10 + step * (t + moment / 16)) for moment in range(8)]
        return np.mean([_lay(world[style].copy(), thing[style], left, 28) for left in lefts], axis=0)

    return twin(render, count)


WIRES = ((20, 0), (50, 20), (90, -12))


def twin_wires(count: int, width: float, speed: float, step: float) -> Twin:
    """Wires of ``width`` pixels, ``WIRES`` giving left end above and slope, move in front of a scene that pans."""
    world = both(11, (SMALL[0] + 60, SMALL[1] + 20))

    def render(t: int, style: bool) -> Pixels:
        picture = seen(world[style], [[1, 0, step * t + 10], [0, 1, 10]], SMALL)
        big = cv2.resize(picture, (SMALL[0] * 4, SMALL[1] * 4), interpolation=cv2.INTER_NEAREST)
        colour = (230, 30, 30) if style else (15, 15, 15)
        for start, lean in WIRES:
            left = (start + speed * t) * 4
            cv2.line(big, (round(left), 0), (round(left + lean * 4), SMALL[1] * 4), colour, round(width * 4))
        return np.asarray(cv2.resize(big, SMALL, interpolation=cv2.INTER_AREA))

    return twin(render, count)


def twin_light(count: int, gain: Callable[[int], float], step: float = 1.0) -> Twin:
    """A pan that is lit by ``gain``, in linear light, as its painted version is."""
    world = both(11, (SMALL[0] + int(step * count) + 40, SMALL[1] + 20))

    def render(t: int, style: bool) -> Pixels:
        return lit(seen(world[style], [[1, 0, step * t + 10], [0, 1, 10]], SMALL), gain(t))

    return twin(render, count)


def _lay(picture: Bytes, thing: Bytes, x: int, y: int) -> Bytes:
    """Paste ``thing`` onto ``picture`` in place, clipped to it."""
    height, width = picture.shape[:2]
    left, top, right, end = max(0, x), max(0, y), min(width, x + thing.shape[1]), min(height, y + thing.shape[0])
    if left < right and top < end:
        picture[top:end, left:right] = thing[top - y : end - y, left - x : right - x]
    return picture
