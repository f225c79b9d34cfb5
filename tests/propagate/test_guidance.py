import numpy as np

from propagate.guidance import tone


def test_local_contrast_is_boosted_except_at_strong_edges():
    wanted = np.full((80, 120), 20, np.float32)
    wanted[:, 60:] = 80
    wanted[30:34, 90:94] -= 6
    plain, boosted = (tone(wanted, wanted, 2.5, 1, boost).target for boost in (0.0, 1.2))
    assert boosted.max() < 0.82
    assert boosted.min() > 0.18
    assert 0.8 - boosted[32, 92] > 1.5 * (0.8 - plain[32, 92])
