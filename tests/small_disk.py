"""Run Python where a folder is a small disk of its own: a file system in memory that only the run sees."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests import forked_python

ROOT = Path(__file__).parents[1]
# In a user and a mount namespace of its own, where any user may mount. The contents of the disk vanish with the
# process, so they are copied when it ends.
_MOUNT = """
import atexit, ctypes, os, shutil
from pathlib import Path
libc = ctypes.CDLL(None, use_errno=True)
user, group = os.geteuid(), os.getegid()
NEW_USER, NEW_MOUNTS, PRIVATE = 0x10000000, 0x20000, 0x4000 | 0x40000
def check(failed):
    if failed:
        raise OSError(ctypes.get_errno(), "no private file system can be mounted")
check(libc.unshare(NEW_USER | NEW_MOUNTS))
Path("/proc/self/setgroups").write_text("deny")
Path("/proc/self/uid_map").write_text(f"0 {{user}} 1")
Path("/proc/self/gid_map").write_text(f"0 {{group}} 1")
check(libc.mount(b"none", b"/", None, PRIVATE, None))
check(libc.mount(b"tmpfs", os.fsencode({disk!r}), b"tmpfs", 0, b"size={kilobytes}k"))
atexit.register(shutil.copytree, {disk!r}, {kept!r}, symlinks=True, dirs_exist_ok=True)
"""


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
    done = forked_python.run(words, before=_MOUNT.format(disk=str(disk), kilobytes=kilobytes, kept=str(kept)))
    return Ran(done.returncode, done.stderr, kept)


@cache
def _there() -> bool:
    if shutil.which("unshare") is None:
        return False
    words = ["unshare", "-Urm", "sh", "-c", "mount -t tmpfs tmpfs /tmp"]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


needs_disks = pytest.mark.skipif(not _there(), reason="no private file system can be mounted here")
