import numpy as np

from masks.patch_distance import NO_MATCH, patch_distance


def noise(seed, size=(40, 50)):
    return np.random.default_rng(seed).random((*size, 3), np.float32)


def test_nearby_patches_of_the_layer_cost_almost_nothing():
    source = noise(0)
    moved = np.roll(source, (2, -1), (0, 1))
    inner = np.s_[8:-8, 8:-8]
    assert patch_distance(moved, source, np.ones(source.shape[:2], np.float32))[inner].max() < 1e-3
    assert patch_distance(noise(1), source, np.ones(source.shape[:2], np.float32))[inner].min() > 0.05


def test_only_patches_of_the_layer_are_searched():
    source = noise(0)
    layer = np.zeros(source.shape[:2], np.float32)
    layer[:, :25] = 1
    found = patch_distance(source, source, layer)
    assert found[10:30, 5:20].max() < 1e-6
    assert (found[:, 30:] == np.float32(NO_MATCH)).all()
    # At the layer's border the colours of the other side do not count.
    other = source.copy()
    other[:, 25:] = 1 - other[:, 25:]
    assert patch_distance(source, other, layer)[10:30, 24].max() < 1e-6
