"""Dense inverse search flow (Kroeger, Timofte, Dai and Van Gool, ECCV 2016), through OpenCV."""

import cv2
import numpy as np

from propagate.arrays import Bytes, Floats

# Preset of OpenCV; the finest level of its pyramid that is searched, 0 being every pixel; pixels between patches;
# steps of descent. Against a key the search starts close, so that few steps will do.
PRESETS = {
    "fast": (cv2.DISOPTICAL_FLOW_PRESET_FAST, 2, 4, 16),
    "medium": (cv2.DISOPTICAL_FLOW_PRESET_MEDIUM, 1, 3, 25),
    "fine": (cv2.DISOPTICAL_FLOW_PRESET_MEDIUM, 0, 4, 8),
}

# The method works on patches of 8 pixels over a pyramid; smaller pictures are extended to this size.
SMALLEST = 32


class DisFlow:
    """A FlowEstimator that needs no weights. The same pictures give the same bits on one machine."""

    def __init__(self, preset: str = "medium") -> None:
        """preset: ``fast`` for planning, ``medium`` between neighbours, ``fine`` against a key."""
        if preset not in PRESETS:
            raise ValueError(f"DIS preset must be one of {', '.join(PRESETS)}, not {preset!r}")
        self.preset = preset
        settings, finest, stride, steps = PRESETS[preset]
        self._engine = cv2.DISOpticalFlow.create(settings)
        self._engine.setFinestScale(finest)
        self._engine.setPatchStride(stride)
        self._engine.setGradientDescentIterations(steps)

    def __call__(self, source: Bytes, target: Bytes) -> Floats:
        """See FlowEstimator. Raises ValueError when the two pictures differ in size."""
        if source.shape != target.shape:
            raise ValueError(f"flow needs two pictures of one size, not {source.shape} and {target.shape}")
        height, width = target.shape[:2]
        below, right = max(0, SMALLEST - height), max(0, SMALLEST - width)
        grey = [
            cv2.copyMakeBorder(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), 0, below, 0, right, cv2.BORDER_REPLICATE)
            for p in (source, target)
        ]
        flow = self._engine.calc(grey[1], grey[0], None)
        return np.ascontiguousarray(flow[:height, :width])

    def fingerprint(self) -> str:
        """Method, preset and the library that computes it."""
        return f"dis-{self.preset}-opencv{cv2.__version__}"
