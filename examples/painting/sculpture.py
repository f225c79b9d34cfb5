"""Solid forms as signed distance functions, seen from straight ahead and lit: normals, shadows, creases.

Coordinates are those of the picture in pixels: x to the right, y down, z to the viewer. A form maps points float32
(N, 3) to distances float32 (N,), negative inside. Hart, "Sphere tracing", The Visual Computer 12, 1996.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import cv2
import numpy as np

from painting.scene import HEIGHT, WIDTH, Array

CHUNK = 4096  # rays at a time, so that they stay in the processor's cache
Form = Callable[[Array], Array]
Point = tuple[float, float, float]


def _length(vectors: Array) -> Array:
    # Adding columns takes a fifth of the time of a sum over so short an axis.
    x, y, z = np.ascontiguousarray(vectors.T)
    return np.sqrt(x * x + y * y + z * z)


def ellipsoid(centre: Point, radii: Point) -> Form:
    """An ellipsoid along the axes; the distance is that of Quilez's bound."""
    middle, radius = np.array(centre, np.float32), np.array(radii, np.float32)

    def distance(points: Array) -> Array:
        offset = (points - middle) / radius
        near = _length(offset)
        far = offset / radius
        return near * (near - 1) / np.maximum(_length(far), 1e-6)

    return distance


def limb(start: Point, end: Point, start_radius: float, end_radius: float) -> Form:
    """A rounded rod from ``start`` to ``end`` whose radius changes along the way."""
    a, b = np.array(start, np.float32), np.array(end, np.float32)
    axis = b - a
    squared = max(float(axis @ axis), 1e-9)

    def distance(points: Array) -> Array:
        offset = points - a
        place = np.clip(offset @ axis / np.float32(squared), 0, 1)
        offset = offset - place[:, None] * axis
        return _length(offset) - (start_radius + (end_radius - start_radius) * place)

    return distance


def chain(points: Sequence[Point], radii: Sequence[float], blend: float) -> Form:
    """Rods through ``points``, blended where they meet."""
    return fused(blend, *(limb(*pair) for pair in zip(points[:-1], points[1:], radii[:-1], radii[1:], strict=True)))


def fused(blend: float, *forms: Form) -> Form:
    """The union of forms, its creases filled over about ``blend``."""

    def join(first: Array, second: Array) -> Array:
        share = np.maximum(blend - np.abs(first - second), 0)
        return np.minimum(first, second) - share * share / np.float32(4 * blend)

    return lambda points: reduce(join, (form(points) for form in forms))


def carved(form: Form, tool: Form, blend: float) -> Form:
    """The form without what ``tool`` holds, the rim rounded over about ``blend``."""

    def distance(points: Array) -> Array:
        body, hole = form(points), -tool(points)
        share = np.maximum(blend - np.abs(body - hole), 0)
        return np.maximum(body, hole) + share * share / np.float32(4 * blend)

    return distance


def both(*forms: Form) -> Form:
    """Base of all forms."""
    return lambda points: reduce(np.maximum, (form(points) for form in forms))


def half_space(normal: Point, offset: float) -> Form:
    """Everything below a plane: points whose product with the unit ``normal`` is less than ``offset``."""
    direction = np.array(normal, np.float32) / np.float32(np.linalg.norm(normal))
    return lambda points: points @ direction - np.float32(offset)


def rotation(yaw: float, pitch: float, roll: float) -> Array:
    """A rotation about y by ``yaw``, then x by ``pitch``, then z by ``roll``: float32 (3, 3)."""
    cy, sy, cp, sp, cr, sr = (f(v) for v in (yaw, pitch, roll) for f in (np.cos, np.sin))
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return (about_z @ about_x @ about_y).astype(np.float32)


def within(form: Form, centre: Point, radius: float) -> Form:
    """A form that lies in a ball: from far away, the distance to the ball, which costs less."""
    middle = np.array(centre, np.float32)

    def distance(points: Array) -> Array:
        offset = points - middle
        far = _length(offset) - np.float32(radius)
        near = far < 0.1 * radius
        if near.any():
            far[near] = form(points[near])
        return far

    return distance


def placed(form: Form, at: Point, size: float, turn: Array, ball: tuple[Point, float]) -> Form:
    """A form made around the origin with y up, turned, scaled and put at ``at``; ``ball`` holds all of it."""
    bounded = within(form, *ball)
    return lambda points: bounded(local(points, at, size, turn)) * np.float32(size)


def local(points: Array, at: Point, size: float, turn: Array) -> Array:
    """Points of the picture in the coordinates of a form that ``placed`` puts there."""
    centred = (points - np.array(at, np.float32)) / np.float32(size)
    return (centred * np.array([1, -1, 1], np.float32)) @ turn


@dataclass(frozen=True)
class Modelled:
    """Visible surface at each pixel, all (H, W); none where ``which`` is -1.

    which: int32, the number of the form. points, normals: (H, W, 3). lit: 0..1, light without colour. shadow: 0..1, 1
    where light comes through. creases: 0..1, 1 in the open. facing: the product of the normal and the light.
    """

    which: Array
    points: Array
    normals: Array
    facing: Array
    shadow: Array
    creases: Array

    def lit(self, ambient: float) -> Array:
        """Light that arrives, 0..1: direct where no shadow falls, and ``ambient`` in the open."""
        direct = np.maximum(self.facing, 0) * self.shadow
        return np.clip((1 - ambient) * direct + ambient * self.creases * (0.75 - 0.25 * self.normals[..., 1]), 0, 1)


