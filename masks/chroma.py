"""Keys by the colour of a screen: the colour-difference key, after Petro Vlahos (US 3,595,987), and spill suppression.

How much the screen's own channel exceeds the larger of the other two is a measure of how much screen is seen, that hair
and motion blur share in proportion. It is the more exact the more evenly the screen is lit.
"""

from dataclasses import dataclass

import numpy as np

from masks.arrays import F32, Floats

GREEN, BLUE = 1, 2
# Of the screen's difference: what is below the first is no screen, above the second nothing but screen. Screens are
# uneven, and what stands before them reflects some of their colour.
CLEAR, SOLID = 0.12, 0.90
# The share of the largest differences that the screen's colour is judged by, and the least difference of a screen.
BRIGHTEST, FAINTEST = 0.2, 0.1


@dataclass(frozen=True)
class Keyed:
    """matte: float32 (H, W), 1 where no screen is seen. foreground: float32 (H, W, 3) in [0, 1], without the screen's
    colour."""

    matte: Floats
    foreground: Floats


def screen_colour(picture: Floats, channel: int) -> Floats | None:
    """The colour of a screen of GREEN or BLUE: float32 (3,), the median where that channel exceeds the others most.

    picture: float32 (H, W, 3) in [0, 1]. None if there is no such screen.
    """
    excess = _excess(picture, channel)
    bound = max(FAINTEST, float(np.quantile(excess, 1 - BRIGHTEST / 4)) * 0.7)
    chosen = picture[excess >= bound]
    return np.asarray(np.median(chosen, axis=0), F32) if len(chosen) >= 0.005 * excess.size else None


def chroma_key(picture: Floats, screen: Floats) -> Keyed:
    """Keys a picture against a screen of this colour.

    picture: float32 (H, W, 3) in [0, 1]. screen: float32 (3,), green or blue its largest channel. Raises ValueError
    for a screen that is neither.
    """
    channel = int(np.argmax(screen))
    depth = float(_excess(screen, channel))
    if channel not in (GREEN, BLUE) or depth < FAINTEST:
        raise ValueError(f"a screen must be green or blue by {FAINTEST:g} at least, not {np.round(screen, 3).tolist()}")
    seen = _excess(picture, channel) / F32(depth)
    matte = 1 - np.clip((seen - F32(CLEAR)) / F32(SOLID - CLEAR), 0, 1)
    return Keyed(np.asarray(matte, F32), _without(picture, screen, matte, channel))


def _without(picture: Floats, screen: Floats, matte: Floats, channel: int) -> Floats:
    """The foreground's colour: the screen's share taken out, and what its light leaves on the rest."""
    share = matte[..., None]
    own = np.where(share > 0.05, (picture - (1 - share) * screen) / np.maximum(share, F32(0.05)), picture)
    own = np.clip(own, 0, 1).astype(F32)
    others = np.maximum(*(own[..., other] for other in range(3) if other != channel))
    own[..., channel] = np.minimum(own[..., channel], others)
    return own


def _excess(colours: Floats, channel: int) -> Floats:
    others = np.maximum(*(colours[..., other] for other in range(3) if other != channel))
    return np.asarray(np.maximum(colours[..., channel] - others, 0), F32)
