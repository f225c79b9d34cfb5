"""Per-pixel confidence that the key, warped by flow, shows what the frame should show."""

import cv2
import numpy as np

from propagate.arrays import F32, U8, Bools, Bytes, Floats
from propagate.bands import Band, for_each_band
from propagate.box import ORIGIN, Corner
from propagate.flow import photometric_error, warp_rows

# Photometric error of the warped plate, 0..1: full confidence up to the first, none from the second on.
FULL_CONFIDENCE_ERROR, ZERO_CONFIDENCE_ERROR = F32(0.025), F32(0.07)
# Error tolerated per unit of local contrast, because even a sub-pixel error of the flow shows in areas of high
# contrast.
CONTRAST_TOLERANCE = F32(0.35)
# Change of area beyond which brush strokes of the key look stretched or squeezed.
MAX_STRETCH = 3.0
# Rows around a pixel that affect its confidence, through the blur, the erosion and the median.
HALO = 6 + 2 + 3


def warp_confidence(flow: Floats, valid: Bools, key_plate: Bytes, plate: Bytes, corner: Corner = ORIGIN) -> Floats:
    """Confidence in the warped key: float32 (H, W) in [0, 1], with soft borders.

    flow, valid: composed flow to the key, on the grid of ``plate``. Plates: uint8 (H, W, 3). corner: position of
    ``plate`` in the key's plate.
    """
    (left, top), confidence = corner, np.empty(valid.shape, F32)

    def work(band: Band) -> None:
        warped = warp_rows(key_plate, flow[band.with_halo], top + band.halo_start, left)
        confidence[band.rows] = _band_confidence(
            flow[band.with_halo], valid[band.with_halo], warped, plate[band.with_halo]
        )[band.interior]

    for_each_band(work, valid.shape, HALO)
    return confidence


def _band_confidence(flow: Floats, valid: Bools, warped: Bytes, plate: Bytes) -> Floats:
    error = photometric_error(warped, plate)
    tolerance = CONTRAST_TOLERANCE * contrast(plate)
    agreement = 1 - np.clip(
        (error - FULL_CONFIDENCE_ERROR - tolerance) / (ZERO_CONFIDENCE_ERROR - FULL_CONFIDENCE_ERROR), 0, 1
    )
    # Flow is noisy where the plate has no texture: a pixel follows the majority around it.
    majority = cv2.medianBlur(valid.view(U8), 7) > 0
    reliable = majority & (np.abs(np.log(stretch(flow))) < np.log(MAX_STRETCH))
    # Valid flow ends where occlusion begins, and is least reliable there, so a margin is left out.
    core = cv2.erode(reliable.astype(F32), np.ones((5, 5)), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.GaussianBlur(agreement * core, (0, 0), 1.5) * agreement * core, F32)


def contrast(plate: Bytes) -> Floats:
    """Local mean absolute difference of a pixel to its right and lower neighbour: float32 (H, W), 0..1."""
    grey = cv2.cvtColor(plate, cv2.COLOR_RGB2GRAY).astype(F32) / F32(255)
    slope = np.abs(np.diff(grey, axis=1, append=grey[:, -1:])) + np.abs(np.diff(grey, axis=0, append=grey[-1:]))
    return np.asarray(cv2.boxFilter(slope / 2, -1, (5, 5), borderType=cv2.BORDER_REFLECT))


def stretch(flow: Floats) -> Floats:
    """Area in the key per unit of area in the frame: float32 (H, W), above 0.

    This is the absolute Jacobian determinant of the warp.
    """
    dy = np.gradient(flow, axis=0) if flow.shape[0] > 1 else np.zeros_like(flow)
    dx = np.gradient(flow, axis=1) if flow.shape[1] > 1 else np.zeros_like(flow)
    determinant = (1 + dx[..., 0]) * (1 + dy[..., 1]) - dx[..., 1] * dy[..., 0]
    return np.asarray(np.maximum(np.abs(determinant), 1e-3), F32)