def modelled(forms: Sequence[Form], towards_light: Point, scale: float, depth: float = 400.0) -> Modelled:
    """Sees and lights the forms, at half the picture's size. scale: the reach of shadows and of creases, in pixels."""
    lamp = np.array(towards_light, np.float32) / np.float32(np.linalg.norm(towards_light))
    y, x = np.mgrid[0:HEIGHT:2, 0:WIDTH:2].astype(np.float32) + np.float32(0.5)
    start = np.stack([x.ravel(), y.ravel(), np.full(x.size, depth, np.float32)], -1)
    parts = [_seen(forms, start[row : row + CHUNK], lamp, scale, depth) for row in range(0, len(start), CHUNK)]
    which, *rest = (np.concatenate(values).reshape(*x.shape, -1) for values in zip(*parts, strict=True))
    return Modelled(_enlarged(which)[..., 0], *(_smooth(values, which[..., 0] >= 0) for values in rest))


def _seen(forms: Sequence[Form], start: Array, lamp: Array, scale: float, depth: float) -> tuple[Array, ...]:
    hit, points = _march(forms, start, np.array([0, 0, -1], np.float32), 2 * depth)
    met = points[hit]
    which = np.full(len(start), -1, np.int32)
    facing, shadow, creases = (np.zeros(len(start), np.float32) for _ in range(3))
    normals = np.zeros_like(start)
    if len(met):
        normals[hit] = _normals(forms, met)
        which[hit] = np.argmin([form(met) for form in forms], axis=0)
        facing[hit] = normals[hit] @ lamp
        shadow[hit] = _shadow(forms, met + 1.5 * normals[hit], lamp, scale)
        creases[hit] = _creases(forms, met, normals[hit], scale)
    return which, points, normals, facing, shadow, creases


def _enlarged(which: Array) -> Array:
    """Numbers of forms at the picture's size, their borders smooth: the form with the largest share of each pixel."""
    flat = which[..., 0]
    best, share = np.full((HEIGHT, WIDTH), -1, np.int32), np.zeros((HEIGHT, WIDTH), np.float32)
    for number in np.unique(flat):
        here = cv2.GaussianBlur((flat == number).astype(np.float32), (0, 0), 0.7)
        here = cv2.resize(here, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        best, share = np.where(here > share, np.int32(number), best), np.maximum(here, share)
    return best[..., None]


def _smooth(values: Array, inside: Array) -> Array:
    """Values at the picture's size, those of the forms taken a little beyond their borders."""
    weight = inside.astype(np.float32)
    spread = cv2.GaussianBlur(weight, (0, 0), 1.5)
    beyond = cv2.GaussianBlur(values * weight[..., None], (0, 0), 1.5).reshape(values.shape)
    beyond /= np.maximum(spread, 1e-3)[..., None]
    full = cv2.resize(np.where(inside[..., None], values, beyond), (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    return full.astype(np.float32)


def _nearest(forms: Sequence[Form], points: Array) -> Array:
    return reduce(np.minimum, (form(points) for form in forms))


def _march(forms: Sequence[Form], start: Array, way: Array, reach: float) -> tuple[Array, Array]:
    """Rays until they meet a form: which ones do (N,), and where (N, 3)."""
    points, hit, active = start.copy(), np.zeros(len(start), bool), np.arange(len(start))
    travelled = np.zeros(len(start), np.float32)
    for _ in range(90):
        distance = _nearest(forms, points[active])
        done = distance < 0.15
        hit[active[done]] = True
        step = np.maximum(distance, 0.15) * 0.85
        points[active] += step[:, None] * way
        travelled[active] += step
        active = active[~done & (travelled[active] < reach)]
        if not len(active):
            break
    return hit, points


def _normals(forms: Sequence[Form], points: Array) -> Array:
    corners = np.array([[1, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]], np.float32)
    slope = sum(corner * _nearest(forms, points + 0.8 * corner)[:, None] for corner in corners)
    return slope / np.maximum(np.sqrt((slope * slope).sum(-1, keepdims=True)), 1e-9)


def _shadow(forms: Sequence[Form], points: Array, lamp: Array, scale: float) -> Array:
    """Soft shadows: the narrowest cone that passes on the way to the light, 0..1."""
    travelled, open_share = np.full(len(points), 1.0, np.float32), np.ones(len(points), np.float32)
    active = np.arange(len(points))
    for _ in range(34):
        distance = _nearest(forms, points[active] + travelled[active, None] * lamp)
        open_share[active] = np.minimum(open_share[active], 9 * np.maximum(distance, 0) / travelled[active] + 0.02)
        travelled[active] += np.maximum(distance, 1.5)
        active = active[(distance > 0.05) & (travelled[active] < 6 * scale)]
        if not len(active):
            break
    return np.clip(open_share, 0, 1)


def _creases(forms: Sequence[Form], points: Array, normals: Array, scale: float) -> Array:
    closed = np.zeros(len(points), np.float32)
    for share in (0.06, 0.15, 0.3, 0.6):
        closed += (share * scale - _nearest(forms, points + share * scale * normals)) / (share * scale) * 0.25
    return np.clip(1 - 0.95 * closed, 0, 1)
