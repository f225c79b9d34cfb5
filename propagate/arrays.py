"""Aliases of the array types that the whole package uses."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = np.float32
U8 = np.uint8

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int32]
Shorts = NDArray[np.int16]
Longs = NDArray[np.int64]
Bools = NDArray[np.bool_]
Pixels = NDArray[Any]
