"""The truth is the same for everybody: the filters are fixed."""

import numpy as np
import pytest

from tests.benchmarks.propagation.truth import FILTERS
from tests.synthetic import texture


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_gives_the_same_bits_wherever_its_pictures_lie_in_memory(name):
    plate = texture(4, (320, 180))
    found = [FILTERS[name](plate)]
    for gap in range(16):  # results are kept, so that what is made next lies elsewhere
        found += [np.empty(4 * gap + 1, np.uint8), FILTERS[name](plate)]
        np.testing.assert_array_equal(found[-1], found[0])
