"""What every test starts from."""

import signal

import cv2
import numpy as np
import pytest

from stylize.media.images import write_image
from tests.sliding import folder_of, scene

# What a script starts in its background ignores Ctrl-C, and so would every command that the tests run.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
    """Sets how many threads OpenCV, and with it our steps, may use; puts it back afterwards."""
    before = cv2.getNumThreads()
    yield cv2.setNumThreads
    cv2.setNumThreads(before)


@pytest.fixture(params=[1, 2])
def threads(request, set_threads):
    """Once with one thread, once with two."""
    set_threads(request.param)
    return request.param
