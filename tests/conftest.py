"""Fixtures shared by all tests."""

import gc
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import cv2
import hypothesis
import numpy as np
import pytest

from propagate.kernels.cache_folder import VARIABLE, cache_folder
from stylize.compile_kernels import compilation_note
from stylize.media.images import write_image
from stylize.threads import available_cpus
from tests.sliding import folder_of, scene

# Background processes of a script ignore Ctrl-C, and so would every command that the tests run.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Bytecode is kept: rewriting the assertions of test modules takes longer than many a test, and the commands that tests
# start import all of the package.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Temporary files stay in memory where it is large enough: making and removing folders on a disk takes longer than many
# a test. TMPDIR chooses another place.
_MEMORY, _NEEDED = Path("/dev/shm"), 4 * 1024**3
if "TMPDIR" not in os.environ and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _NEEDED:
    os.environ["TMPDIR"] = str(_MEMORY)
    tempfile.tempdir = None

# The same examples in every run, so that a change fails only for what it changes. HYPOTHESIS_PROFILE=random draws
# others, and keeps those that fail. No deadline: how long an example takes depends on what else the machine does.
hypothesis.settings.register_profile("fixed", deadline=None, derandomize=True)
hypothesis.settings.register_profile("random", deadline=None, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


def pytest_configure(config: pytest.Config) -> None:
    """Compile the kernels, and divide the processors among the processes of ``-n``, which inherit these variables.

    Results do not depend on the number of threads, and tests of that set it themselves. More threads than processors
    only wait for each other.
    """
    processes = getattr(config.option, "numprocesses", None) or 1
    if "PYTEST_XDIST_WORKER" not in os.environ:
        _compile_kernels(min(2, processes))
    if processes > 1:
        for name in ("OPENCV_FOR_THREADS_NUM", "OPENBLAS_NUM_THREADS"):
            os.environ.setdefault(name, str(max(1, available_cpus() // processes)))


def _compile_kernels(processes: int) -> None:
    """Compile what most tests need before there are several processes to wait for it, unless it is stored.

    The folder of the cache is passed on, because some tests give commands another home folder.
    """
    folder = cache_folder()
    if folder is None:
        return
    os.environ[VARIABLE] = str(folder)
    if compilation_note() is None:
        return
    program = "import sys; from stylize.compile_kernels import compile_kernels as c; list(c(*map(int, sys.argv[1:])))"
    parts = [[sys.executable, "-c", program, str(part), str(processes)] for part in range(processes)]
    for running in [subprocess.Popen(part, cwd=Path(__file__).parents[1]) for part in parts]:
        assert running.wait() == 0, "kernels could not be compiled"


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector from searching what collection makes, which lasts until the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.fixture(autouse=True)
def _threads_of_a_test():
    """Restore the number of threads, which runs with ``threads`` set for the whole process."""
    before = cv2.getNumThreads()
    yield
    if cv2.getNumThreads() != before:
        cv2.setNumThreads(before)


@pytest.fixture(scope="session", autouse=True)
def user_data(tmp_path_factory):
    """A folder for the user's data, which commands started by tests inherit, so that no test touches the real one."""
    folder = tmp_path_factory.mktemp("user_data")
    before = os.environ.get("STYLIZE_DATA")
    os.environ["STYLIZE_DATA"] = str(folder)
    yield folder
    if before is None:
        del os.environ["STYLIZE_DATA"]
    else:
        os.environ["STYLIZE_DATA"] = before


@pytest.fixture(scope="session", autouse=True)
def no_studio():
    """Ignore studio defaults of whoever runs the tests."""
    before = os.environ.pop("STYLIZE_CONFIG", None)
    yield
    if before is not None:
        os.environ["STYLIZE_CONFIG"] = before


@pytest.fixture
def plates(tmp_path):
    """A folder of eight frames of the small shot."""
    return folder_of(tmp_path / "plates", scene(8))


@pytest.fixture
def style(tmp_path):
    """A reference picture."""
    write_image(tmp_path / "ref.png", np.random.default_rng(1).integers(0, 255, (60, 80, 3)).astype(np.uint8))
    return tmp_path / "ref.png"


@pytest.fixture
def set_threads():
    """Set the number of threads of OpenCV, and with it of our steps; restore it afterwards."""
    before = cv2.getNumThreads()
    yield cv2.setNumThreads
    cv2.setNumThreads(before)


@pytest.fixture(params=[1, 2])
def threads(request, set_threads):
    """Once with one thread, once with two."""
    set_threads(request.param)
    return request.param
