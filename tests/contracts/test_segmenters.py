"""What every Segmenter keeps to."""

import numpy as np
import pytest

from tests.networks import red_finder


@pytest.fixture(params=["onnx", "onnx-logits"], scope="module")
def segmenter(request):
    pytest.importorskip("onnxruntime")
    from masks.segment_onnx import OnnxSegmenter

    return OnnxSegmenter(red_finder(logits=request.param == "onnx-logits"))


def pictures(size, count=3):
    return list(np.random.default_rng(0).integers(0, 256, (count, *size, 3), np.uint8))


@pytest.mark.parametrize("size", [(48, 64), (1, 1), (33, 7), (200, 31)])
def test_every_frame_comes_once_in_order_with_a_matte_of_its_size(segmenter, size):
    frames = pictures(size)
    found = list(segmenter([7, 8, 9], lambda n: frames[n - 7]))
    assert [frame for frame, _ in found] == [7, 8, 9]
    for _, matte in found:
        assert (matte.dtype, matte.shape) == (np.float32, size)
        assert matte.min() >= 0
        assert matte.max() <= 1


def test_plates_are_left_as_they_are_and_the_bits_are_the_same(segmenter):
    frames = pictures((40, 50))
    before = [one.copy() for one in frames]
    for one in frames:
        one.setflags(write=False)
    first = [matte for _, matte in segmenter(range(3), frames.__getitem__)]
    np.testing.assert_array_equal(frames, before)
    np.testing.assert_array_equal([matte for _, matte in segmenter(range(3), frames.__getitem__)], first)
    assert segmenter.fingerprint() == segmenter.fingerprint()


def test_no_frames_are_no_mattes(segmenter):
    assert list(segmenter([], lambda n: pytest.fail("asked for a plate"))) == []
