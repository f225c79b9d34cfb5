"""Pictures that are none, since numbers ran over: told from others, and painted again in single precision."""

from collections.abc import Callable

import numpy as np

from propagate.arrays import Floats
from stylize.errors import RendererError
from stylize.renderers.diffusion.painting import Painted
from stylize.renderers.diffusion.parts import FULL, Parts


def describe(picture: Floats, plate: Floats) -> str | None:
    """What a model makes when its numbers run over, in words: no picture, or a black one; None for a picture."""
    if not np.isfinite(picture).all():
        return "as no numbers (NaN)"
    return "all black" if not picture.any() and plate.any() else None


def finite(paint: Callable[[], Painted], plate: Floats, frame: int, parts: Parts, notes: list[str]) -> Painted:
    """What ``paint`` paints of a plate; once more in single precision when numbers ran over in half, which is noted.

    Raises RendererError when they run over in that too.
    """
    made = paint()
    failed = describe(made[0], plate)
    if failed is None:
        return made
    precision = parts.device[1]
    if precision == FULL:
        raise RendererError(f"keyframe {frame} came out {failed}; try a lower --cfg, another --seed, --vae or model")
    notes.append(f"it came out {failed} in {precision} and was painted again in {FULL}")
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
