"""Foregrounds with alpha, of one layer or of all layers combined.

The alpha of a layer is its fraction of the part of a pixel that higher layers leave uncovered. Compositing with "over"
thus reproduces the result, without seams at adjacent soft edges.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from masks import disjoint_over as stacking
from propagate.arrays import Pixels
from stylize.context.context import Context
from stylize.media.images import image_info, quantise, to_float
from stylize.spans.layer_look import check_look, is_visible, look_inputs, read_look, retouch_inputs


@dataclass(frozen=True)
class Foreground:
    """Looks to cut out as one foreground.

    context: shot, and project that records the files. looks: one layer, or all layers from the lowest. layers_above:
    layers above a single layer.
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
        """Return all inputs of a frame, for cache keys. Raises OutputError if a look is missing."""
        digest = self.context.project.digest
        content: list[object] = [self.context.plate_digests([frame]) if self.context.shot.alpha else []]
        for one in _visible(self.looks, frame):
            check_look(one, frame)
            content.append([*look_inputs(one, frame), one.mattes.cache_inputs([frame], digest) if one.mattes else []])
        return [
            *content,
            [
                [*one.mattes.cache_inputs([frame], digest), *retouch_inputs(one, frame)]
                for one in _visible(self.layers_above, frame)
                if one.mattes
            ],
        ]

    def cutout(self, frame: int, depth: int) -> Pixels:
        """Return a frame with straight alpha: RGBA, uint8 or uint16 (H, W, 4), black where alpha is 0.

        The alpha of the shot, if any, is an upper bound. depth: 8 or 16 bits. Raises OutputError if a look is missing.
        """
        dtype = np.uint16 if depth == 16 else np.uint8
        width, height = self.context.shot.size
        visible = _visible(self.looks, frame)
        if not visible:
            return np.zeros((height, width, 4), dtype)
        found = [read_look(one, frame, dtype) for one in visible]
        looks, mattes = [one.colour for one in found], [one.matte for one in found]
        if len(looks) > 1:
            colour, alpha = stacking.merge_layers(looks, mattes)
        else:
            mattes_above = [read_look(one, frame, dtype).matte for one in _visible(self.layers_above, frame)]
            colour, alpha = (
                looks[0],
                stacking.over_alphas([*mattes, *mattes_above], (height, width))[0].astype(np.float32),
            )
        shot_alpha = self.context.plates.alpha(frame) if self.context.shot.alpha else None
        cover = quantise(alpha if shot_alpha is None else np.minimum(alpha, to_float(shot_alpha)), dtype)
        return np.dstack([np.where(cover[..., None] > 0, colour, np.zeros_like(colour)), cover])


def _visible(looks: Sequence[Context], frame: int) -> list[Context]:
    return [one for one in looks if is_visible(one, frame)]
