"""Guides that tie a photographed plate to a painted reference: tone, hue and structure, made comparable.

Both sides of each guide are brought to one scale, so that a patch of the reference whose tone, hue and edges
are like the plate's, each within its own picture, is a good match.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from propagate.arrays import F32, Floats
from propagate.features import luminance

# Directions that the transport of colours projects on; enough that their order no longer shows.
PROJECTIONS = 24
# Size of what counts as local, in pixels.
LOCAL = 8.0


@dataclass(frozen=True)
class Guide:
    """One thing that a patch of the reference and a patch of the plate should have in common.

    source: float32 (Hs, Ws) or (Hs, Ws, C) in [0, 1], beside the reference. target: float32 (H, W) or
    (H, W, C), on the grid of the plate. weight: of each channel, relative to the style's own.
    """

    source: Floats
    target: Floats
    weight: float


def match_histogram(values: Floats, reference: Floats) -> Floats:
    """``values`` moved monotonically so that they are spread like ``reference``; any shapes, float32.

    Equal values stay equal: each is given the reference's quantile at the middle of its run.
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    quantiles = (np.cumsum(counts) - 0.5 * counts) / values.size
    ordered = np.sort(reference, axis=None)
    at = (np.arange(ordered.size) + 0.5) / ordered.size
    return np.interp(quantiles, at, ordered).astype(F32)[place].reshape(values.shape)


def to_lab(picture: Floats) -> Floats:
    """CIELAB of a display-encoded sRGB picture: float32 (H, W, 3), L in [0, 100], a and b about ±100."""
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(picture, F32), cv2.COLOR_RGB2LAB), F32)


def from_lab(lab: Floats) -> Floats:
    """The inverse of ``to_lab``: float32 (H, W, 3), clipped to [0, 1]."""
    return np.clip(cv2.cvtColor(np.ascontiguousarray(lab, F32), cv2.COLOR_LAB2RGB), 0, 1).astype(F32)


def transport_colours(lab: Floats, reference: Floats, seed: int = 0, samples: int = 20000) -> Floats:
    """``lab`` moved to the palette of ``reference``, both float32 (..., 3): sliced optimal transport.

    Pitié, Kokaram and Dahyot, "Automated colour grading using colour distribution transfer", CVIU 2007:
    histograms are matched along turned axes, again and again. Quantiles are taken from ``samples`` pixels.
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
    """Lightness of plate and style, lightly smoothed, the plate's spread like the style's.

    plate, style: float32 (H, W, 3) in [0, 1], display-encoded, of sizes of their own. sigma: in pixels. Both sides of
    the guide are float32 (H, W).

    boost: how much local contrast is raised before: a painter makes eyes and fingers out of less difference
    than a patch of paint is away from the next.
    """
    theirs = cv2.GaussianBlur(luminance(style), (0, 0), sigma)
    ours = cv2.GaussianBlur(luminance(plate), (0, 0), max(0.5, sigma / 2))
    ours = np.clip(ours + F32(boost) * (ours - cv2.GaussianBlur(ours, (0, 0), LOCAL)), 0, 1)
    return Guide(theirs, match_histogram(np.floor(ours * 1023 + 0.5).astype(F32), theirs), weight)


def hue(plate: Floats, style: Floats, sigma: float, weight: float, seed: int = 0) -> Guide:
    """Chroma of plate and style, the plate's moved into the style's palette: float32 (H, W, 2); see ``tone``."""
    theirs, ours = to_lab(style), to_lab(plate)
    moved = transport_colours(ours, theirs, seed)
    sides = [cv2.GaussianBlur(lab[..., 1:], (0, 0), sigma) / F32(200) + F32(0.5) for lab in (theirs, moved)]
    return Guide(np.clip(sides[0], 0, 1), np.clip(sides[1], 0, 1), weight)


def structure(plate: Floats, style: Floats, sigma: float, weight: float) -> Guide:
    """Direction and strength of edges: the smoothed lightness's gradient, each side to its own strength.

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
