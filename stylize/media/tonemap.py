"""Tone mapping of HDR movies (PQ, HLG) to Rec. 709: ``--tonemap``.

The signal is converted to the light of a display (BT.2100), the primaries are converted to those of Rec. 709, colours
outside their gamut are desaturated to its border, a named curve compresses the range, and the inverse of BT.1886
encodes the result, which is as players and FFmpeg's zscale show Rec. 709. See `propagate.tone_curves` for the curves.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from propagate.arrays import Floats, Pixels
from propagate.bands import Band, for_each_band
from propagate.gamut_mapping import desaturate_into_gamut
from propagate.hdr_light import HLG_PEAK, PQ_PEAK, hlg_to_scene, pq_to_light, scene_to_display
from propagate.tone_curves import WHITE, compress
from stylize.errors import SettingsError
from stylize.media.colour import BT709, HDR_TRANSFERS, Colour, luminance_weights, to_rec709

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

# Peak of PQ footage that declares none, in cd/m²: that of most displays on which it is graded.
DEFAULT_PEAK = 1000.0
_BT1886 = 2.4
_HLG = 18


# The repr is part of cache keys: renaming the class or a field regenerates all plates of HDR movies.
@dataclass(frozen=True)
class ToneMap:
    """Conversion of an HDR movie to Rec. 709.

    curve: one of `tone_curve_names.TONE_CURVES`. source: colour of the movie, whose transfer is PQ or HLG. peak:
    brightest light of the movie, in cd/m².
    """

    curve: str
    source: Colour
    peak: float

    @property
    def text(self) -> str:
        """Description for messages."""
        name = HDR_TRANSFERS[self.source.transfer]
        return f"{name} with a peak of {self.peak:g} cd/m² is tone-mapped to Rec. 709 with {self.curve}"

    def apply(self, pixels: Pixels) -> Pixels:
        """Convert a frame: R'G'B' or R'G'B'A, uint8 or uint16 (H, W, 3 or 4), to the same shape and type."""
        converted = np.empty_like(pixels)
        table = _light_table(self.source.transfer == _HLG, pixels.dtype.name)
        top = np.float32(np.iinfo(pixels.dtype).max)

        def work(band: Band) -> None:
            light = table[pixels[band.rows][..., :3]]
            encoded = np.power(self._mapped(light), np.float32(1 / _BT1886))
            converted[band.rows][..., :3] = np.floor(encoded * top + np.float32(0.5))

        for_each_band(work, pixels.shape)
        converted[..., 3:] = pixels[..., 3:]
        return converted

    def _mapped(self, light: Floats) -> Floats:
        """Convert a signal's light, float32 (H, W, 3), to linear Rec. 709 in [0, 1], where 1 is white."""
        if self.source.transfer == _HLG:
            light = scene_to_display(light, luminance_weights(self.source))
        rec709 = to_rec709(light / np.float32(WHITE), self.source)
        inside = desaturate_into_gamut(rec709, luminance_weights(BT709))
        return compress(inside, self.curve, self.peak / WHITE)


def tone_map_of(path: Path, colour: Colour, peak: float | None, curve: str) -> ToneMap:
    """Return the conversion that --tonemap requests.

    peak: brightest light in cd/m², None for footage without high dynamic range, for which SettingsError is raised.
    """
    if peak is None:
        expected = f"--tonemap converts high dynamic range ({' or '.join(HDR_TRANSFERS.values())})"
        raise SettingsError(f"{path}: {expected}, but this footage has standard range; leave it out")
    return ToneMap(curve, colour, peak)


def peak_of(frame: "VideoFrame", transfer: int) -> float:
    """Return the brightest light of a movie in cd/m², as its first frame declares it.

    PQ: the maximum content light level, else the peak of the mastering display, else `DEFAULT_PEAK`. HLG: that of its
    nominal display. transfer: code point of ITU-T H.273.
    """
    return declared_peak(transfer, (_content_light(frame), _mastering_peak(frame)))


def declared_peak(transfer: int, declared: Iterable[float]) -> float:
    """Return the brightest light in cd/m², as in `peak_of`: the first declared one that is not 0."""
    if transfer == _HLG:
        return HLG_PEAK
    return next((min(float(peak), PQ_PEAK) for peak in declared if peak > 0), DEFAULT_PEAK)


def _content_light(frame: "VideoFrame") -> float:
    """Return MaxCLL, or 0: the first of two unsigned numbers (FFmpeg's AVContentLightMetadata)."""
    values = _side_data(frame, "CONTENT_LIGHT_LEVEL", np.uint32)
    return float(values[0]) if values.size else 0.0


def _mastering_peak(frame: "VideoFrame") -> float:
    """Return the peak of the mastering display, or 0.

    FFmpeg's AVMasteringDisplayMetadata: 10 rational numbers, of which the last is the peak, then 2 flags, of which the
    second states that there is a peak.
    """
    values = _side_data(frame, "MASTERING_DISPLAY_METADATA", np.int32)
    if values.size < 22 or not values[21] or not values[19]:
        return 0.0
    return float(values[18] / values[19])


def _side_data(frame: "VideoFrame", name: str, dtype: type) -> Pixels:
    from av.buffer import Buffer

    found = frame.side_data.get(name)
    return np.frombuffer(bytes(found), dtype) if isinstance(found, Buffer) else np.empty(0, dtype)


@cache
def _light_table(hlg: bool, dtype: str) -> Floats:
    """Return the light of each code value: display light of PQ in cd/m², or scene light of HLG: float32 (N,)."""
    top = np.iinfo(np.dtype(dtype)).max
    signal = np.arange(top + 1, dtype=np.float64) / top
    return (hlg_to_scene(signal) if hlg else pq_to_light(signal)).astype(np.float32)
