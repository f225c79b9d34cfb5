"""Pictures of a report have the shape that players display."""

import base64

import cv2
import numpy as np
import pytest

from stylize.quality.project_report import MAX_WIDTH, _data_url


@pytest.mark.parametrize(
    ("size", "displayed"), [((64, 36), (64, 36)), ((128, 36), (128, 36)), ((2 * MAX_WIDTH, 800), (MAX_WIDTH, 400))]
)
def test_picture_is_scaled_to_its_true_shape(size: tuple[int, int], displayed: tuple[int, int]) -> None:
    text = _data_url(np.zeros((36, 64, 3), np.float32), size)
    jpeg = np.frombuffer(base64.b64decode(text.partition(",")[2]), np.uint8)
    decoded = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    assert decoded is not None
    assert decoded.shape[1::-1] == displayed
