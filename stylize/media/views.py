"""Views: display-referred pictures of frames in linear light, and the way back.

The engine works on a view. What a view cannot show is added back where the plate is visible, see
`stylize.delivery.scene_linear`.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from propagate.arrays import Floats, Pixels
from stylize.media import shaper
from stylize.media.images import SceneFrame, quantise
from stylize.media.images.transfer import encode_srgb, linear_light
from stylize.media.working_spaces import REC709, to_space


class View(Protocol):
    """A curve between linear light and display-encoded values. Its repr is part of cache keys."""

    def encode(self, light: Floats, space: str) -> Floats:
        """Encode RGB in a working space, float32 (H, W, 3): display-encoded, float32 in [0, 1]."""
        ...

    def decode(self, values: Pixels, space: str) -> Floats:
        """Return the light, in a working space, of display-encoded uint16 (H, W, 3): float32 (H, W, 3)."""
        ...


# The repr of views is part of cache keys: renaming a class or a field regenerates the shots that use them.
@dataclass(frozen=True)
class SrgbView:
    """The sRGB curve of Rec. 709 light from 0 to 1, for shots that stay in this range."""

    def encode(self, light: Floats, space: str) -> Floats:
        """See `View`."""
        return encode_srgb(np.clip(to_space(light, space, REC709), 0, 1))

    def decode(self, values: Pixels, space: str) -> Floats:
        """See `View`."""
        return to_space(linear_light("uint16")[values], REC709, space)


@dataclass(frozen=True)
class ShaperView:
    """The curve of `shaper` on Rec. 709 light. stops: exposure. white: exposed light that is encoded as 1."""

    stops: float
    white: float

    def encode(self, light: Floats, space: str) -> Floats:
        """See `View`."""
        return shaper.encode(to_space(light, space, REC709), self.stops, self.white)

    def decode(self, values: Pixels, space: str) -> Floats:
        """See `View`."""
        return to_space(shaper.decode(values, self.stops, self.white), REC709, space)

    def __str__(self) -> str:
        return f"exposure {self.stops:+g} stops, light up to {self.white * 2.0**-self.stops:g}"


def view_pixels(frame: SceneFrame, view: View) -> Pixels:
    """Return the display window of a frame in a view: RGB or RGBA, uint16 (H, W, 3 or 4), straight alpha."""
    pixels = frame.displayed()
    colour, alpha = straight(pixels)
    encoded = view.encode(colour, frame.space)
    return quantise(encoded if alpha is None else np.concatenate([encoded, alpha], axis=2), np.uint16)


def straight(pixels: Floats) -> tuple[Floats, Floats | None]:
    """Split premultiplied pixels (H, W, 3 or 4) into straight colour (H, W, 3) and alpha in [0, 1], (H, W, 1) or None.

    The colour is 0 where alpha is 0.
    """
    if pixels.shape[2] == 3:
        return pixels, None
    alpha = np.clip(pixels[..., 3:], 0, 1)
    colour = pixels[..., :3]
    return np.divide(colour, alpha, out=np.zeros_like(colour), where=alpha > 0), alpha
