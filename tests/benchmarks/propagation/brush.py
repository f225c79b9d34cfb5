"""Brush texture far from its key: ``python -m tests.benchmarks.propagation.brush``.

One key of the example, painted in the style of a reference, is propagated to the end of the example. For some
distances from the key, the output lists: the energy of four octave bands of the picture, finest first, relative to
the key's own (1: brushes keep their size and strength); the share of pixels that are composed of patches; and the
spread of patch use: the share of the key that is used at all, and of the used positions the median, the 90th and 99th
percentile, and the maximum, where 1 is an even share of the picture. Then, over all frames, the difference of
neighbours along the motion (see ``measures.unsteadiness``), in levels and relative to the key's finest band.
"""

import argparse
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
from tests.benchmarks.propagation import measures
from tests.benchmarks.propagation.clips import CLIPS, EXAMPLE, plates

FAR = 40
SHOWN = (1, 5, 10, 20, 30, 40)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--keys", type=Path, help="folder of keys, such as oil.png, of another renderer")
    parser.add_argument("--pictures", type=Path, help="folder for pictures to look at")
    asked = parser.parse_args()
    shown = plates(CLIPS[0], FAR + 1, 640, None)
    scene = estimated_scene(shown.__getitem__, DisFlow(), DisFlow("fine"))
    for name in ("oil", "ink", "watercolour"):
        own_key = asked.keys is None
        key = painted(shown[0], EXAMPLE.with_name(f"{name}.png")) if own_key else picture(asked.keys / f"{name}.png")
        own = bands(key)
        print(f"{name}: {'frame':>5}  bands from the finest     patches  key used  use: 50 %   90 %   99 %   most")
        before, apart = key, []
        for carried in propagate_key(range(FAR + 1), scene, key, SynthesisSettings()):
            step = scene.step(carried.frame - 1, carried.frame)
            apart.append(measures.unsteadiness([before, carried.colour], [step.flow], [step.consistent]))
            before = carried.colour
            if carried.frame in SHOWN:
                print_row(carried, own)
                if asked.pictures:
                    write_image(asked.pictures / f"{name}.{carried.frame:02d}.png", quantise(carried.colour, np.uint8))
        print(f"unsteadiness: {np.mean(apart):.2f} levels, {np.mean(apart) / 255 / own[0]:.2f} of the finest band")


def picture(path):
    return to_float(read_image(path)[..., :3])


def painted(plate, reference):
    settings = Settings(style=reference)
    request = RenderRequest(1, to_float(plate), picture(reference), None, None, 0)
    return make_renderer("example", settings).render(request, lambda *_: None).picture


def bands(picture):
    """Root mean square of four octaves of the luma."""
    grey, found = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), []
    for sigma in (0.8, 1.6, 3.2, 6.4):
        smooth = cv2.GaussianBlur(grey, (0, 0), sigma)
        found.append(float((grey - smooth).std()))
        grey = smooth
    return np.array(found)


def composed_of_patches(carried):
    """Mask of patches that do not lie where flow leads to: bool (H, W)."""
    height, width = carried.error.shape
    flow = carried.state.flow + np.dstack(np.meshgrid(np.arange(width), np.arange(height)))
    return np.abs(carried.state.field - flow).max(axis=-1) > 3


def spread_of_use(carried, where):
    """Share of the key's positions that are used, and quantiles of their use; see ``usage``."""
    use = usage(carried.state.field, where, carried.error.shape, 2)
    used = use[use > 0]
    return float((use > 0).mean()), *(np.quantile(used, (0.5, 0.9, 0.99, 1)) if used.size else (0.0,) * 4)


def print_row(carried, own):
    where = composed_of_patches(carried)
    used, middle, *high = spread_of_use(carried, where)
    print(f"{carried.frame:>11}  {'  '.join(f'{r:.2f}' for r in bands(carried.colour) / own)}  {where.mean():>10.2f}"
          f"  {used:>8.2f}  {middle:>9.1f}{''.join(f'{use:>7.1f}' for use in high)}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
