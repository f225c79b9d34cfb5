"""Run Python without the right to write everywhere, even where the tests run as root."""

import os
import subprocess
import sys

import pytest

from tests import forked_python

# Root may write everywhere unless it drops that capability (CAP_DAC_OVERRIDE, number 1): from its effective set, and
# from the bounding set, for the programs that it starts.
_GIVE_UP = """
import ctypes, os
if os.geteuid() == 0:
    libc = ctypes.CDLL(None, use_errno=True)
    header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    failed = libc.prctl(24, 1, 0, 0, 0) or libc.capget(header, data)
    for word in range(3):
        data[word] &= ~(1 << 1)
    if failed or libc.capset(header, data):
        raise OSError(f"root's right to write everywhere cannot be given up: {os.strerror(ctypes.get_errno())}")
"""

needs_permissions = pytest.mark.skipif(
    os.name != "posix" or (os.geteuid() == 0 and sys.platform != "linux"),
    reason="write permissions cannot be dropped here",
)


def python(*words: object) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments."""
    return forked_python.run(words, before=_GIVE_UP)
