"""The filters that define the truth are deterministic."""

import numpy as np
import pytest

from tests.benchmarks.propagation.truth import FILTERS
from tests.synthetic import texture


@pytest.mark.slow
@pytest.mark.parametrize("name", FILTERS)
def test_filters_do_not_depend_on_memory_layout(name):
    plate = texture(4, (320, 180))
    found = [FILTERS[name](plate)]
    for gap in range(16):  # results are kept, so that the next one lies elsewhere
        found += [np.empty(4 * gap + 1, np.uint8), FILTERS[name](plate)]
        np.testing.assert_array_equal(found[-1], found[0])
