"""Load what every worker needs into the process from which workers are forked, without starting a thread there.

Importing this module has this effect. Workers would otherwise spend a second each on it.
"""

import numpy as np

import stylize.spans.span_worker  # noqa: F401
from propagate.patchmatch_numba import count_usage

# The first call of any kernel makes numba import its own library, and SciPy's.
count_usage(np.zeros((1, 1, 2), np.int32), np.zeros((1, 1), np.bool_), (1, 1))
