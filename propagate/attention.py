"""Attention of a viewer: where a painter spends detail, and where broad strokes do.

Itti, Koch and Niebur, "A model of saliency-based visual attention for rapid scene analysis", PAMI 1998, reduced to its
centre and surround of fine contrast: an eye in a smooth face attracts attention, a blade in a meadow does not. Faces
are found by a cascade of local binary patterns (Ahonen, Hadid and Pietikäinen, PAMI 2006), which scikit-image trained
and ships.
"""

from functools import cache
from typing import Any

import cv2
import numpy as np

from propagate.arrays import F32, Bytes, Floats

# Sigmas in pixels: of fine contrast, of the centre, of its surround, and of the smoothed result.
_FINE, _COARSE, _CENTRE, _SURROUND, _SMOOTH = 1.0, 4.0, 4.0, 24.0, 3.0
# Attention to a detected face.
_FACE = 0.85
# Smallest face, as a share of the shorter side and in pixels.
_SMALLEST, _FEWEST = 0.08, 32


def attention(lightness: Floats, faces: Floats | None = None, scale: float = 1.0) -> Floats:
    """Return the attention that each pixel attracts: float32 (H, W) in [0, 1].

    lightness: float32 (H, W), CIELAB L, 0..100. faces: see ``face_map``. scale: factor on all lengths in pixels.
    """
    contrast = _blur(lightness, _FINE * scale) - _blur(lightness, _COARSE * scale)
    energy = contrast * contrast
    centre = np.sqrt(_blur(energy, _CENTRE * scale))
    surround = np.sqrt(_blur(energy, _SURROUND * scale))
    # A centre as strong as its surround gets little; noise of a level or two gets nothing.
    stands_out = np.clip(2.2 * (centre - 1) / (centre + surround + 2) - 0.5, 0, 1)
    result = _blur((stands_out * np.clip(centre / 6, 0, 1)).astype(F32), _SMOOTH * scale)
    return result if faces is None else np.maximum(result, F32(_FACE) * faces)


def face_map(picture: Bytes, scale: float = 1.0) -> Floats:
    """Return where frontal faces are: float32 (H, W), 1 inside each face, falling to 0 at its border.

    picture: uint8 (H, W, 3), display-encoded. scale: size of the picture over that of the shot; faces that would be
    found in the shot are found in a smaller picture too. A face that is not found gets no more detail than anything
    else.
    """
    height, width = picture.shape[:2]
    enlarge = min(1 / scale, _FEWEST / (_SMALLEST * min(height, width)))
    if enlarge > 1:  # the detector needs the smallest face to have a size in pixels
        sides = round(enlarge * width), round(enlarge * height)
        enlarged = face_map(np.asarray(cv2.resize(picture, sides, interpolation=cv2.INTER_CUBIC), np.uint8))
        return np.asarray(cv2.resize(enlarged, (width, height), interpolation=cv2.INTER_AREA), F32)
    result = np.zeros((height, width), F32)
    smallest = max(_FEWEST, round(_SMALLEST * min(height, width)))
    largest = int(0.9 * min(height, width))
    if smallest >= largest:
        return result
    found = _cascade().detect_multi_scale(
        img=picture, scale_factor=1.2, step_ratio=1, min_size=(smallest, smallest), max_size=(largest, largest)
    )
    rows, columns = np.mgrid[:height, :width].astype(F32)
    for box in found:
        across = (columns - box["c"] - box["width"] / 2) / (0.55 * box["width"])
        down = (rows - box["r"] - box["height"] / 2) / (0.65 * box["height"])
        result = np.maximum(result, np.clip(2 * (1 - np.hypot(across, down)), 0, 1))
    return result.astype(F32)


def _blur(values: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), F32)


@cache
def _cascade() -> Any:
    from skimage import data, feature  # slow to import

    return feature.Cascade(data.lbp_frontal_face_cascade_filename())
