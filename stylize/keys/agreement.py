"""Agreement of two neighbouring keys where they show the same content."""

from dataclasses import dataclass

import cv2
import numpy as np

from propagate.arrays import F32, Floats

# Min share of the picture with common content, required for a comparison.
MIN_COMMON = 0.02
# Weight of the structure term relative to the colour term.
STRUCTURE_WEIGHT = 0.1
# Keys with a higher disagreement are outliers. Differences of about a tenth of the range are visible as flicker.
MAX_DISAGREEMENT = 0.1
# Standard deviation in pixels of the blur before gradients, so that grain and brush texture may differ.
GRAIN_BLUR = 1.5


@dataclass(frozen=True)
class Agreement:
    """Agreement of two keys.

    colour: mean absolute difference, 0..1. structure: correlation of gradients, -1..1. common: share of the picture
    with common content, 0..1.
    """

    colour: float
    structure: float
    common: float

    @property
    def disagreement(self) -> float:
        """Score for comparing keys, 0 or more; lower is better."""
        return self.colour + STRUCTURE_WEIGHT * (1 - self.structure)

    @property
    def outlier(self) -> bool:
        """True if the disagreement is above MAX_DISAGREEMENT, so that the key needs repair."""
        return self.disagreement > MAX_DISAGREEMENT

    def __str__(self) -> str:
        return f"colour {self.colour:.3f}, structure {self.structure:.2f}, over {self.common:.0%} of the picture"


def agreement(key: Floats, warped: Floats, confidence: Floats) -> Agreement | None:
    """Return the agreement of a key with another one that was warped to its frame.

    Returns None if the common content is below MIN_COMMON. key, warped: RGB, float32 (H, W, 3) in [0, 1]. confidence:
    float32 (H, W) in [0, 1], confidence that both show the same content at a pixel.
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
    # Not cv2.magnitude, whose last bit depends on the memory address of the result.
    return np.asarray(np.sqrt(x * x + y * y), F32)


def _correlation(one: Floats, other: Floats, weight: np.ndarray) -> float:
    total = weight.sum()
    one, other = (values - (weight * values).sum() / total for values in (one, other))
    spread = float(np.sqrt((weight * one**2).sum() * (weight * other**2).sum()))
    # Keys without structure agree in structure.
    return 1.0 if spread < 1e-9 else float((weight * one * other).sum()) / spread
