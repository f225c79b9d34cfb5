"""Time of propagation, as ratios in one run: ``python -m tests.benchmarks.propagation.speed --help``.

The example's plates at several sizes. Synthesis is the minimum over a few frames, so that a busy machine affects it
little. Whole runs alternate between all threads and one, and are reported as the median of each; sizes are compared
with each other, and ours with ebsynth if its library is given.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from propagate.flow import estimate_steps
from propagate.flow_dis import DisFlow
from propagate.scene import Scene
from propagate.split_at_keys import Span
from propagate.synthesis import SynthesisSettings, propagate_key
from stylize.media.images import write_image
from stylize.motion.estimated import EstimatedMotion, Estimators
from stylize.spans.pass_maps import write_error
from stylize.spans.span import SpanRun
from stylize.spans.span_job import Engine, SpanInputs, SpanJob
from stylize.threads import available_cpus
from tests.benchmarks.propagation import peers
from tests.benchmarks.propagation.clips import CLIPS, plates
from tests.benchmarks.propagation.truth import toon

FRAMES = 8


class Filmed:
    """Plates, and the motion between them: estimated on request, both directions at once and never twice."""

    def __init__(self, shown):
        self.shown, self.steps, self.estimate = shown, {}, DisFlow()

    def step(self, before, after):
        if (before, after) not in self.steps:
            ways = estimate_steps(self.shown[before], self.shown[after], self.estimate)
            self.steps[before, after], self.steps[after, before] = ways
        return self.steps[before, after]

    def known(self):
        """Return itself with all motion estimated, so that synthesis can be timed alone."""
        for n in range(len(self.shown) - 1):
            self.step(n, n + 1)
        return Scene(self.shown.__getitem__, self.step)


def main():
    words = argparse.ArgumentParser(prog="python -m tests.benchmarks.propagation.speed", description=__doc__)
    words.add_argument("--ebsynth", help="shared library of jamriska/ebsynth, to compare with")
    words.add_argument("--sizes", default="640x360,1280x720,1920x1080")
    words.add_argument("--turns", type=int, default=3, help="how often the whole way is gone (3)")
    asked = words.parse_args()
    threads = available_cpus()
    sizes = [tuple(map(int, size.split("x"))) for size in asked.sizes.split(",")]
    warm_up()
    print(f"{'size':>10} {'synthesis':>10} {'whole':>7} {'s/Mpixel':>9} {'1 to all threads':>17} {'of ebsynth':>11}")
    for size in sizes:
        shown = [cv2.resize(p, size, interpolation=cv2.INTER_CUBIC) for p in plates(CLIPS[0], FRAMES, 640, None)]
        key = toon(shown[0])
        use(threads)
        alone, eb = synthesis(shown, key), None
        if asked.ebsynth and size[0] <= 1280:
            eb = ebsynth(asked.ebsynth, shown[:2], key)
        whole, slow = in_turns(shown, threads, asked.turns)
        ratio = f"1/{eb / alone:.0f}" if eb else "-"
        print(f"{size[0]:>5}x{size[1]:<4} {alone:>10.3f} {whole:>7.3f} {whole / size[0] / size[1] * 1e6:>9.2f} "
              f"{slow / whole:>17.2f} {ratio:>11}", flush=True)  # fmt: skip


def use(threads):
    cv2.setNumThreads(threads)


def warm_up():
    """Compile the kernels."""
    shown = [np.zeros((40, 40, 3), np.uint8)] * 2
    list(propagate_key([0, 1], Filmed(shown).known(), shown[0].astype(np.float32), SynthesisSettings()))


def laps(items):
    """Minimum time between one item and the next, in seconds; the first does not count."""
    times = []
    start = time.perf_counter()
    for _ in items:
        times.append(time.perf_counter() - start)
        start = time.perf_counter()
    return min(times[1:])


def synthesis(shown, key):
    """Time a frame of one pass with its motion given."""
    order = list(range(len(shown)))
    return laps(propagate_key(order, Filmed(shown).known(), key.astype(np.float32) / 255, SynthesisSettings()))


def in_turns(shown, threads, turns):
    """Median times of a whole run with all threads and with one."""
    times = {threads: [], 1: []}
    for _ in range(turns):
        for number in (1, threads):
            use(number)
            times[number].append(two_keys(shown))
    use(threads)
    return statistics.median(times[threads]), statistics.median(times[1])


def two_keys(shown):
    """Time a frame of a whole run between two keys, plates in memory: mean over the frames.

    Includes motion in both directions and its files, guides, two passes and their scratch files, the blend, a PNG and
    its error map.
    """
    last = len(shown) - 1
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "flow").mkdir()
        keys = {frame: folder / f"key{frame}.png" for frame in (0, last)}
        for frame, path in keys.items():
            write_image(path, toon(shown[frame]))
        inputs = SpanInputs(shown.__getitem__, shown.__getitem__, keys.__getitem__, None, np.uint8)
        motion = EstimatedMotion(
            shown.__getitem__, str, Estimators(DisFlow(), DisFlow("fine"), "flow_dis"), folder / "flow", "s"
        )
        inner = tuple(range(1, last))
        job = SpanJob(Span(inner, 0, last), frozenset(inner), {n: n for n in inner}, folder / "scratch")

        def put(made):
            write_error(folder / f"{made.frame}.error.png", made.error)
            write_image(folder / f"{made.frame}.png", made.picture)

        start = time.perf_counter()
        for _ in SpanRun(inputs, job, Engine(motion, SynthesisSettings()), put).run():
            pass
        return (time.perf_counter() - start) / len(inner)


def ebsynth(library, shown, key):
    """Time a frame of ebsynth alone, its guides given."""
    made = peers.by_ebsynth(peers.Ebsynth(library), shown, key, [0, 1])
    return made[1][2]


if __name__ == "__main__":
    main()
