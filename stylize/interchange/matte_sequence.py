"""Mattes as used in the run, as a sequence: 16-bit grey, data without colour conversion."""

import numpy as np

from stylize.context.context import Context
from stylize.media.images import quantise, write_image
from stylize.media.safe_write import make_folder
from stylize.media.sequences import Pattern
from stylize.stages import cache_key


def write_mattes(context: Context, pattern: Pattern) -> Pattern:
    """Write the matte of every frame that is missing or out of date; return the pattern.

    Without a matte they are white, since the look covers every pixel. Raises MatteError or OutputError.
    """
    make_folder(pattern.folder)
    mattes = context.mattes
    for frame in context.shot.frames:
        path = pattern.path(frame)
        key = cache_key("matte_sequence", context.shot.size, context.matte_inputs([frame]))
        if not context.shot_project.fresh(path, key):
            matte = mattes.read(frame) if mattes else np.ones(context.shot.size[::-1], np.float32)
            write_image(path, quantise(matte, np.uint16))
            context.shot_project.record(path, key)
    return pattern
