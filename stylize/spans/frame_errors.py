"""Error of each finished frame: the root mean square of its error map inside the matte."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from stylize.context.context import Context
from stylize.media.images import read_image, to_float
from stylize.spans.frame_files import ERROR, pass_file
from stylize.stages import cache_key


def frame_error(context: Context, frame: int) -> float:
    """Return the root mean squared difference of a frame from its target inside the matte: 0..1.

    Raises InputError if the error map is missing or unreadable.
    """
    squares = to_float(read_image(error_map(context, frame)))[..., 0].astype(np.float64) ** 2
    if context.mattes is None:
        return float(np.sqrt(squares.mean()))
    matte = context.mattes.read(frame).astype(np.float64)
    return float(np.sqrt((squares * matte).sum() / max(float(matte.sum()), 1e-9)))


def known_errors(context: Context, frames: Iterable[int]) -> dict[int, float]:
    """Return the errors of the frames that have an error map; measured again only if a map or a matte has changed."""
    found = [frame for frame in frames if error_map(context, frame).is_file()]
    maps = [context.project.digest(error_map(context, frame)) for frame in found]
    key = cache_key("frame_errors", found, maps, context.matte_inputs(found))
    errors = context.project.recall("frame_errors", key)
    if errors is None:
        errors = [frame_error(context, frame) for frame in found]
        context.project.remember("frame_errors", key, errors)
    return dict(zip(found, errors, strict=True))


def error_map(context: Context, frame: int) -> Path:
    """Return the file of a frame's error map, whether or not it exists."""
    return pass_file(context.project.root, context.shot, ERROR, frame)
