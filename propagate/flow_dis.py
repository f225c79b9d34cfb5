"""Dense inverse search flow (Kroeger, Timofte, Dai and Van Gool, ECCV 2016), through OpenCV."""

import cv2
import numpy as np

from propagate.arrays import F32, Bytes, Floats
from propagate.bands import Band, split_rows

# Preset of OpenCV; finest level of its pyramid that is searched, 0 being full resolution; patch stride in pixels;
# steps of gradient descent. Against a key the search starts close, so that few steps suffice.
PRESETS = {
    "fast": (cv2.DISOPTICAL_FLOW_PRESET_FAST, 2, 4, 16),
    "medium": (cv2.DISOPTICAL_FLOW_PRESET_MEDIUM, 1, 3, 25),
    "fine": (cv2.DISOPTICAL_FLOW_PRESET_MEDIUM, 0, 4, 8),
}

# The method works on patches of 8 pixels over a pyramid; smaller pictures are extended to this size.
MIN_SIDE = 32

# Against a key the method needs 195 bytes per pixel. Pictures of more pixels than this are processed in strips of about
# that many, which overlap by this many rows on each side and are cross-faded there. Drift is a few pixels at most, so
# that a strip need not extend further.
STRIP_PIXELS, OVERLAP = 1 << 20, 32


class DisFlow:
    """A FlowEstimator without weights. Results are bit-identical on one machine."""

    def __init__(self, preset: str = "medium") -> None:
        """preset: ``fast`` for planning, ``medium`` between neighbours, ``fine`` against a key."""
        if preset not in PRESETS:
            raise ValueError(f"DIS preset must be one of {', '.join(PRESETS)}, not {preset!r}")
        self.preset = preset
        # An engine keeps its buffers and is not thread-safe.
        self._idle_engines: list[cv2.DISOpticalFlow] = []

    def _create_engine(self) -> cv2.DISOpticalFlow:
        settings, finest, stride, steps = PRESETS[self.preset]
        engine = cv2.DISOpticalFlow.create(settings)
        engine.setFinestScale(finest)
        engine.setPatchStride(stride)
        engine.setGradientDescentIterations(steps)
        return engine

    def __call__(self, source: Bytes, target: Bytes) -> Floats:
        """See FlowEstimator. Raises ValueError when the two pictures differ in size."""
        if source.shape != target.shape:
            raise ValueError(f"flow needs two pictures of the same size, not {source.shape} and {target.shape}")
        greys = cv2.cvtColor(source, cv2.COLOR_RGB2GRAY), cv2.cvtColor(target, cv2.COLOR_RGB2GRAY)
        if target.shape[0] * target.shape[1] <= STRIP_PIXELS:
            return self._estimate(*greys)
        if self.preset == "fine":
            return self._estimate_strips(*greys)
        flow = self._estimate(*greys)
        # Buffers take 52 bytes per pixel; allocating them again would take 5 % of the time.
        self._idle_engines.clear()
        return flow

    def _estimate(self, source: Bytes, target: Bytes) -> Floats:
        """Estimate flow between grey pictures, (H, W), without strips."""
        height, width = target.shape
        bottom, right = max(0, MIN_SIDE - height), max(0, MIN_SIDE - width)
        grey = [cv2.copyMakeBorder(p, 0, bottom, 0, right, cv2.BORDER_REPLICATE) for p in (source, target)]
        try:
            engine = self._idle_engines.pop()
        except IndexError:
            engine = self._create_engine()
        flow = engine.calc(grey[1], grey[0], None)
        self._idle_engines.append(engine)
        return np.ascontiguousarray(flow[:height, :width])

    def _estimate_strips(self, source: Bytes, target: Bytes) -> Floats:
        """Estimate flow like ``_estimate``, using the memory of one strip."""
        height, width = target.shape
        flow = np.zeros((height, width, 2), F32)
        for strip in split_rows(height, strip_height(height, width), OVERLAP):
            flow[strip.with_halo] += (
                self._estimate(source[strip.with_halo], target[strip.with_halo])
                * strip_weights(strip, height)[:, None, None]
            )
        return flow

    def cache_key(self) -> str:
        """See FlowEstimator."""
        strips = f"-strips{STRIP_PIXELS}+{OVERLAP}" if self.preset == "fine" else ""
        return f"dis-{self.preset}{strips}"


def strip_height(height: int, width: int) -> int:
    """Height of the strips: as few equal strips as possible, none lower than its overlap with both neighbours."""
    return max(2 * OVERLAP, -(-height // -(-height * width // STRIP_PIXELS)))


def strip_weights(strip: Band, height: int) -> Floats:
    """Weight of each row of a strip with its halo: float32 (h,).

    1 inside, and a linear ramp across the overlap with a neighbouring strip; the weights of both sum to 1.
    """
    position = np.arange(strip.halo_start, strip.halo_stop, dtype=F32) + F32(0.5)
    above = (position - (strip.start - OVERLAP)) / F32(2 * OVERLAP) if strip.start else np.ones_like(position)
    below = (strip.stop + OVERLAP - position) / F32(2 * OVERLAP) if strip.stop < height else np.ones_like(position)
    return np.clip(np.minimum(above, below), 0, 1)
