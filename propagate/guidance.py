"""Guides between a plate in the colours that it is to be painted in, and a painted reference: tone, chroma, structure.

A patch of the reference matches the plate well if its lightness, its chroma and its edges are those of the plate.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from propagate.arrays import F32, Floats
from propagate.features import luminance

# Default sigma of local contrast, in pixels.
LOCAL_SIGMA = 8.0
# Deviation of lightness, 1 for white, from which it is an edge; sigma of boosted detail relative to the guide's.
_STRONG_EDGE, _DETAIL_SIGMA = 0.08, 0.4


@dataclass(frozen=True)
class Guide:
    """One property that a patch of the reference and a patch of the plate should share.

    source: float32 (Hs, Ws) or (Hs, Ws, C) in [0, 1], on the grid of the reference. target: float32 (H, W) or
    (H, W, C), on the grid of the plate. weight: weight of each channel, relative to the style's own weight.
    """

    source: Floats
    target: Floats
    weight: float


def tone(
    wanted: Floats, reference: Floats, sigma: float, weight: float, boost: float = 0.0, local_sigma: float = LOCAL_SIGMA
) -> Guide:
    """Guide of lightness: float32 (H, W), both sides smoothed.

    wanted, reference: CIELAB L, 0..100, each of its own size. sigma: of both sides, in pixels. boost: gain of the
    plate's local contrast. A painter depicts eyes and fingers with smaller differences than those between neighbouring
    patches of paint. Strong edges are not boosted, since that would put halos around them. local_sigma: sigma of local
    contrast, in pixels.
    """
    target = wanted / F32(100)
    detail = _blur(target - _between_edges(target, local_sigma), sigma * _DETAIL_SIGMA)
    boosted = np.clip(_blur(target, sigma) + F32(boost) * detail, 0, 1)
    return Guide(_blur(reference / F32(100), sigma), boosted, weight)


def chroma(wanted: Floats, reference: Floats, sigma: float, weight: float) -> Guide:
    """Guide of chroma: float32 (H, W, 2), smoothed like ``tone``; both pictures in CIELAB, (H, W, 3)."""
    sides = [
        np.clip(_blur(lab[..., 1:], s) / F32(200) + F32(0.5), 0, 1)
        for lab, s in ((reference, sigma), (wanted, sigma / 2))
    ]
    return Guide(sides[0], sides[1], weight)


def structure(plate: Floats, style: Floats, sigma: float, weight: float) -> Guide:
    """Guide of edges: gradient of smoothed lightness, each side normalised by its own strength.

    Float32 (H, W, 2) in [0, 1], 0.5 for none. plate, style: float32 (H, W, 3) in [0, 1], display-encoded, each of its
    own size. sigma: in pixels.
    """
    return Guide(_gradient(style, sigma), _gradient(plate, sigma), weight)


def _gradient(picture: Floats, sigma: float) -> Floats:
    grey = _blur(luminance(picture), sigma)
    dx = cv2.Scharr(grey, cv2.CV_32F, 1, 0, scale=1 / 32, borderType=cv2.BORDER_REPLICATE)
    dy = cv2.Scharr(grey, cv2.CV_32F, 0, 1, scale=1 / 32, borderType=cv2.BORDER_REPLICATE)
    scale = max(1e-3, float(np.quantile(np.hypot(dx, dy), 0.98)))
    field = np.stack([dx, dy], axis=-1) / F32(2 * scale)
    return np.clip(field + F32(0.5), 0, 1).astype(F32)


def _between_edges(values: Floats, sigma: float) -> Floats:
    """Smooth values, float32 (H, W), except across strong edges, by the guided filter (He, Sun and Tang, ECCV 2010)."""
    side = 2 * round(sigma) + 1

    def mean(plane: Floats) -> Floats:
        return np.asarray(cv2.blur(plane, (side, side)), F32)

    middle = mean(values)
    variance = np.maximum(mean(values * values) - middle * middle, 0)
    kept = np.asarray(variance / (variance + F32(_STRONG_EDGE**2)), F32)
    return np.asarray(mean(kept) * values + mean((1 - kept) * middle), F32)


def _blur(values: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), F32)
