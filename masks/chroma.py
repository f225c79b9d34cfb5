"""Chroma keying: the colour-difference key, after Petro Vlahos (US 3,595,987), and spill suppression.

The excess of the screen's channel over the larger of the other two measures how much of the screen is visible, in
proportion even in hair and motion blur. The more evenly the screen is lit, the more accurate the key.
"""

from dataclasses import dataclass

import numpy as np

from masks.arrays import F32, Floats

GREEN, BLUE = 1, 2
# Fractions of the screen's own excess: no screen below the first, only screen above the second. Screens are uneven, and
# subjects reflect some of their colour.
CLIP_WHITE, CLIP_BLACK = 0.12, 0.90
# Fraction of the picture with the largest excess, which sets the threshold of a screen; smallest excess of a screen.
SCREEN_FRACTION, MIN_EXCESS = 0.2, 0.1


@dataclass(frozen=True)
class Keyed:
    """A keyed picture. matte: float32 (H, W) in [0, 1], 1 where no screen is visible. foreground: float32 (H, W, 3) in
    [0, 1], without screen and spill."""

    matte: Floats
    foreground: Floats


def screen_colour(picture: Floats, channel: int) -> Floats | None:
    """Colour of a GREEN or BLUE screen: float32 (3,), or None if the picture shows no such screen.

    picture: float32 (H, W, 3) in [0, 1]. The colour is the median of the pixels where that channel exceeds the others
    most.
    """
    excess = _excess(picture, channel)
    threshold = max(MIN_EXCESS, float(np.quantile(excess, 1 - SCREEN_FRACTION / 4)) * 0.7)
    samples = picture[excess >= threshold]
    return np.asarray(np.median(samples, axis=0), F32) if len(samples) >= 0.005 * excess.size else None


def chroma_key(picture: Floats, screen: Floats) -> Keyed:
    """Key a picture against a screen of this colour.

    picture: float32 (H, W, 3) in [0, 1]. screen: float32 (3,), with green or blue as its largest channel. Raises
    ValueError for any other screen.
    """
    channel = int(np.argmax(screen))
    screen_excess = float(_excess(screen, channel))
    if channel not in (GREEN, BLUE) or screen_excess < MIN_EXCESS:
        raise ValueError(
            f"the green or blue of a screen must lead by {MIN_EXCESS:g} or more, not {np.round(screen, 3).tolist()}"
        )
    screen_coverage = _excess(picture, channel) / F32(screen_excess)
    matte = 1 - np.clip((screen_coverage - F32(CLIP_WHITE)) / F32(CLIP_BLACK - CLIP_WHITE), 0, 1)
    return Keyed(np.asarray(matte, F32), _despilled(picture, screen, matte, channel))


def _despilled(picture: Floats, screen: Floats, matte: Floats, channel: int) -> Floats:
    """Foreground colour, float32 (H, W, 3) in [0, 1]: unmixed from the screen by the matte, and with spill removed."""
    alpha = matte[..., None]
    colour = np.where(alpha > 0.05, (picture - (1 - alpha) * screen) / np.maximum(alpha, F32(0.05)), picture)
    colour = np.clip(colour, 0, 1).astype(F32)
    others = np.maximum(*(colour[..., other] for other in range(3) if other != channel))
    colour[..., channel] = np.minimum(colour[..., channel], others)
    return colour


def _excess(colours: Floats, channel: int) -> Floats:
    """Excess of a channel over the larger of the other two: float32 (...), 0 or more."""
    others = np.maximum(*(colours[..., other] for other in range(3) if other != channel))
    return np.asarray(np.maximum(colours[..., channel] - others, 0), F32)
