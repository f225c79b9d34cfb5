"""Peak memory of a run by length of the shot: ``python -m tests.benchmarks.memory``.

Runs the command on 100 and on 1000 frames of the same size, with a key at both ends, and prints the peak of each
process and their ratio, which should stay within 1.1.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import av
import cv2

from tests.footage import write_movie

EXAMPLES = Path(__file__).parents[2] / "examples"
SIZE = (160, 90)


def there_and_back(count):
    """The example's frames, forth and back and forth again."""
    with av.open(str(EXAMPLES / "bunny.mp4")) as movie:
        once = [cv2.resize(f.to_ndarray(format="rgb24"), SIZE) for f in movie.decode(video=0)]
    loop = [*once, *once[-2:0:-1]]
    return [loop[n % len(loop)] for n in range(count)]


def peak(folder, count):
    """Peak resident memory of a run over ``count`` frames, in MiB."""
    shot = write_movie(folder / f"shot{count}.mp4", there_and_back(count))
    words = [str(shot), "--style", str(EXAMPLES / "oil.png"), "--no-split", "--keyframes", f"1,{count}", "-q"]
    run = subprocess.Popen([sys.executable, "-m", "cli", *words], cwd=EXAMPLES.parent)
    _, status, usage = os.wait4(run.pid, 0)
    if status:
        raise SystemExit(f"the run over {count} frames failed")
    return usage.ru_maxrss / 1024


def main():
    with tempfile.TemporaryDirectory() as folder:
        peak(Path(folder), 3)  # compiles, so that both runs find the compiled code
        short, long = peak(Path(folder), 100), peak(Path(folder), 1000)
    print(f"{'frames':>8} {'peak MiB':>9}\n{100:>8} {short:>9.0f}\n{1000:>8} {long:>9.0f}\nratio {long / short:.3f}")


if __name__ == "__main__":
    main()
