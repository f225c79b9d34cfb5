"""Composite a drawing over the plates of the frames that display it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from masks.composite import over
from propagate.arrays import F32, Floats, Pixels
from propagate.boil import boil
from propagate.box import Box, full_box
from propagate.light import is_black
from stylize.context.keys import read_key
from stylize.media.images import quantise, to_float
from stylize.spans.span_job import Engine, FinishedFrame, SpanInputs


@dataclass(frozen=True)
class Drawing:
    """Drawing before compositing.

    frame: its number. colour: uint8 or uint16 (H, W, 3), or float32 in [0, 1]. error: float32 (H, W), see
    ``synthesis.StylisedFrame``. share: float32 (H, W), weight of the right key's pass in a blend. box: part of the
    frame that the arrays cover, None for all. from_key: whether it is the picture of a
    keyframe.
    """

    frame: int
    colour: Pixels
    error: Floats
    share: Floats | None = None
    box: Box | None = None
    from_key: bool = False

    def is_key(self, frame: int) -> bool:
        """Return whether a frame that displays the drawing is its keyframe, and not one that holds it."""
        return self.from_key and frame == self.frame


def finish_key(inputs: SpanInputs, engine: Engine, frame: int) -> FinishedFrame:
    """Finish a keyframe: its picture, changed only by line boil, the plate's alpha and the matte."""
    return next(finished_frames(key_drawing(inputs, frame), [frame], inputs, engine))


def key_drawing(inputs: SpanInputs, frame: int) -> Drawing:
    """Return the picture of a keyframe as a drawing with zero error."""
    key = read_key(inputs.key_file(frame), inputs.plate(frame), inputs.primaries)
    return Drawing(frame, key, np.zeros(key.shape[:2], F32), from_key=True)


def finished_frames(
    drawing: Drawing, frames: Sequence[int], inputs: SpanInputs, engine: Engine
) -> Iterator[FinishedFrame]:
    """Composite a drawing over each frame that displays it: over its own plate, through its own matte.

    A frame whose plate is black displays black, unless it is a key.
    """
    colour, box = drawing.colour, drawing.box
    size = colour.shape[:2] if box is None else inputs.plate(drawing.frame).shape[:2]
    if engine.boil > 0:
        # Line boil displaces by the position in the whole frame.
        colour, box = boil(_floats(_uncrop(colour, box, size)), engine.boil, engine.seed, drawing.frame), None
    if colour.dtype == F32:
        colour = quantise(colour, inputs.dtype)
    error = _uncrop(drawing.error, drawing.box, size)
    share = None if drawing.share is None else _uncrop(drawing.share, drawing.box, size)
    for frame in frames:
        matte = None if inputs.matte is None else inputs.matte(frame)
        black = not drawing.is_key(frame) and is_black(inputs.colour(frame))
        shown = np.zeros_like(colour) if black else colour
        picture, look = composite_look(shown, box, inputs.plate(frame), matte, inputs.dtype)
        yield FinishedFrame(frame, picture, error, share, look)


def composite_look(
    look: Pixels, box: Box | None, plate: Pixels, matte: Floats | None, dtype: type
) -> tuple[Pixels, Pixels | None]:
    """Composite a look over a plate through a matte; keep the plate's alpha.

    look: uint8 or uint16 (H, W, 3). box: part of the frame that it covers, None for all. plate: uint8 or uint16
    (H, W, 3) or (H, W, 4). matte: float32 (H, W), None for 1 everywhere. Returns the picture in ``dtype`` and, with a
    matte, the look alone for the whole frame, 0 where the matte is 0.
    """
    plate, look = to_depth(plate, dtype), to_depth(look, dtype)
    if matte is None:
        return np.concatenate([look, plate[..., 3:]], axis=-1), None
    box, picture = box or full_box(plate.shape), plate.copy()
    matte = box.crop(matte)
    box.put(over(look, box.crop(plate[..., :3]), matte), picture[..., :3])
    return picture, box.zero_pad(look * (matte[..., None] > 0), plate.shape[:2])


def to_depth(pixels: Pixels, dtype: type) -> Pixels:
    """Convert uint8 or uint16 pixels to the other depth; 8 to 16 bits and back is lossless."""
    if pixels.dtype == dtype:
        return pixels
    if dtype == np.uint16:
        return pixels.astype(np.uint16) * np.uint16(257)
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _floats(colour: Pixels) -> Floats:
    return colour if colour.dtype == F32 else to_float(colour)


def _uncrop(part: Pixels, box: Box | None, size: tuple[int, int]) -> Pixels:
    """Expand an array of a box to the whole frame: 0 outside the box, where the style is not visible."""
    return part if box is None else box.zero_pad(part, size)
