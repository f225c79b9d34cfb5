"""Foregrounds cut out of the plate: one layer, or all layers as one picture.

Alpha is the layer's fraction of the part of a pixel that the layers above leave uncovered, so that plain "over"
reproduces the run. Adjacent soft edges thus leave no seam in programs that have no other operator.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from masks import disjoint_over as stacking
from propagate.arrays import Floats, Pixels
from stylize.context.context import Context
from stylize.errors import OutputError
from stylize.media.images import image_info, quantise, read_image, to_float
from stylize.spans.composite_look import to_depth
from stylize.spans.layer_stack import look_file


@dataclass(frozen=True)
class Foreground:
    """Looks to cut out as one foreground.

    context: the shot, and the project that records the files. looks: one layer, or all from the lowest. layers_above:
    those above that layer.
    """

    context: Context
    looks: Sequence[Context]
    layers_above: Sequence[Context] = ()

    @property
    def depth(self) -> int:
        """Bit depth of the deepest look: 8 or 16."""
        first = self.context.shot.frames[0]
        return max(image_info(one.file("out", first)).depth for one in self.looks)

    def cache_inputs(self, frame: int) -> list[object]:
        """Return all inputs of a frame, for cache keys. Raises OutputError if a look has not been made."""
        digest = self.context.project.digest
        content: list[object] = [self.context.plate_digests([frame]) if self.context.shot.alpha else []]
        for one in _visible(self.looks, frame):
            content.append([digest(_look(one, frame)), one.mattes.cache_inputs([frame], digest) if one.mattes else []])
        return [
            *content,
            [one.mattes.cache_inputs([frame], digest) for one in _visible(self.layers_above, frame) if one.mattes],
        ]

    def cutout(self, frame: int, depth: int) -> Pixels:
        """Return a frame with straight alpha: uint8 or uint16 (H, W, 4) by `depth`. Black where alpha is 0.

        The shot's own alpha, if any, is an upper bound. Raises OutputError if a look has not been made.
        """
        dtype = np.uint16 if depth == 16 else np.uint8
        width, height = self.context.shot.size
        visible = _visible(self.looks, frame)
        if not visible:
            return np.zeros((height, width, 4), dtype)
        looks = [_colour(_look(one, frame), dtype) for one in visible]
        mattes = [_matte(one, frame) for one in visible]
        if len(looks) > 1:
            colour, alpha = stacking.merge_layers(looks, mattes)
        else:
            mattes_above = [_matte(one, frame) for one in _visible(self.layers_above, frame)]
            colour, alpha = (
                looks[0],
                stacking.over_alphas([*mattes, *mattes_above], (height, width))[0].astype(np.float32),
            )
        shot_alpha = self.context.plates.alpha(frame) if self.context.shot.alpha else None
        cover = quantise(alpha if shot_alpha is None else np.minimum(alpha, to_float(shot_alpha)), dtype)
        return np.dstack([np.where(cover[..., None] > 0, colour, np.zeros_like(colour)), cover])


def _visible(looks: Sequence[Context], frame: int) -> list[Context]:
    return [one for one in looks if one.mattes is None or one.extents[frame].box is not None]


def _matte(context: Context, frame: int) -> Floats | None:
    return None if context.mattes is None else context.mattes.read(frame)


def _look(context: Context, frame: int) -> Path:
    path = look_file(context, frame)
    if not path.is_file():
        raise OutputError(f"{path} is missing, expected what the stage propagate leaves; run all stages")
    return path


def _colour(path: Path, dtype: type) -> Pixels:
    return np.ascontiguousarray(to_depth(read_image(path), dtype)[..., :3])
