"""Look of a frame for layers and foregrounds: before its matte is applied, including retouching by hand.

A person retouches the picture in ``out/``, where the matte has already been applied. Pixels that differ from what the
run composited are therefore opaque and replace the layer; all others are composited as before.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from propagate.arrays import F32, Floats, Pixels
from stylize.context.context import Context
from stylize.errors import OutputError
from stylize.media.images import read_image
from stylize.spans.composite_look import composite_look, to_depth
from stylize.spans.frame_files import LOOK, pass_file


@dataclass(frozen=True)
class LayerLook:
    """Look and its matte. colour: uint8 or uint16 (H, W, 3). matte: float32 (H, W), None for 1 everywhere."""

    colour: Pixels
    matte: Floats | None


def is_visible(context: Context, frame: int) -> bool:
    """Return whether a look is visible in any pixel of a frame."""
    return context.mattes is None or context.extents[frame].box is not None or _is_retouched(context, frame)


def check_look(context: Context, frame: int) -> None:
    """Raise OutputError when the look of a frame is missing."""
    path = _look_file(context, frame)
    if not path.is_file() and not context.matte_is_empty:
        raise OutputError(f"{path} is missing, expected the output of the propagate stage; run all stages")


def look_inputs(context: Context, frame: int) -> list[str]:
    """Return the inputs of the colour of a look, for cache keys."""
    path = _look_file(context, frame)
    return [*([context.project.digest(path)] if path.is_file() else []), *retouch_inputs(context, frame)]


def retouch_inputs(context: Context, frame: int) -> list[str]:
    """Return the inputs that retouching adds to those of a look and its matte, for cache keys."""
    changed = context.mattes is not None and _is_retouched(context, frame)
    return [context.project.digest(context.file("out", frame))] if changed else []


def read_look(context: Context, frame: int, dtype: type) -> LayerLook:
    """Read the look of a frame, in uint8 or uint16. Raises InputError for an unreadable picture."""
    primaries = context.shot.colour
    if context.mattes is None:
        own_file = context.file("out", frame)
        return LayerLook(_colour(read_image(own_file, primaries, untagged=primaries), dtype), None)
    matte, path = context.mattes.read(frame), _look_file(context, frame)
    plate = context.plates.read(frame)
    look = read_image(path, primaries, untagged=primaries) if path.is_file() else np.zeros_like(plate[..., :3])
    colour = _colour(look, dtype)
    if not _is_retouched(context, frame):
        return LayerLook(colour, matte)
    retouched = read_image(context.file("out", frame), primaries, untagged=primaries)
    own, _ = composite_look(np.ascontiguousarray(look[..., :3]), None, plate, matte, retouched.dtype.type)
    changed = (retouched[..., :3] != own[..., :3]).any(axis=2)
    colour[changed] = _colour(retouched, dtype)[changed]
    return LayerLook(colour, np.where(changed, F32(1), matte).astype(F32))


def _look_file(context: Context, frame: int) -> Path:
    """Return the file of a frame's look before its matte is applied; without mattes, the frame itself."""
    if context.mattes is None:
        return context.file("out", frame)
    return pass_file(context.project.root, context.shot, LOOK, frame)


def _is_retouched(context: Context, frame: int) -> bool:
    return context.project.is_changed(context.file("out", frame))


def _colour(picture: Pixels, dtype: type) -> Pixels:
    return np.ascontiguousarray(to_depth(picture, dtype)[..., :3])
