"""Dry sticks on rough paper, charcoal, pencil and pastel: marks that catch on the paper's tooth."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from painting.scene import HEIGHT, WIDTH, Array, Colour, Random, noise

FINE = 2  # marks are drawn at twice the size and averaged down, which smooths their edges


@dataclass(frozen=True)
class Stick:
    """half_width: half the mark's width, pixels. length: the longest mark, pixels. gap: between marks, pixels.

    hardness: 0 for a soft edge across the mark, 1 for a sharp one. fill: 0 to touch only the peaks of the paper, 1 to
    reach the bottom of its tooth. bend: how far marks curve of themselves, radians a pixel.
    """

    half_width: float
    length: float
    gap: float
    hardness: float
    fill: float
    bend: float = 0.002


def paper_tooth(rng: Random, grain: float, laid: float = 0.0) -> Array:
    """The depth of the paper, 0 at its peaks to 1, even in distribution: float32 (H, W) at FINE times the size.

    grain: the size of its pits in pixels. laid: how far the parallel lines of laid paper show.
    """
    size = (HEIGHT * FINE, WIDTH * FINE)
    y = np.mgrid[0 : size[0], 0 : size[1]][0].astype(np.float32)
    rough = noise(rng, grain * FINE, 3, size) + 0.5 * cv2.GaussianBlur(
        rng.standard_normal(size).astype(np.float32), (0, 0), 0.8
    )
    rough += np.float32(laid) * np.sin(y * np.float32(2 * np.pi / 7.0) + 0.6 * noise(rng, 90, 2, size))
    order = np.sort(rough.ravel())[:: max(1, rough.size // 4096)]
    return np.interp(rough, order, np.linspace(0, 1, len(order))).astype(np.float32)


@lru_cache(maxsize=32)
def _lanes(stick: Stick) -> tuple[Array, Array]:
    """Places across a mark, pixels from its middle at FINE times the size, and the force there, 0..1: (N,) each."""
    wide = stick.half_width * FINE
    lanes = np.linspace(-1, 1, max(2, int(2 * wide / 0.75)))
    return lanes * wide, np.clip((1 - np.abs(lanes)) * (1 + 5 * stick.hardness), 0, 1)


@lru_cache(maxsize=512)
def _press(steps: int) -> Array:
    """The force along a mark, 0..1: (steps,)."""
    place = np.linspace(0, 1, steps)
    return np.minimum(1, np.minimum(place / 0.12 + 0.5, (1 - place) / 0.25 + 0.2))


def _gradient(path: Array) -> Array:
    """The change per point of a path, (N, 2); numpy's own is slow on a short one."""
    change = np.empty_like(path)
    change[1:-1] = (path[2:] - path[:-2]) / 2
    change[0], change[-1] = path[1] - path[0], path[-1] - path[-2]
    return change


