"""Conversion between integers and floats."""

import numpy as np

from stylize.media.images import quantise, to_float


def test_quantise_rounds_halves_up_and_clips() -> None:
    assert quantise(np.array([-1, 0.5 / 255, 0.4999 / 255, 2], np.float32), np.uint8).tolist() == [0, 1, 0, 255]
    every = np.arange(65536, dtype=np.uint16)
    np.testing.assert_array_equal(quantise(to_float(every), np.uint16), every)
