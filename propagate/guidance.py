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
LOCAL_SIGMA = 8.0


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
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    quantiles = (np.cumsum(counts) - 0.5 * counts) / values.size
    ordered = np.sort(reference, axis=None)
    levels = (np.arange(ordered.size) + 0.5) / ordered.size
    return np.interp(quantiles, levels, ordered).astype(F32)[inverse].reshape(values.shape)


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
    rng = np.random.Generator(np.random.PCG64(seed))
    moved = lab.reshape(-1, 3).astype(F32)
    target = reference.reshape(-1, 3).astype(F32)
    target = target[rng.integers(0, len(target), samples)]
    subset = rng.integers(0, len(moved), samples)
    levels = np.linspace(0, 1, 129)
    for _ in range(PROJECTIONS):
        axes = np.linalg.qr(rng.standard_normal((3, 3)))[0].astype(F32)
        rotated, rotated_target = moved @ axes, target @ axes
        for k in range(3):
            quantiles = np.quantile(rotated[subset, k], levels)
            target_quantiles = np.quantile(rotated_target[:, k], levels)
            increasing = np.concatenate([[True], np.diff(quantiles) > 1e-4])
            rotated[:, k] = np.interp(rotated[:, k], quantiles[increasing], target_quantiles[increasing])
        moved = (rotated @ axes.T).astype(F32)
    return moved.reshape(lab.shape)


def tone(plate: Floats, style: Floats, sigma: float, weight: float, boost: float = 0.0) -> Guide:
    """Guide of lightness: plate and style lightly smoothed, the plate matched to the style's histogram.

    plate, style: float32 (H, W, 3) in [0, 1], display-encoded, of sizes of their own. sigma: in pixels. Both sides of
    the guide are float32 (H, W).

    boost: gain of the plate's local contrast before the match. A painter depicts eyes and fingers with smaller
    differences than those between neighbouring patches of paint.
    """
    style_luma = cv2.GaussianBlur(luminance(style), (0, 0), sigma)
    plate_luma = cv2.GaussianBlur(luminance(plate), (0, 0), max(0.5, sigma / 2))
    plate_luma = np.clip(
        plate_luma + F32(boost) * (plate_luma - cv2.GaussianBlur(plate_luma, (0, 0), LOCAL_SIGMA)), 0, 1
    )
    return Guide(style_luma, match_histogram(np.floor(plate_luma * 1023 + 0.5).astype(F32), style_luma), weight)


def hue(plate: Floats, style: Floats, sigma: float, weight: float, seed: int = 0) -> Guide:
    """Guide of chroma, the plate's transported into the style's palette: float32 (H, W, 2); see ``tone``."""
    style_lab, plate_lab = to_lab(style), to_lab(plate)
    moved = transport_colours(plate_lab, style_lab, seed)
    sides = [cv2.GaussianBlur(lab[..., 1:], (0, 0), sigma) / F32(200) + F32(0.5) for lab in (style_lab, moved)]
    return Guide(np.clip(sides[0], 0, 1), np.clip(sides[1], 0, 1), weight)


def structure(plate: Floats, style: Floats, sigma: float, weight: float) -> Guide:
    """Guide of edges: gradient of smoothed lightness, each side normalised by its own strength.

    Float32 (H, W, 2) in [0, 1], 0.5 for none; see ``tone``.
    """
    return Guide(_gradient(style, sigma), _gradient(plate, sigma), weight)


def _gradient(picture: Floats, sigma: float) -> Floats:
    grey = cv2.GaussianBlur(luminance(picture), (0, 0), sigma)
    dx = cv2.Scharr(grey, cv2.CV_32F, 1, 0, scale=1 / 32, borderType=cv2.BORDER_REPLICATE)
    dy = cv2.Scharr(grey, cv2.CV_32F, 0, 1, scale=1 / 32, borderType=cv2.BORDER_REPLICATE)
    scale = max(1e-3, float(np.quantile(np.hypot(dx, dy), 0.98)))
    field = np.stack([dx, dy], axis=-1) / F32(2 * scale)
    return np.clip(field + F32(0.5), 0, 1).astype(F32)