class Sheet:
    """Colour on paper at FINE times the picture's size: float32 (H, W, 3)."""

    def __init__(self, tooth: Array, paper: Array | Colour) -> None:
        self.tooth = tooth
        self.colour = np.empty((*tooth.shape, 3), np.float32)
        self.colour[:] = np.asarray(paper, np.float32)

    def downsampled(self) -> Array:
        """The colours at the picture's size."""
        return cv2.resize(self.colour, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)

    def smudge(self, amount: Array, colour: Colour) -> None:
        """Rubs dust into the paper: ``amount``, (H, W) at the picture's size, 0..1, fills pits and peaks alike."""
        wide = cv2.resize(amount, self.tooth.shape[::-1], interpolation=cv2.INTER_LINEAR)
        part = np.clip(wide * (0.86 + 0.28 * self.tooth), 0, 1)[..., None]
        self.colour = self.colour * (1 - part) + np.asarray(colour, np.float32) * part

    def rub(self, where: Array, reach: float) -> None:
        """Softens what is drawn, as a finger or a stump does: ``where``, (H, W) at the picture's size, 0..1."""
        part = cv2.resize(where, self.tooth.shape[::-1], interpolation=cv2.INTER_LINEAR)[..., None]
        soft = cv2.GaussianBlur(self.colour, (0, 0), reach * FINE) * (1 - 0.10 * (self.tooth[..., None] - 0.5))
        self.colour += (soft - self.colour) * part

    def mark(self, line: Array, stick: Stick, pressure: float, colour: Array, glaze: bool = False) -> None:
        """Draws along ``line`` (N, 2), x then y in pixels, a point every pixel or less.

        pressure: 0..1. glaze: whether what is below shines through, as under wax, or is covered, as under chalk.
        """
        steps = max(2, int(len(line) * FINE * 0.9))
        along = np.linspace(0, len(line) - 1, steps)
        path = np.stack([np.interp(along, np.arange(len(line)), line[:, k]) for k in range(2)], -1) * FINE
        tangent = _gradient(path)
        tangent /= np.maximum(np.hypot(*tangent.T), 1e-6)[:, None]
        normal = np.stack([-tangent[:, 1], tangent[:, 0]], -1)
        lanes, across = _lanes(stick)
        force = _press(steps)[:, None] * across[None] * pressure
        spots = path[:, None] + normal[:, None] * lanes[None, :, None]
        self._put(spots, force, stick.fill, colour, glaze)

    def _put(self, spots: Array, force: Array, fill: float, colour: Array, glaze: bool) -> None:
        x, y = np.rint(spots[..., 0]).astype(np.int32), np.rint(spots[..., 1]).astype(np.int32)
        ok = (x >= 0) & (y >= 0) & (x < self.tooth.shape[1]) & (y < self.tooth.shape[0]) & (force > 0.02)
        at = (y[ok], x[ok])
        force = force[ok]
        reach = (force * (1 - fill) + fill - self.tooth[at]) * 2.2 + 0.45
        part = (np.clip(reach, 0, 1) * np.minimum(force * 1.15 + 0.1, 1))[:, None]
        under = self.colour[at]
        over = under * colour if glaze else colour
        self.colour[at] = under * (1 - part) + over * part


def paths(
    angle: Array, starts: Array, lengths: Array, bends: Array, labels: Array, overshoot: float = 0.0
) -> list[Array]:
    """Marks along the directions ``angle`` (H, W) from the middle of each outwards, all of them traced at once.

    starts: (N, 2), x then y. lengths, bends: (N,). A mark ends where another thing of ``labels`` begins, or
    ``overshoot`` pixels later. Returns lines float32 (M, 2), a point every pixel.
    """
    reach = int(np.ceil(lengths.max() / 2))
    own = labels[starts[:, 1].astype(int), starts[:, 0].astype(int)]
    sides = []
    for way in (0.0, np.pi):
        heading = angle[starts[:, 1].astype(int), starts[:, 0].astype(int)] + way
        spot, alive = starts.astype(np.float64).copy(), np.ones(len(starts), bool)
        spare = np.full(len(starts), overshoot)
        line, valid = [spot.copy()], [alive.copy()]
        for number in range(reach):
            spot = spot + np.stack([np.cos(heading), np.sin(heading)], -1)
            x, y = np.clip(spot[:, 0].astype(int), 0, WIDTH - 1), np.clip(spot[:, 1].astype(int), 0, HEIGHT - 1)
            spare = spare - (labels[y, x] != own)
            alive = alive & (number < lengths / 2) & (spare >= 0)
            turn = (angle[y, x] - heading + np.pi / 2) % np.pi - np.pi / 2
            heading = heading + np.clip(turn, -0.15, 0.15) + bends * (1 if way == 0 else -1)
            line.append(spot.copy())
            valid.append(alive.copy())
        sides.append((np.stack(line, 1), np.stack(valid, 1)))
    (ahead, ahead_valid), (behind, behind_valid) = sides
    return [
        np.concatenate([behind[k][behind_valid[k]][:0:-1], ahead[k][ahead_valid[k]]]).astype(np.float32)
        for k in range(len(starts))
    ]


def seeds(rng: Random, gap: float, wanted: Array) -> Array:
    """Places about ``gap`` pixels apart, in no order, where ``wanted`` (H, W) holds: (N, 2), x then y."""
    rows, columns = np.mgrid[gap / 2 : HEIGHT : gap, gap / 2 : WIDTH : gap]
    spots = np.stack([columns.ravel(), rows.ravel()], -1) + rng.uniform(-0.6, 0.6, (rows.size, 2)) * gap
    spots = np.clip(spots, 0, [WIDTH - 1, HEIGHT - 1])[rng.permutation(rows.size)]
    return spots[wanted[spots[:, 1].astype(int), spots[:, 0].astype(int)]]
