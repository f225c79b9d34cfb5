"""Where the key, warped by flow, can be shown as it is."""

import cv2
import numpy as np

from propagate.arrays import F32, U8, Bools, Bytes, Floats
from propagate.bands import Band, in_bands
from propagate.box import ORIGIN, Corner
from propagate.flow import mismatch, sample_rows

# Mean absolute difference of the plates, 0..1: at or below the first the warp is trusted, at the second not.
CLOSE, APART = F32(0.025), F32(0.07)
# Where the plate has contrast, a sub-pixel slip of the flow already makes a difference; so much is forgiven.
FORGIVEN = F32(0.35)
# Change of area beyond which strokes of the key would be seen stretched or squeezed.
STRETCH = 3.0
# Rows around a pixel that its trust depends on: of the blur, the erosion and the median, one after the other.
HALO = 6 + 2 + 3


def trust(flow: Floats, valid: Bools, key_plate: Bytes, plate: Bytes, corner: Corner = ORIGIN) -> Floats:
    """How far the warped key may be shown at each pixel: float32 (H, W) in [0, 1], with soft borders.

    flow, valid: composed flow to the key, on the grid of ``plate``. Plates: uint8 (H, W, 3). corner: the place of the
    first pixel of ``plate`` in what the key's plate shows.
    """
    (left, top), certain = corner, np.empty(valid.shape, F32)

    def work(band: Band) -> None:
        warped = sample_rows(key_plate, flow[band.wide], top + band.top, left)
        certain[band.own] = _trust(flow[band.wide], valid[band.wide], warped, plate[band.wide])[band.inner]

    in_bands(work, valid.shape, HALO)
    return certain


def _trust(flow: Floats, valid: Bools, warped: Bytes, plate: Bytes) -> Floats:
    apart = mismatch(warped, plate)
    slack = FORGIVEN * contrast(plate)
    close = 1 - np.clip((apart - CLOSE - slack) / (APART - CLOSE), 0, 1)
    # Flow wavers where there is nothing to hold on to, so a pixel follows the majority around it.
    mostly = cv2.medianBlur(valid.view(U8), 7) > 0
    seen = mostly & (np.abs(np.log(stretch(flow))) < np.log(STRETCH))
    # Borders of what is valid are where occlusion begins, and where flow is least sure: step back from them.
    core = cv2.erode(seen.astype(F32), np.ones((5, 5)), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.GaussianBlur(close * core, (0, 0), 1.5) * close * core, F32)


def contrast(plate: Bytes) -> Floats:
    """Local mean absolute difference of a pixel and its right and lower neighbour: float32 (H, W), 0..1."""
    grey = cv2.cvtColor(plate, cv2.COLOR_RGB2GRAY).astype(F32) / F32(255)
    slope = np.abs(np.diff(grey, axis=1, append=grey[:, -1:])) + np.abs(np.diff(grey, axis=0, append=grey[-1:]))
    return np.asarray(cv2.boxFilter(slope / 2, -1, (5, 5), borderType=cv2.BORDER_REFLECT))


def stretch(flow: Floats) -> Floats:
    """Area in the key for each unit of area in the frame, above 0: float32 (H, W)."""
    dy = np.gradient(flow, axis=0) if flow.shape[0] > 1 else np.zeros_like(flow)
    dx = np.gradient(flow, axis=1) if flow.shape[1] > 1 else np.zeros_like(flow)
    area = (1 + dx[..., 0]) * (1 + dy[..., 1]) - dx[..., 1] * dy[..., 0]
    return np.asarray(np.maximum(np.abs(area), 1e-3), F32)
