"""What becomes of brush texture on a long way: ``python -m tests.benchmarks.propagation.brush``.

One key of the example, painted after a reference, is carried as far as the example goes. Printed are, for some
distances from the key: the energy of four bands of the picture, octave by octave from the finest, over the key's own
(1: brushes keep their size and strength); the share of pixels that are put together from patches; and how the use of
the key's places by them is spread: the share of the key that is used at all, and of the used places the median, the
90th and 99th of a hundred, and the most, an even share of the picture being 1. Pictures to look at go to the folder
named, if one is.
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from propagate.flow_dis import DisFlow
from propagate.scene import estimated_scene
from propagate.synthesis import SynthesisSettings, propagate_key
from propagate.texture import usage
from stylize.media.images import quantise, read_image, to_float, write_image
from stylize.renderers import make_renderer
from stylize.renderers.protocol import RenderRequest
from stylize.settings import Settings
from tests.benchmarks.propagation.clips import CLIPS, EXAMPLE, plates

FAR = 40
SHOWN = (1, 5, 10, 20, 30, 40)


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    shown = plates(CLIPS[0], FAR + 1, 640, None)
    for name in ("oil", "ink", "watercolour"):
        key = painted(shown[0], EXAMPLE.with_name(f"{name}.png"))
        own = bands(key)
        print(f"{name}: {'frame':>5}  bands from the finest     patches  key used  use: 50 %   90 %   99 %   most")
        scene = estimated_scene(shown.__getitem__, DisFlow(), DisFlow("fine"))
        for carried in propagate_key(range(FAR + 1), scene, key, SynthesisSettings()):
            if carried.frame in SHOWN:
                tell(carried, own)
                if folder:
                    write_image(folder / f"{name}.{carried.frame:02d}.png", quantise(carried.colour, np.uint8))


def painted(plate, reference):
    settings = Settings(style=reference)
    style = to_float(read_image(reference)[..., :3])
    request = RenderRequest(1, to_float(plate), style, None, None, 0)
    return make_renderer("example", settings).render(request, lambda *_: None).picture


def bands(picture):
    """Root mean square of four octaves of the luma."""
    grey, found = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), []
    for sigma in (0.8, 1.6, 3.2, 6.4):
        smooth = cv2.GaussianBlur(grey, (0, 0), sigma)
        found.append(float((grey - smooth).std()))
        grey = smooth
    return np.array(found)


def put_together(carried):
    """Where patches are shown that do not lie where flow leads to: bool (H, W)."""
    height, width = carried.error.shape
    flow = carried.state.flow + np.dstack(np.meshgrid(np.arange(width), np.arange(height)))
    return np.abs(carried.state.field - flow).max(axis=-1) > 3


def spread_of_use(carried, where):
    """How the key's places are used: share of them that is, and quantiles of the use of those, see ``usage``."""
    use = usage(carried.state.field, where, carried.error.shape, 2)
    used = use[use > 0]
    return float((use > 0).mean()), *(np.quantile(used, (0.5, 0.9, 0.99, 1)) if used.size else (0.0,) * 4)


def tell(carried, own):
    where = put_together(carried)
    used, middle, *high = spread_of_use(carried, where)
    print(f"{carried.frame:>11}  {'  '.join(f'{r:.2f}' for r in bands(carried.colour) / own)}  {where.mean():>10.2f}"
          f"  {used:>8.2f}  {middle:>9.1f}{''.join(f'{use:>7.1f}' for use in high)}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
