"""Guides between a photographed plate and a painted reference: tone, hue and structure, made comparable.

Both sides of each guide are normalised to one scale. A patch of the reference matches the plate well if its tone, hue
and edges, relative to its own picture, are those of the plate.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from propagate.arrays import F32, Floats
from propagate.features import luminance

# Random rotations of the colour transport; with this many, their order has no visible influence.
PROJECTIONS = 24
# Sigma of local contrast, in pixels.
LOCAL = 8.0


@dataclass(frozen=True)
class Guide:
    """One property that a patch of the reference and a patch of the plate should share.

    source: float32 (Hs, Ws) or (Hs, Ws, C) in [0, 1], on the grid of the reference. target: float32 (H, W) or
    (H, W, C), on the grid of the plate. weight: of each channel, relative to the style's own weight.
    """

    source: Floats
    target: Floats
    weight: float


def match_histogram(values: Floats, reference: Floats) -> Floats:
    """Match the histogram of ``values`` to that of ``reference``, monotonically; any shapes, float32.

    Equal values stay equal: each takes the reference's quantile at the middle of its run.
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    quantiles = (np.cumsum(counts) - 0.5 * counts) / values.size
    ordered = np.sort(reference, axis=None)
    at = (np.arange(ordered.size) + 0.5) / ordered.size
    return np.interp(quantiles, at, ordered).astype(F32)[place].reshape(values.shape)


def to_lab(picture: Floats) -> Floats:
    """Convert display-encoded sRGB to CIELAB: float32 (H, W, 3), L in [0, 100], a and b about ±100."""
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(picture, F32), cv2.COLOR_RGB2LAB), F32)


def from_lab(lab: Floats) -> Floats:
    """Inverse of ``to_lab``: float32 (H, W, 3), clipped to [0, 1]."""
    return np.clip(cv2.cvtColor(np.ascontiguousarray(lab, F32), cv2.COLOR_LAB2RGB), 0, 1).astype(F32)


def transport_colours(lab: Floats, reference: Floats, seed: int = 0, samples: int = 20000) -> Floats:
    """Transport colours to the palette of ``reference``, both float32 (..., 3): sliced optimal transport.

    Pitié, Kokaram and Dahyot, "Automated colour grading using colour distribution transfer", CVIU 2007: histograms are
    matched along randomly rotated axes, repeatedly. Quantiles are estimated from ``samples`` pixels.
    """
    draw = np.random.Generator(np.random.PCG64(seed))
    moved = lab.reshape(-1, 3).astype(F32)
    goal = reference.reshape(-1, 3).astype(F32)
    goal = goal[draw.integers(0, len(goal), samples)]
    few = draw.integers(0, len(moved), samples)
    at = np.linspace(0, 1, 129)
    for _ in range(PROJECTIONS):
        axes = np.linalg.qr(draw.standard_normal((3, 3)))[0].astype(F32)
        turned, wanted = moved @ axes, goal @ axes
        for k in range(3):
            have, want = np.quantile(turned[few, k], at), np.quantile(wanted[:, k], at)
            keep = np.concatenate([[True], np.diff(have) > 1e-4])
            turned[:, k] = np.interp(turned[:, k], have[keep], want[keep])
        moved = (turned @ axes.T).astype(F32)
    return moved.reshape(lab.shape)


def tone(plate: Floats, style: Floats, sigma: float, weight: float, boost: float = 0.0) -> Guide:
    """Guide of lightness: plate and style lightly smoothed, the plate matched to the style's histogram.

    plate, style: float32 (H, W, 3) in [0, 1], display-encoded, of sizes of their own. sigma: in pixels. Both sides of
    the guide are float32 (H, W).

    boost: gain of the plate's local contrast before the match. A painter depicts eyes and fingers with smaller
    differences than those between neighbouring patches of paint.
    """
    theirs = cv2.GaussianBlur(luminance(style), (0, 0), sigma)
    ours = cv2.GaussianBlur(luminance(plate), (0, 0), max(0.5, sigma / 2))
    ours = np.clip(ours + F32(boost) * (ours - cv2.GaussianBlur(ours, (0, 0), LOCAL)), 0, 1)
    return Guide(theirs, match_histogram(np.floor(ours * 1023 + 0.5).astype(F32), theirs), weight)


def hue(plate: Floats, style: Floats, sigma: float, weight: float, seed: int = 0) -> Guide:
    """Guide of chroma, the plate's transported into the style's palette: float32 (H, W, 2); see ``tone``."""
    theirs, ours = to_lab(style), to_lab(plate)
    moved = transport_colours(ours, theirs, seed)
    sides = [cv2.GaussianBlur(lab[..., 1:], (0, 0), sigma) / F32(200) + F32(0.5) for lab in (theirs, moved)]
    return Guide(np.clip(sides[0], 0, 1), np.clip(sides[1], 0, 1), weight)


def structure(plate: Floats, style: Floats, sigma: float, weight: float) -> Guide:
    """Guide of edges: gradient of smoothed lightness, each side normalised by its own strength.

    Float32 (H, W, 2) in [0, 1], 0.5 for none; see ``tone``.
    """
    return Guide(_gradient(style, sigma), _gradient(plate, sigma), weight)


def _gradient(picture: Floats, sigma: float) -> Floats:
    grey = cv2.GaussianBlur(luminance(picture), (0, 0), sigma)
    across = cv2.Scharr(grey, cv2.CV_32F, 1, 0, scale=1 / 32, borderType=cv2.BORDER_REPLICATE)
    down = cv2.Scharr(grey, cv2.CV_32F, 0, 1, scale=1 / 32, borderType=cv2.BORDER_REPLICATE)
    strong = max(1e-3, float(np.quantile(np.hypot(across, down), 0.98)))
    field = np.stack([across, down], axis=-1) / F32(2 * strong)
    return np.clip(field + F32(0.5), 0, 1).astype(F32)
