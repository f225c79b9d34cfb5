"""Compression blocks in pictures."""

import cv2
import numpy as np
import pytest

from masks.blockiness import blockiness
from tests.composites import footage


def compressed(quality):
    seen = cv2.imdecode(cv2.imencode(".jpg", footage()[3], [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    return seen.astype(np.float32) / 255


@pytest.mark.slow
def test_blockiness_grows_with_compression_and_is_zero_without():
    assert blockiness(footage()[3].astype(np.float32) / 255) == 0
    assert 0 < blockiness(compressed(60)) < blockiness(compressed(30)) < blockiness(compressed(12))


@pytest.mark.slow
def test_cropped_blocks_are_found():
    whole = compressed(30)
    assert blockiness(np.ascontiguousarray(whole[3:, 5:])) == pytest.approx(blockiness(whole), rel=0.1)


def test_flat_and_tiny_pictures_have_no_blockiness():
    assert blockiness(np.full((40, 40, 3), 0.5, np.float32)) == 0
    assert blockiness(compressed(12)[:9, :9]) == 0
