"""Run Python where a folder is a small disk of its own: a file system in memory that only the run sees."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_MOUNT = 'mount -t tmpfs -o "size=$1k" tmpfs "$2" || exit 125; disk=$2; kept=$3; shift 3; "$@"; code=$?; '
# The contents of the disk vanish with the run, so they are copied first.
_RUN = _MOUNT + 'cp -a "$disk/." "$kept/"; exit $code'


@dataclass(frozen=True)
class Ran:
    """A finished run.

    code: of the command. stderr: its standard error. left: a copy of the final contents of the disk.
    """

    code: int
    stderr: str
    left: Path


def python(disk: Path, kilobytes: int, kept: Path, words: Sequence[object]) -> Ran:
    """Run Python with these arguments, while `disk` has room for so many kilobytes. kept: an empty folder."""
    shell = ["sh", "-c", _RUN, "_", str(kilobytes), str(disk), str(kept), sys.executable, *map(str, words)]
    done = subprocess.run(
        ["unshare", "-Urm", *shell], cwd=ROOT, capture_output=True, text=True, check=False
    )  # fmt: skip
    return Ran(done.returncode, done.stderr, kept)


@cache
def _there() -> bool:
    if shutil.which("unshare") is None:
        return False
    words = ["unshare", "-Urm", "sh", "-c", "mount -t tmpfs tmpfs /tmp"]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


needs_disks = pytest.mark.skipif(not _there(), reason="no private file system can be mounted here")
