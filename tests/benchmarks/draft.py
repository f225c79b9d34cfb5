"""Time of drafts against the full run, and their estimates: ``python -m tests.benchmarks.draft``.

Each run has its own process and project, and uses kernels that are already compiled. CPU time hardly depends on other
load of the machine; the estimates are of wall-clock time, which does.
"""

import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCALES = ("1/2", "1/4")
SHOT = ["examples/bunny.mp4", "--style", "examples/oil.png"]


def run(project: Path, *words: str) -> tuple[float, float, str]:
    """Return the wall-clock time and the CPU time of one run, in seconds, and its messages."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    command = [sys.executable, "-m", "cli", *SHOT, "--project", str(project), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    clock, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stderr


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder, "warm"), "--scale", "1/8")
        drafts = {scale: run(Path(folder, scale.replace("/", "-")), "--scale", scale) for scale in SCALES}
        clock, cpu, _ = run(Path(folder, "full"))
    print(f"full  {clock:6.1f} s  {cpu:6.1f} s of CPU time")
    for scale, (seconds, used, report) in drafts.items():
        estimate = re.search(r"full size: (about .*?),", report)
        assert estimate is not None
        print(f"{scale}   {seconds:6.1f} s  {used:6.1f} s of CPU time, {used / cpu:.2f}; estimated: {estimate[1]}")


if __name__ == "__main__":
    main()
