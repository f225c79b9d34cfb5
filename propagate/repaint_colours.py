"""Colours of a painted picture, brought to those that it should have while its brush marks stay.

Patches of a reference bring their own colours along. A key consists of three parts, pixel by pixel: the target colours
without fine detail, so that contours are those of the plate; a limited part of how the broad colours of the patches
differ from them; and the brush marks, which are what a patch shows beyond its broad colours. Where a viewer looks, the
key also follows the plate's fine detail.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from propagate.arrays import F32, Bools, Floats
from propagate.palette import ColourMap

# Sigma in pixels of a brush mark. Its contrast is brought up to the reference's, by this factor at most: the search
# flattens marks, as it prefers patches that agree. Differences far above the amplitude are edges, and stay.
_MARK, _MAX_GAIN, _AMPLITUDE = 2.5, 3.0, 14.0
# Contrast of marks relative to the reference's, above 1 because dark areas and those that attract a viewer get less.
_CONTRAST = 1.8
# Share of the gain of lightness that chroma gets.
_CHROMA_GAIN = 0.35
# Sigmas in pixels whose difference of lightness shows a strong edge of the reference, from the first of the limits on
# and in full from the second; and the sigma of broad colours there.
_NEAR, _FAR, _EDGE, _STRONG_EDGE, _AT_EDGE = 2.0, 10.0, 4.0, 12.0, 0.8
# Difference in CIELAB of the plate's fine detail, and the sigma in pixels of the filter that removes it.
_DETAIL, _DETAIL_SIGMA = 8.0, 3.0
# Sigma in pixels and share of the broad correction of lightness; that of chroma is whole.
_BROAD, _LIGHTNESS = 8.0, 0.5
# Deviation in lightness and chroma from the target colour that patches may keep, in CIELAB.
_LIGHTNESS_RANGE, _CHROMA_RANGE = 14.0, 10.0
# Sigma in pixels of the correction where a viewer looks, and its share at full attention.
_FINE, _ATTENTION = 1.5, 0.75
# Smoothed lightness below which marks get fainter, its sigma in pixels, and the min share of the marks' contrast: calm
# dark areas stay calm.
_DARK, _DARK_SIGMA, _FAINTEST = 25.0, 4.0, 0.3


@dataclass(frozen=True)
class Paints:
    """Paints to finish with.

    reference: float32 (Hs, Ws, 3), the reference in CIELAB. broad: its broad colours; see ``broad_colours``. paints:
    map to its colours. share: 0..1, how far colours follow the map. counted: bool (Hs, Ws), pixels of the reference
    whose marks count, None for all.
    """

    reference: Floats
    broad: Floats
    paints: ColourMap
    share: float
    counted: Bools | None = None


def broad_colours(reference: Floats, scale: float = 1.0) -> Floats:
    """Return the colours of a reference without its brush marks: float32 (H, W, 3), CIELAB, as is ``reference``.

    They follow strong edges. Smoothed across an edge, they would make the paint next to it look like a bright mark,
    which would be a halo in a calm place of the key. scale: factor on all lengths in pixels.
    """
    lightness = reference[..., 0]
    step = np.abs(_blur(lightness, _NEAR * scale) - _blur(lightness, _FAR * scale))
    edge = np.clip((step - _EDGE) / (_STRONG_EDGE - _EDGE), 0, 1)[..., None].astype(F32)
    smooth = _blur(reference, _MARK * scale)
    return np.asarray(smooth + edge * (_blur(reference, _AT_EDGE * scale) - smooth), F32)


def repaint_colours(
    painted: Floats, broad: Floats, wanted: Floats, attention: Floats, paints: Paints, scale: float = 1.0
) -> Floats:
    """Return the painting in the target colours: float32 (H, W, 3), CIELAB, as are the pictures.

    painted: patches of the reference. broad: their broad colours, ``paints.broad`` at the positions of the patches.
    wanted: colours that the painting should have. attention: float32 (H, W); see ``attention.attention``. scale: factor
    on all lengths in pixels.
    """
    dim = np.clip(_blur(wanted[..., 0], _DARK_SIGMA * scale) / _DARK, _FAINTEST, 1)[..., None].astype(F32)
    closeness = (_ATTENTION * attention)[..., None].astype(F32)
    flat = _without_detail(wanted, _DETAIL_SIGMA * scale)
    deviation = broad - flat
    allowed = [
        _shorten(deviation[..., :1], _LIGHTNESS_RANGE * dim),
        _shorten(deviation[..., 1:], _CHROMA_RANGE * dim),
    ]
    marks = painted - broad
    result = flat + (1 - closeness) * np.concatenate(allowed, axis=-1)
    result += dim * _amplified_marks(marks, _contrast(_without_broad(flat + marks, _MARK * scale)), paints)
    result += _blur(flat - result, _BROAD * scale) * np.array([_LIGHTNESS, 1, 1], F32)
    result += closeness * _blur(wanted - result, _FINE * scale)
    result += paints.share * (1 - closeness) * (paints.paints.apply(result) - result)
    return np.asarray(result, F32)


def _without_detail(wanted: Floats, sigma: float) -> Floats:
    """Remove fine detail and keep contours: two bilateral filters (Tomasi and Manduchi, ICCV 1998)."""
    once = cv2.bilateralFilter(wanted, -1, _DETAIL, sigma)
    return np.asarray(cv2.bilateralFilter(once, -1, _DETAIL, sigma), F32)


def _amplified_marks(marks: Floats, visible: float, paints: Paints) -> Floats:
    """Bring the contrast of brush marks up to the reference's. visible: contrast of marks and contours together."""
    theirs = paints.reference - paints.broad
    if paints.counted is not None:
        theirs = theirs[paints.counted]
    contrast = _CONTRAST * _contrast(theirs) / max(1e-3, visible)
    gain = min(max(1.0, contrast), _MAX_GAIN)
    gained = [_gain(marks[..., :1], gain), _gain(marks[..., 1:], 1 + _CHROMA_GAIN * (gain - 1))]
    return np.asarray(np.concatenate(gained, axis=-1), F32)


def _contrast(marks: Floats) -> float:
    """Return the median difference of lightness within marks; the mean would be one of edges."""
    return float(np.median(np.abs(marks[..., 0])))


def _gain(marks: Floats, gain: float) -> Floats:
    length = np.sqrt((marks * marks).sum(axis=-1, keepdims=True))
    return np.asarray(marks * (1 + (gain - 1) * np.exp(-((length / _AMPLITUDE) ** 2))), F32)


def _shorten(vectors: Floats, longest: Floats) -> Floats:
    """Scale vectors that are longer than ``longest`` down to it."""
    length = np.sqrt((vectors * vectors).sum(axis=-1, keepdims=True))
    return np.asarray(vectors * (longest / np.maximum(length, longest)), F32)


def _without_broad(picture: Floats, sigma: float) -> Floats:
    return np.asarray(picture - _blur(picture, sigma), F32)


def _blur(values: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), F32)
