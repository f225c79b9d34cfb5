"""Inputs that the command runs on."""

import cv2
import numpy as np
import pytest

from stylize.media.images import read_image, write_image
from tests.clips import write_movie
from tests.command.words import EXAMPLES, bunny


@pytest.fixture(scope="module")
def style(tmp_path_factory):
    path = tmp_path_factory.mktemp("style") / "ref.png"
    write_image(path, np.ascontiguousarray(cv2.resize(read_image(EXAMPLES / "oil.png"), (160, 120))))
    return path


@pytest.fixture
def movie(tmp_path):
    return write_movie(tmp_path / "shot.mp4", bunny(8), audio=True)
