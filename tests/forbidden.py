"""Run Python without the right to write everywhere, even where the tests run as root."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Root may write everywhere unless it drops that capability (PR_CAPBSET_DROP, CAP_DAC_OVERRIDE) and re-executes.
_GIVE_UP = """
import ctypes, os, sys
if os.geteuid() == 0 and ctypes.CDLL(None, use_errno=True).prctl(24, 1, 0, 0, 0):
    sys.exit(f"root's right to write everywhere cannot be given up: {os.strerror(ctypes.get_errno())}")
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""

needs_permissions = pytest.mark.skipif(
    os.name != "posix" or (os.geteuid() == 0 and sys.platform != "linux"),
    reason="write permissions cannot be dropped here",
)


def python(*words: object) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments."""
    return subprocess.run(
        [sys.executable, "-c", _GIVE_UP, *map(str, words)], cwd=ROOT, capture_output=True, text=True, check=False
    )
