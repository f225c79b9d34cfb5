"""Palettes, and the map that moves every colour to the nearest ones of a palette.

The map is the entropic solution of a semi-discrete optimal transport whose second marginal is relaxed: Chizat, Peyré,
Schmitzer and Vialard, "Scaling algorithms for unbalanced optimal transport problems", Mathematics of Computation 2018.
Without that marginal each colour goes to what is nearest, whatever its share of the picture. With the full marginal,
the colours are used in the palette's proportions, which may turn a face blue because the reference is mostly sky.

Colours are CIELAB: L in [0, 100], a and b about ±100.
"""

import warnings
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from propagate.arrays import F32, Floats

Doubles = NDArray[np.float64]

COLOURS = 64
# Pixels that a palette is estimated from.
SAMPLES = 20_000
# Weights of squared differences of lightness, chroma and hue. A less saturated colour is tolerated; a different hue is
# not.
LIGHTNESS, CHROMA, HUE = 1.0, 0.4, 2.6
# Grid of the lookup table: L from 0 to 100, a and b from -110 to 110, in steps of this size.
_STEP_L, _STEP_AB, _MAX_AB = 4.0, 5.0, 110.0
_ITERATIONS = 200


@dataclass(frozen=True, eq=False)
class Palette:
    """Colours of a picture, equal to another with the same values.

    colours: float64 (N, 3), CIELAB. shares: float64 (N,), of the pixels; the sum is 1.
    """

    colours: Doubles
    shares: Doubles

    def __eq__(self, other: object) -> bool:
        """Return whether the other palette has the same values."""
        return isinstance(other, Palette) and self._values() == other._values()

    def __hash__(self) -> int:
        """Return the hash of the values."""
        return hash(self._values())

    def _values(self) -> tuple[bytes, bytes]:
        return self.colours.tobytes(), self.shares.tobytes()


def palette_of(lab: Floats, count: int = COLOURS) -> Palette:
    """Cluster colours, float32 (..., 3), CIELAB, by seeded k-means; empty clusters are left out."""
    pixels = lab.reshape(-1, 3)
    drawn = _draw(len(pixels))[1]
    return _clustered(pixels[drawn].astype(np.float64).tobytes(), len(pixels), count)


def _draw(total: int) -> tuple[np.random.Generator, NDArray[np.int64]]:
    """Draw SAMPLES from this many pixels. Also returns the generator, with which k-means continues."""
    draw = np.random.Generator(np.random.PCG64(0))
    return draw, draw.integers(0, total, SAMPLES)


# The keys of a shot share their references, and so their palettes.
@lru_cache(maxsize=8)
def _clustered(sample: bytes, total: int, count: int) -> Palette:
    """Cluster SAMPLES colours, given as bytes, of a picture of ``total`` pixels; see ``palette_of``."""
    from scipy.cluster.vq import kmeans2  # slow to import

    colours = np.frombuffer(sample).reshape(-1, 3)
    if (colours == colours[0]).all():
        return Palette(colours[:1], np.ones(1))
    with warnings.catch_warnings():
        # A picture of fewer colours leaves clusters empty.
        warnings.filterwarnings("ignore", message="One of the clusters is empty", category=UserWarning)
        centres, labels = kmeans2(colours, count, iter=20, minit="points", seed=_draw(total)[0])
    shares = np.bincount(labels, minlength=count) / len(labels)
    used = shares > 0
    return Palette(centres[used], shares[used])


def colour_cost(colours: Doubles, others: Doubles) -> Doubles:
    """Return weighted squared differences of two lists of CIELAB colours, (N, 3) and (M, 3): float64 (N, M)."""
    lightness, chroma, hue = _cost_terms(colours, others)
    return lightness + chroma + hue


