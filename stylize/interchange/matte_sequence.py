"""Export of the mattes of a run as a sequence of 16-bit grey pictures, without colour conversion."""

import numpy as np

from stylize.context.context import Context
from stylize.delivery.sequence import stamps_of
from stylize.media.images import quantise, write_image
from stylize.media.safe_write import make_folder
from stylize.media.sequences import Pattern
from stylize.stages import cache_key


def write_mattes(context: Context, pattern: Pattern) -> Pattern:
    """Write the missing and outdated mattes. Return the pattern.

    A look without mattes covers all pixels, so its mattes are white. Raises MatteError or OutputError.
    """
    make_folder(pattern.folder)
    mattes, stamps = context.mattes, stamps_of(context.shot, context.settings.fps)
    for frame in context.shot.frames:
        context.reporter.check()
        path = pattern.path(frame)
        key = cache_key("matte_sequence", context.shot.size, context.matte_inputs([frame]), repr(stamps[frame]))
        if not context.shot_project.fresh(path, key):
            matte = mattes.read(frame) if mattes else np.ones(context.shot.size[::-1], np.float32)
            seal = context.shot_project.seal(key)
            write_image(path, quantise(matte, np.uint16), stamp=stamps[frame], seal=seal)
    return pattern
