"""How well two neighbouring keys agree where both show the same thing."""

from dataclasses import dataclass

import cv2
import numpy as np

from propagate.arrays import F32, Floats

# Share of the picture that has to be common to two keys before anything is said of them.
MIN_COMMON = 0.02
# What a lack of common structure counts beside a difference of colour.
STRUCTURE_WEIGHT = 0.1
# A key that is worse is an outlier: differences of about a tenth of the range are seen as flicker.
MAX_DISAGREEMENT = 0.1
# Blur before slopes are taken, in pixels: paint differs in its grain, and may.
GRAIN_BLUR = 1.5


@dataclass(frozen=True)
class Agreement:
    """colour: mean absolute difference, 0..1. structure: correlation of slopes, -1..1. common: share, 0..1."""

    colour: float
    structure: float
    common: float

    @property
    def disagreement(self) -> float:
        """One number, 0 and up, to compare keys by; lower is better."""
        return self.colour + STRUCTURE_WEIGHT * (1 - self.structure)

    @property
    def outlier(self) -> bool:
        """Whether an artist would have to repair it."""
        return self.disagreement > MAX_DISAGREEMENT

    def __str__(self) -> str:
        return f"colour {self.colour:.3f}, structure {self.structure:.2f}, over {self.common:.0%} of the picture"


def agreement(key: Floats, warped: Floats, confidence: Floats) -> Agreement | None:
    """How well a key agrees with another one that was carried onto its frame by flow.

    Pictures float32 (H, W, 3) in [0, 1]; trusted (H, W) in [0, 1], where they show the same thing. None where that is
    next to nothing.
    """
    weight = confidence.astype(np.float64)
    total = float(weight.sum())
    if total < MIN_COMMON * confidence.size:
        return None
    colour = float((weight * np.abs(key - warped).mean(axis=2)).sum() / total)
    gradients = [_gradients(picture) for picture in (key, warped)]
    return Agreement(colour, _correlation(gradients[0], gradients[1], weight), total / confidence.size)


def _gradients(picture: Floats) -> Floats:
    grey = cv2.GaussianBlur(cv2.cvtColor(picture.astype(F32), cv2.COLOR_RGB2GRAY), (0, 0), GRAIN_BLUR)
    x, y = (cv2.Sobel(grey, cv2.CV_32F, *axis, ksize=3) for axis in ((1, 0), (0, 1)))
    # Not cv2.magnitude, whose last bit depends on where in memory the result happens to lie.
    return np.asarray(np.sqrt(x * x + y * y), F32)


def _correlation(one: Floats, other: Floats, weight: np.ndarray) -> float:
    total = weight.sum()
    one, other = (values - (weight * values).sum() / total for values in (one, other))
    spread = float(np.sqrt((weight * one**2).sum() * (weight * other**2).sum()))
    # Two keys without any structure agree in that.
    return 1.0 if spread < 1e-9 else float((weight * one * other).sum()) / spread
