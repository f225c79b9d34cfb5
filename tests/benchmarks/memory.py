"""Peak memory of a run, by length and by size of the shot: ``python -m tests.benchmarks.memory --help``.

By length: the command on 100 and on 1000 frames of the same size, with a key at both ends, and the ratio of their
peaks, which should stay within 1.1. By size: on a few frames with a painted key at both ends, and for each size the
peak above ``BASE``, in bytes per pixel of a frame; ``--rendered`` renders the keys instead. Peaks are those of the
whole run, from reading to the movie.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import av
import cv2

from stylize.media.images import write_image
from tests.clips import write_movie

EXAMPLES = Path(__file__).parents[2] / "examples"
SIZE = (160, 90)
# MiB of a process that do not grow with the size: Python, libraries, compiled code.
BASE = 300


def there_and_back(count, size):
    """The example's frames, played forward and backward repeatedly."""
    with av.open(str(EXAMPLES / "bunny.mp4")) as movie:
        frames = [f.to_ndarray(format="rgb24") for f, _ in zip(movie.decode(video=0), range(count), strict=False)]
    once = [cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC) for frame in frames]
    loop = [*once, *once[-2:0:-1]]
    return [loop[n % len(loop)] for n in range(count)]


def peak(folder, count, size, painted=False):
    """Peak resident memory of a run over ``count`` frames of ``size``, in MiB."""
    place = Path(tempfile.mkdtemp(dir=folder))
    frames = there_and_back(count, size)
    shot, keys = write_movie(place / "shot.mp4", frames), place / "keys"
    words = [str(shot), "--no-split", "-q"]
    if painted:
        keys.mkdir()
        for number in (1, count):
            write_image(keys / f"{number}.png", 255 - frames[number - 1])
        words += ["--keys", str(keys)]
    else:
        words += ["--style", str(EXAMPLES / "oil.png"), "--keyframes", f"1,{count}"]
    del frames
    run = subprocess.Popen([sys.executable, "-m", "cli", *words], cwd=EXAMPLES.parent)
    _, status, usage = os.wait4(run.pid, 0)
    if status:
        raise SystemExit(f"the run over {count} frames failed")
    return usage.ru_maxrss / 1024


def by_length(folder):
    short, long = peak(folder, 100, SIZE), peak(folder, 1000, SIZE)
    print(f"{'frames':>8} {'peak MiB':>9}\n{100:>8} {short:>9.0f}\n{1000:>8} {long:>9.0f}\nratio {long / short:.3f}")


def by_size(folder, sizes, frames, rendered):
    print(f"{'size':>10} {'peak MiB':>9} {'bytes a pixel above ' + str(BASE) + ' MiB':>31}")
    for size in sizes:
        found = peak(folder, frames, size, not rendered)
        each = (found - BASE) * 2**20 / (size[0] * size[1])
        print(f"{size[0]:>5}x{size[1]:<4} {found:>9.0f} {each:>31.0f}", flush=True)


def main():
    words = argparse.ArgumentParser(prog="python -m tests.benchmarks.memory", description=__doc__)
    words.add_argument("--sizes", help="measure by size instead of by length: 640x360,1920x1080,3840x2160")
    words.add_argument("--frames", type=int, default=6, help="frames of a shot by size (6)")
    words.add_argument("--rendered", action="store_true", help="by size, with keys that the example renderer paints")
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        peak(folder, 3, SIZE)  # compiles, so that all runs find cached kernels
        if asked.sizes:
            sizes = [tuple(map(int, size.split("x"))) for size in asked.sizes.split(",")]
            by_size(folder, sizes, asked.frames, asked.rendered)
        else:
            by_length(folder)


if __name__ == "__main__":
    main()
