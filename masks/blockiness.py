"""Visibility of a codec's blocks (after Wang, Bovik and Evans, "Blind measurement of blocking artifacts in images",
ICIP 2000): differences across every eighth line against those across the others."""

import numpy as np

from masks.arrays import Floats

# Side of a block in pixels, and the highest ratio found in uncompressed pictures.
BLOCK_SIZE, UNCOMPRESSED_RATIO = 8, 1.08


def blockiness(picture: Floats) -> float:
    """Strength of blocking: 0 for none, about 0.1 for JPEG quality 75 and 0.5 for 30. picture: float32 (H, W, 3)."""
    grey = picture.mean(axis=-1)
    return max(0.0, min(_edge_ratio(grey), _edge_ratio(grey.T)) - UNCOMPRESSED_RATIO)


def _edge_ratio(grey: Floats) -> float:
    """Ratio of the differences across the strongest set of lines, at any crop offset, to those across the others."""
    if grey.shape[0] <= 2 * BLOCK_SIZE:
        return 0.0
    steps = np.abs(np.diff(grey, axis=0)).mean(axis=1)
    phases = sorted(float(steps[offset::BLOCK_SIZE].mean()) for offset in range(BLOCK_SIZE))
    others = sum(phases[:-1]) / (BLOCK_SIZE - 1)
    return phases[-1] / others if others > 0 else 0.0