def _cost_terms(colours: Doubles, others: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """Return the terms of lightness, chroma and hue in ``colour_cost``: float64 (N, M) each."""
    ours, theirs = ([*lab.T.copy(), np.hypot(lab[:, 1], lab[:, 2])] for lab in (colours, others))
    lightness, a, b, chroma = (np.square(x[:, None] - y[None]) for x, y in zip(ours, theirs, strict=True))
    return LIGHTNESS * lightness, CHROMA * chroma, HUE * np.maximum(a + b - chroma, 0)


@dataclass(frozen=True)
class ColourMap:
    """Smooth map of colours. table: float32 (L, A, B, 3), the mapped colour at each point of a grid in CIELAB."""

    table: Floats

    def apply(self, lab: Floats) -> Floats:
        """Map colours, float32 (..., 3): linear interpolation in the table."""
        from scipy.ndimage import map_coordinates  # slow to import

        flat = lab.reshape(-1, 3)
        places = np.stack([flat[:, 0] / _STEP_L, (flat[:, 1] + _MAX_AB) / _STEP_AB, (flat[:, 2] + _MAX_AB) / _STEP_AB])
        mapped = [map_coordinates(self.table[..., k], places, order=1, mode="nearest") for k in range(3)]
        return np.stack(mapped, axis=-1).astype(F32).reshape(lab.shape)


# The keys of a shot share their references, and so their maps.
@lru_cache(maxsize=8)
def nearest_colours(
    palette: Palette, softness: float, popularity: float, used_by: Palette | None = None, balance: float = 0.0
) -> ColourMap:
    """Build the map to the nearest colours of a palette; its table is read-only.

    softness: distance in CIELAB within which colours of the palette are mixed. popularity: exponent of a colour's share
    in its weight, 0 to weight frequent and rare ones equally. balance: 0..1, how far the colours of ``used_by`` must
    use the palette in its own proportions.
    """
    epsilon = 2 * softness**2
    weights = popularity * np.log(palette.shares)
    if balance and used_by is not None:
        weights = (1 - balance) * weights + _potential(palette, used_by, epsilon, balance)
    grid = _grid()
    sides = round(2 * _MAX_AB / _STEP_AB) + 1
    plane = sides**2
    # Chroma and hue are the same for each lightness of the grid.
    _, chroma, hue = _cost_terms(grid[:plane], palette.colours)
    lightness, _, _ = _cost_terms(grid[::plane], palette.colours)
    table = np.empty_like(grid)
    for number, row in enumerate(lightness):
        share = row + chroma
        share += hue
        share /= epsilon
        np.subtract(weights, share, out=share)
        share -= share.max(axis=1, keepdims=True)
        np.exp(share, out=share)
        # Not a matrix product: its last bits depend on the processor.
        mixed = np.einsum("ij,jk->ik", share, palette.colours, optimize=False)
        table[number * plane : (number + 1) * plane] = mixed / share.sum(axis=1, keepdims=True)
    shaped = table.astype(F32).reshape(-1, sides, sides, 3)
    shaped.flags.writeable = False
    return ColourMap(shaped)


def _potential(palette: Palette, used_by: Palette, epsilon: float, balance: float) -> Doubles:
    """Return the logarithmic weights of the palette's colours under which they are used in their proportions.

    Sinkhorn's iteration in the logarithmic domain. ``balance`` is the exponent of the relaxed marginal's update.
    """
    kernel = -colour_cost(used_by.colours, palette.colours) / epsilon
    potential = np.zeros(len(palette.colours))
    for _ in range(_ITERATIONS):
        rows = np.log(used_by.shares) - np.logaddexp.reduce(kernel + potential, axis=1)
        potential = balance * (np.log(palette.shares) - np.logaddexp.reduce(kernel + rows[:, None], axis=0))
    return potential


def _grid() -> Doubles:
    lightness = np.arange(0, 100 + _STEP_L, _STEP_L)
    axis = np.arange(-_MAX_AB, _MAX_AB + _STEP_AB, _STEP_AB)
    return np.stack(np.meshgrid(lightness, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)


def to_lab(picture: Floats) -> Floats:
    """Convert display-encoded sRGB to CIELAB: float32 (H, W, 3), L in [0, 100], a and b about ±100."""
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(picture, F32), cv2.COLOR_RGB2LAB), F32)


def from_lab(lab: Floats) -> Floats:
    """Inverse of ``to_lab``: float32 (H, W, 3), clipped to [0, 1]."""
    return np.clip(cv2.cvtColor(np.ascontiguousarray(lab, F32), cv2.COLOR_LAB2RGB), 0, 1).astype(F32)


def match_lightness(lightness: Floats, shot: Floats, reference: Floats, amount: float) -> Floats:
    """Move lightness towards the distribution of a reference's, monotonically; float32, any shapes.

    shot: lightness that represents all pictures, which are mapped in the same way. amount: 0 keeps the lightness, 1
    gives the whole shot the reference's distribution.
    """
    levels = np.linspace(0, 1, 257)
    ours, theirs = np.quantile(shot, levels), np.quantile(reference, levels)
    rising = np.concatenate([[True], np.diff(ours) > 1e-4])
    matched = np.interp(lightness, ours[rising], theirs[rising])
    return (lightness + amount * (matched - lightness)).astype(F32)
