import numpy as np

from masks.extent import Extent, extent


def test_box_holds_all_nonzero_pixels():
    matte = np.zeros((20, 30), np.float32)
    assert extent(matte) == Extent(None, False)
    matte[4, 7] = 1e-6
    matte[11, 29] = 1
    assert extent(matte) == Extent((7, 4, 30, 12), False)


def test_whole_means_one_everywhere():
    matte = np.ones((5, 6), np.float32)
    assert extent(matte) == Extent((0, 0, 6, 5), True)
    matte[2, 2] = np.nextafter(np.float32(1), np.float32(0))
    assert extent(matte) == Extent((0, 0, 6, 5), False)
