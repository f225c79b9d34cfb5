"""Detection of pictures damaged by numeric overflow, and repainting in single precision."""

from collections.abc import Callable

import numpy as np

from propagate.arrays import Floats
from stylize.errors import RendererError
from stylize.renderers.diffusion.painting import Painted
from stylize.renderers.diffusion.parts import FULL, Parts


def describe(picture: Floats, plate: Floats) -> str | None:
    """Describe the result of a numeric overflow: NaN or an all-black picture; None for a valid picture."""
    if not np.isfinite(picture).all():
        return "as NaN"
    return "all black" if not picture.any() and plate.any() else None


def finite(paint: Callable[[], Painted], plate: Floats, frame: int, parts: Parts, notes: list[str]) -> Painted:
    """Return the result of ``paint``; after an overflow, repaint in single precision and add a note.

    Raises RendererError when single precision overflows too.
    """
    made = paint()
    failed = describe(made[0], plate)
    if failed is None:
        return made
    precision = parts.device[1]
    if precision == FULL:
        raise RendererError(f"keyframe {frame} came out {failed}; try a lower --cfg, another --seed, --vae or model")
    notes.append(f"it came out {failed} in {precision} and was repainted in {FULL}")
    try:
        parts.cast(FULL)
        made = paint()
    finally:
        parts.cast(precision)
    failed = describe(made[0], plate)
    if failed is not None:
        raise RendererError(
            f"keyframe {frame} came out {failed}, in {FULL} too; try a lower --cfg, another --seed or model"
        )
    return made
