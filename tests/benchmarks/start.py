"""Start-up time of the command, as a multiple of a bare interpreter: ``python -m tests.benchmarks.start``.

CPU seconds, best of several starts, so that other work of the machine hardly counts.
"""

import resource
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
STARTS = 7
# The command lines to start.
CASES = {
    "a bare interpreter": ["-c", "pass"],
    "stylize --help": ["-m", "cli", "--help"],
    "stylize matte --help": ["-m", "cli", "matte", "--help"],
    "a shot that is missing": ["-m", "cli", "missing.mp4", "--keys", "missing"],
}


def seconds(words: list[str]) -> float:
    """CPU seconds that one start takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], capture_output=True, check=False, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    best = {name: min(seconds(words) for _ in range(STARTS)) for name, words in CASES.items()}
    (bare, *_) = best.values()
    for name, taken in best.items():
        print(f"{name:24} {taken:6.3f} s {taken / bare:6.1f} times a bare interpreter")


if __name__ == "__main__":
    main()
