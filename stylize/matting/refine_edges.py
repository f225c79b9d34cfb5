"""``--refine``: alpha matting along the border of generated mattes, from the colours of the plates."""

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

from masks.closed_form import closed_form
from masks.trimap import trimap
from propagate.arrays import F32, Floats, Pixels
from stylize.errors import MatteError
from stylize.media.images import to_float

# Refines a matte. Arguments: the plate and the matte of a frame.
Refine = Callable[[Pixels, Floats], Floats]


def open_refiner(width: int) -> tuple[Refine, list[int]]:
    """Return a function that refines mattes in a band around their border, and its cache inputs.

    width: width of the band, in pixels on each side; 0 leaves mattes unchanged. Raises MatteError if the library is
    missing.
    """
    if width == 0:
        return lambda plate, matte: matte, []
    if find_spec("pymatting") is None:
        raise MatteError(
            "--refine needs pymatting, which is not installed; run pip install '.[matting]' in the source "
            "folder of stylize"
        )

    def refine(plate: Pixels, matte: Floats) -> Floats:
        regions = trimap(matte, width)
        # Alpha matting requires pixels that are definitely inside and definitely outside.
        if not ((regions == 1).any() and (regions == 0).any()):
            return matte
        return closed_form(to_float(np.ascontiguousarray(plate[..., :3])), regions, matte).astype(F32)

    return refine, [width]
