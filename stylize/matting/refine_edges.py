"""``--refine``: the border of mattes that were made, worked out anew from the plates' colours."""

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

from masks.closed_form import closed_form
from masks.trimap import trimap
from propagate.arrays import F32, Floats, Pixels
from stylize.errors import MatteError
from stylize.media.images import to_float

# Makes a frame's matte better: its plate, and the matte.
Refine = Callable[[Pixels, Floats], Floats]


def open_refiner(width: int) -> tuple[Refine, list[int]]:
    """What refines mattes in a band of so many pixels on both sides of their border, and what it depends on; with 0,
    nothing. Raises MatteError when its library is missing."""
    if width == 0:
        return lambda plate, matte: matte, []
    if find_spec("pymatting") is None:
        raise MatteError("--refine needs pymatting; install it with: pip install '.[matting]'")

    def refine(plate: Pixels, matte: Floats) -> Floats:
        regions = trimap(matte, width)
        # A matte without any certain inside, or outside, is all that is known.
        if not ((regions == 1).any() and (regions == 0).any()):
            return matte
        return closed_form(to_float(np.ascontiguousarray(plate[..., :3])), regions, matte).astype(F32)

    return refine, [width]
