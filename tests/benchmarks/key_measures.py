"""Measures of a painted key against its plate and its reference: colour, tone, drawing and brushwork.

Pictures are RGB, float32 (H, W, 3) in [0, 1], display-encoded; a key has the size of its plate.
"""

import cv2
import numpy as np

# Share of a picture's height that is the sigma of broad colours.
BROAD = 0.015
# Chroma in CIELAB from which a colour has a hue, in the plate and in the key.
COLOURED, STILL_COLOURED = 12, 6
CLUSTERS, PATCH, PATCHES, DIRECTIONS = 64, 5, 20_000, 128


def measures(plate, key, reference):
    """Measure a key.

    hue, hue90: median and 90th percentile of the angle between the hues of plate and key, in degrees, of broad colours
    that have a hue in both. palette: mean distance of the key's colours to the nearest of the reference's clusters,
    relative to the plate's: 1 keeps the plate's colours, 0 uses the reference's only. rank: Spearman correlation of
    broad lightness. edges: correlation of edge strength, sigma 1. texture: sliced Wasserstein distance of patches less
    their mean colour from key to reference, relative to that from plate to reference: 1 has the plate's texture, 0 the
    reference's brushwork.
    """
    from scipy.stats import spearmanr  # takes a second to import, which every test run would pay

    reference = fitted(reference, plate)
    off = hue_errors(plate, key)
    lightness = [broad(picture)[::4, ::4, 0].ravel() for picture in (plate, key)]
    centres = clusters(reference)
    wanted = patches(reference)
    return {
        "hue": float(np.median(off)) if off.size else 0.0,
        "hue90": float(np.quantile(off, 0.9)) if off.size else 0.0,
        "palette": from_clusters(key, centres) / max(from_clusters(plate, centres), 1e-3),
        "rank": float(spearmanr(*lightness)[0]),
        "edges": edge_correlation(plate, key),
        "texture": patch_distance(patches(key), wanted) / patch_distance(patches(plate), wanted),
    }


def fitted(reference, plate):
    """Scale a reference down to the longer side of a plate, never up, as the renderer does."""
    by = max(plate.shape[:2]) / max(reference.shape[:2])
    if by >= 1:
        return reference
    return cv2.resize(reference, None, fx=by, fy=by, interpolation=cv2.INTER_AREA)


def lab(picture):
    return cv2.cvtColor(np.ascontiguousarray(picture, np.float32), cv2.COLOR_RGB2LAB)


def broad(picture):
    """Return the broad colours in CIELAB, without brush marks."""
    return cv2.GaussianBlur(lab(picture), (0, 0), BROAD * picture.shape[0])


def hue_errors(plate, key, where=None):
    """Return the angles between the hues of broad colours, in degrees, where both have one: (N,)."""
    ours, theirs = broad(plate), broad(key)
    turned = np.arctan2(theirs[..., 2], theirs[..., 1]) - np.arctan2(ours[..., 2], ours[..., 1])
    coloured = np.hypot(ours[..., 1], ours[..., 2]) > COLOURED
    coloured &= np.hypot(theirs[..., 1], theirs[..., 2]) > STILL_COLOURED
    coloured = coloured if where is None else coloured & where
    return np.abs((np.degrees(turned) + 180) % 360 - 180)[coloured]


def clusters(reference):
    """Return clusters of the reference's colours in CIELAB: (CLUSTERS, 3)."""
    cv2.setRNGSeed(7)
    colours = np.ascontiguousarray(lab(reference).reshape(-1, 3)[::7])
    return cv2.kmeans(colours, CLUSTERS, None, (3, 30, 0.1), 2, cv2.KMEANS_PP_CENTERS)[2]


def from_clusters(picture, centres):
    """Return the mean distance of a picture's colours to the nearest cluster."""
    pixels = lab(cv2.GaussianBlur(picture, (0, 0), 1)).reshape(-1, 3)[::5]
    return float(np.sqrt(((pixels[:, None] - centres[None]) ** 2).sum(axis=2).min(axis=1)).mean())


def edge_correlation(plate, key):
    """Return the correlation of smoothed edge strength."""
    return float(np.corrcoef(_edges(plate).ravel(), _edges(key).ravel())[0, 1])


def _edges(picture):
    grey = cv2.cvtColor(np.ascontiguousarray(picture, np.float32), cv2.COLOR_RGB2GRAY)
    grey = cv2.GaussianBlur(grey, (0, 0), 1)
    strength = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    return cv2.GaussianBlur(strength, (0, 0), 1)


def patches(picture, count=PATCHES):
    """Return random patches less their mean colour: (count, PATCH * PATCH * 3)."""
    draw, span = np.random.default_rng(0), PATCH
    rows = draw.integers(0, picture.shape[0] - span, count)
    columns = draw.integers(0, picture.shape[1] - span, count)
    found = np.stack([picture[rows + i, columns + j] for i in range(span) for j in range(span)], axis=1)
    return (found - found.mean(axis=1, keepdims=True)).reshape(count, -1)


def patch_distance(ours, theirs):
    """Return the sliced Wasserstein distance of two lists of patches."""
    axes = np.random.default_rng(1).standard_normal((ours.shape[1], DIRECTIONS))
    axes /= np.linalg.norm(axes, axis=0)
    return float(np.abs(np.sort(ours @ axes, axis=0) - np.sort(theirs @ axes, axis=0)).mean())
