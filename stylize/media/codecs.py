"""Codecs of movies: their encoders, pixel formats and options, and the files that carry them. Imports no library."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from stylize.errors import SettingsError


@dataclass(frozen=True)
class Codec:
    """One codec as editors name it.

    label: its name in messages. encoder: FFmpeg's name of the encoder. suffixes: of the files that carry it. options:
    of the encoder. interframe: whether frames depend on each other. tag: of the stream in a QuickTime file, where
    players do not know the one that FFmpeg chooses. min_size: minimum width and height. matrix: the only one that its
    frames can declare, if there is only one.

    Pixel formats have FFmpeg's names. pixel_format: the usual one. odd_format: for an odd width or height, which 4:2:0
    does not have. alpha_format: with alpha; None if the codec keeps none. deep_format, deep_alpha_format: of more than
    8 bits, if the others have 8 only.
    """

    name: str
    label: str
    encoder: str
    suffixes: tuple[str, ...]
    pixel_format: str
    options: Mapping[str, str]
    odd_format: str | None = None
    alpha_format: str | None = None
    deep_format: str | None = None
    deep_alpha_format: str | None = None
    tag: str | None = None
    interframe: bool = False
    min_size: tuple[int, int] = (1, 1)
    matrix: int | None = None

    def pixels(self, size: tuple[int, int], alpha: bool, depth: int) -> str:
        """Return the pixel format for pictures of `size` (width, height). depth: bits per channel."""
        if alpha and self.alpha_format:
            return (depth > 8 and self.deep_alpha_format) or self.alpha_format
        if depth > 8 and self.deep_format:
            return self.deep_format
        return self.odd_format if self.odd_format and any(side % 2 for side in size) else self.pixel_format


def _table(*codecs: Codec) -> Mapping[str, Codec]:
    return MappingProxyType({codec.name: codec for codec in codecs})


# Constant rate factor of x264 and x265: at 14 no difference is visible, and brush texture survives. Macroblock-tree
# rate control reads uninitialised memory: with it the output is not bit-identical from run to run.
_X264 = {"crf": "14", "preset": "medium", "x264-params": "mbtree=0"}
# Both numbers of threads are fixed, because the output of x265 depends on them.
_X265 = {"crf": "14", "preset": "medium", "x265-params": "log-level=error:frame-threads=2:pools=4"}
# DNxHR does not support smaller pictures, and FFmpeg's encoder declares BT.709 in every frame, which readers believe.
_DNXHR, _BT709 = (256, 120), 1
_PLAYERS, _EDITORS = (".mp4", ".mov", ".mkv"), (".mov",)

CODECS = _table(
    Codec("h264", "H.264", "libx264", _PLAYERS, "yuv420p", _X264, odd_format="yuv444p", interframe=True),
    Codec("h264-10", "H.264 of 10 bits", "libx264", _PLAYERS, "yuv420p10le", _X264, odd_format="yuv444p10le",
          interframe=True),
    Codec("h265", "H.265", "libx265", _PLAYERS, "yuv420p", _X265, odd_format="yuv444p", tag="hvc1", interframe=True),
    Codec("h265-10", "H.265 of 10 bits", "libx265", _PLAYERS, "yuv420p10le", _X265, odd_format="yuv444p10le",
          tag="hvc1", interframe=True),
    Codec("prores-422hq", "ProRes 422 HQ", "prores_ks", _EDITORS, "yuv422p10le",
          {"profile": "3", "vendor": "apl0", "bits_per_mb": "8000"}),
    Codec("prores-4444", "ProRes 4444", "prores_ks", _EDITORS, "yuv444p10le",
          {"profile": "4", "vendor": "apl0", "bits_per_mb": "8000", "alpha_bits": "16"}, alpha_format="yuva444p10le"),
    Codec("dnxhr-hq", "DNxHR HQ", "dnxhd", _EDITORS, "yuv422p", {"profile": "dnxhr_hq"},
          min_size=_DNXHR, matrix=_BT709),
    Codec("dnxhr-hqx", "DNxHR HQX", "dnxhd", _EDITORS, "yuv422p10le", {"profile": "dnxhr_hqx"},
          min_size=_DNXHR, matrix=_BT709),
    Codec("dnxhr-444", "DNxHR 444", "dnxhd", _EDITORS, "yuv444p10le", {"profile": "dnxhr_444"},
          min_size=_DNXHR, matrix=_BT709),
    Codec("ffv1", "FFV1", "ffv1", (".mkv",), "bgr0", {"level": "3", "slicecrc": "1", "slices": "4"},
          alpha_format="bgra", deep_format="gbrp16le", deep_alpha_format="gbrap16le"),
)  # fmt: skip

# Default codec of a suffix.
DEFAULT_CODECS: Mapping[str, str] = MappingProxyType({".mp4": "h264", ".mov": "h264", ".mkv": "ffv1"})


def codec_of(suffix: str, name: str | None) -> Codec:
    """Return the codec of this name, by default the usual one for a movie file of `suffix`.

    SettingsError if such a file does not carry it.
    """
    codec = CODECS[name or DEFAULT_CODECS[suffix.lower()]]
    if suffix.lower() not in codec.suffixes:
        fitting = " or ".join(codec.suffixes)
        raise SettingsError(f"--codec {codec.name} does not go into {suffix}: name the movie with {fitting}")
    return codec
