"""A Segmenter that runs a network of salient objects or of portraits in ONNX, through onnxruntime.

Any network will do that takes one picture, (1, 3, h, w), and whose first result is one plane of the same picture. Sides
that the file leaves open are 320. What comes out between 0 and 1 is taken as it is, other values as logits.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import cv2
import numpy as np

from masks.arrays import F32, Bytes, Floats

# Raise it whenever the same network gives other mattes.
VERSION = 1
USUAL_SIDE = 320
# Mean and deviation of the pictures that networks were trained with: U2-Net (Qin et al., 2020) with ImageNet's,
# IS-Net (Qin et al., 2022), known by its side of 1024, with these.
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
ISNET_SIDE, ISNET = 1024, ((0.5, 0.5, 0.5), (1.0, 1.0, 1.0))
# Beyond 0 and 1 by this much, values are no shares.
ROUNDING = 1e-3


class OnnxSegmenter:
    """See Segmenter. Each picture stands alone. The same pictures give the same bits on one machine."""

    def __init__(self, model: bytes) -> None:
        """model: the contents of a file. Raises ValueError for what is no network of this kind, ImportError without
        onnxruntime."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # Sums that are shared among threads depend on how many there are.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors have no common root
            raise ValueError(f"not an ONNX network that can be run ({_first_line(error)})") from error
        inputs = self._session.get_inputs()
        shape: list[Any] = list(inputs[0].shape) if inputs else []
        if len(inputs) != 1 or len(shape) != 4 or (isinstance(shape[1], int) and shape[1] != 3):
            shapes = [list(one.shape) for one in inputs]
            raise ValueError(f"expected a network that takes one picture, (1, 3, h, w), not {shapes}")
        self._name = inputs[0].name
        self._size = tuple(side if isinstance(side, int) else USUAL_SIDE for side in shape[2:])
        self._mark = hashlib.blake2b(model, digest_size=16).hexdigest()

    def __call__(self, frames: Sequence[int], plate: Callable[[int], Bytes]) -> Iterator[tuple[int, Floats]]:
        """See Segmenter."""
        for frame in frames:
            yield frame, self._matte(plate(frame))

    def fingerprint(self) -> str:
        """Network, version and the library that runs it."""
        import onnxruntime

        return f"onnx-{VERSION}-{onnxruntime.__version__}-{self._mark}"

    def _matte(self, picture: Bytes) -> Floats:
        height, width = picture.shape[:2]
        mean, deviation = ISNET if self._size[0] == ISNET_SIDE else IMAGENET
        small = cv2.resize(picture, self._size[::-1], interpolation=cv2.INTER_AREA).astype(F32)
        scaled = (small / F32(max(1, int(small.max()))) - np.asarray(mean, F32)) / np.asarray(deviation, F32)
        result = self._session.run(None, {self._name: np.ascontiguousarray(scaled.transpose(2, 0, 1)[None])})[0]
        plane = np.squeeze(np.asarray(result, F32))
        if plane.ndim != 2 or not np.isfinite(plane).all():
            raise ValueError(f"expected one plane of numbers from the network, not {np.asarray(result).shape}")
        if plane.min() < -ROUNDING or plane.max() > 1 + ROUNDING:
            plane = (1 / (1 + np.exp(-plane))).astype(F32)
        return np.clip(cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR), 0, 1).astype(F32)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0][:120]
