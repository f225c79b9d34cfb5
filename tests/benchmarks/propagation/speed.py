"""Time of propagation, as ratios in one run: ``python -m tests.benchmarks.propagation.speed --help``.

The example's plates at several sizes. Every figure is the least of a few frames, so that a busy machine disturbs
it little; two threads are compared with one, sizes with each other, and ours with ebsynth if its library is given.
"""

import argparse
import tempfile
import time
from pathlib import Path

import cv2
import numba
import numpy as np

from propagate.blend import blend
from propagate.flow import take_steps
from propagate.flow_dis import DisFlow
from propagate.scene import Scene
from propagate.synthesis import SynthesisSettings, carry
from stylize.images import quantise, write_image
from tests.benchmarks.propagation import peers
from tests.benchmarks.propagation.clips import CLIPS, plates
from tests.benchmarks.propagation.truth import toon

FRAMES = 8


class Filmed:
    """Plates, and the motion between them: estimated when it is asked for, both ways at once and never twice."""

    def __init__(self, shown):
        self.shown, self.steps, self.estimate = shown, {}, DisFlow()

    def step(self, before, after):
        if (before, after) not in self.steps:
            ways = take_steps(self.shown[before], self.shown[after], self.estimate)
            self.steps[before, after], self.steps[after, before] = ways
        return self.steps[before, after]

    def scene(self, refine):
        return Scene(self.shown.__getitem__, self.step, refine)

    def known(self):
        """With all motion estimated, so that synthesis can be timed alone."""
        for n in range(len(self.shown) - 1):
            self.step(n, n + 1)
        return self.scene(None)


def main():
    words = argparse.ArgumentParser(prog="python -m tests.benchmarks.propagation.speed", description=__doc__)
    words.add_argument("--ebsynth", help="shared library of jamriska/ebsynth, to compare with")
    words.add_argument("--sizes", default="640x360,1280x720,1920x1080")
    asked = words.parse_args()
    threads = numba.config.NUMBA_NUM_THREADS
    sizes = [tuple(map(int, size.split("x"))) for size in asked.sizes.split(",")]
    warm_up()
    print(f"{'size':>10} {'synthesis':>10} {'whole':>7} {'s/Mpixel':>9} {'1 to all threads':>17} {'of ebsynth':>11}")
    for size in sizes:
        shown = [cv2.resize(p, size, interpolation=cv2.INTER_CUBIC) for p in plates(CLIPS[0], FRAMES, 640, None)]
        key = toon(shown[0])
        use(threads)
        alone, whole, eb = synthesis(shown, key), two_keys(shown), None
        if asked.ebsynth and size[0] <= 1280:
            eb = ebsynth(asked.ebsynth, shown[:2], key)
        use(1)
        slow = two_keys(shown)
        use(threads)
        ratio = f"1/{eb / alone:.0f}" if eb else "-"
        print(f"{size[0]:>5}x{size[1]:<4} {alone:>10.3f} {whole:>7.3f} {whole / size[0] / size[1] * 1e6:>9.2f} "
              f"{slow / whole:>17.2f} {ratio:>11}", flush=True)  # fmt: skip


def use(threads):
    cv2.setNumThreads(threads)
    numba.set_num_threads(threads)


def warm_up():
    """Compiles."""
    shown = [np.zeros((40, 40, 3), np.uint8)] * 2
    list(carry([0, 1], Filmed(shown).known(), shown[0].astype(np.float32), SynthesisSettings()))


def laps(items):
    """Least time between one item and the next, in seconds; the first does not count."""
    times = []
    start = time.perf_counter()
    for _ in items:
        times.append(time.perf_counter() - start)
        start = time.perf_counter()
    return min(times[1:])


def synthesis(shown, key):
    """A frame of one pass, its motion given."""
    order = list(range(len(shown)))
    return laps(carry(order, Filmed(shown).known(), key.astype(np.float32) / 255, SynthesisSettings()))


def two_keys(shown):
    """A frame of the whole path: motion both ways, guides, two passes, the mix and a PNG; mean over the frames."""
    ends = [toon(shown[place]).astype(np.float32) / 255 for place in (0, -1)]
    last = len(shown) - 1
    start = time.perf_counter()
    scene = Filmed(shown).scene(DisFlow("fine"))
    passes = []
    for order, key in ((range(last), ends[0]), (range(last, 0, -1), ends[1])):
        passes.append({c.frame: c for c in carry(list(order), scene, key, SynthesisSettings())})
    with tempfile.TemporaryDirectory() as folder:
        for frame in range(1, last):
            one, other = (made[frame] for made in passes)
            mixed = blend(one.colour, one.error, other.colour, other.error, frame / last)[0]
            write_image(Path(folder) / f"{frame}.png", quantise(mixed, np.uint8))
    return (time.perf_counter() - start) / (last - 1)


def ebsynth(library, shown, key):
    """A frame of ebsynth alone, its guides given."""
    made = peers.by_ebsynth(peers.Ebsynth(library), shown, key, [0, 1])
    return made[1][2]


if __name__ == "__main__":
    main()
