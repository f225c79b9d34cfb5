"""Video codecs: encoders, pixel formats, options, and the file types that support them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from stylize.errors import SettingsError


@dataclass(frozen=True)
class Codec:
    """One video codec.

    name: value of ``--codec``. label: name in messages. encoder: FFmpeg's name of the encoder. suffixes: file types
    that support the codec. options: options of the encoder. interframe: frames depend on each other. tag: codec tag in
    QuickTime files, where players do not recognise FFmpeg's default. min_size: minimum (width, height). matrix: the
    only matrix that its frames can declare; None if all are possible.

    Pixel formats have FFmpeg's names. pixel_format: default. odd_format: for odd widths or heights, which 4:2:0 does
    not support. alpha_format: with alpha; None if the codec has no alpha. deep_format, deep_alpha_format: for more than
    8 bits, if the other formats have 8.
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
        """Return the pixel format for pictures. size: (width, height). depth: bits per channel."""
        if alpha and self.alpha_format:
            return (depth > 8 and self.deep_alpha_format) or self.alpha_format
        if depth > 8 and self.deep_format:
            return self.deep_format
        return self.odd_format if self.odd_format and any(side % 2 for side in size) else self.pixel_format


def _table(*codecs: Codec) -> Mapping[str, Codec]:
    return MappingProxyType({codec.name: codec for codec in codecs})


# Constant rate factor 14 is visually lossless and keeps brush texture. Macroblock-tree rate control reads uninitialised
# memory, so the output would not be bit-identical from run to run.
_X264 = {"crf": "14", "preset": "medium", "x264-params": "mbtree=0"}
# The numbers of threads are fixed because the output of x265 depends on them.
_X265 = {"crf": "14", "preset": "medium", "x265-params": "log-level=error:frame-threads=2:pools=4"}
# DNxHR does not support smaller pictures. FFmpeg's encoder declares BT.709 in each frame, which decoders trust.
_DNXHR, _BT709 = (256, 120), 1
_PLAYERS, _EDITORS = (".mp4", ".mov", ".mkv"), (".mov",)

CODECS = _table(
    Codec("h264", "H.264", "libx264", _PLAYERS, "yuv420p", _X264, odd_format="yuv444p", interframe=True),
    Codec("h264-10", "10-bit H.264", "libx264", _PLAYERS, "yuv420p10le", _X264, odd_format="yuv444p10le",
          interframe=True),
    Codec("h265", "H.265", "libx265", _PLAYERS, "yuv420p", _X265, odd_format="yuv444p", tag="hvc1", interframe=True),
    Codec("h265-10", "10-bit H.265", "libx265", _PLAYERS, "yuv420p10le", _X265, odd_format="yuv444p10le",
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

# Default codec of each file type.
DEFAULT_CODECS: Mapping[str, str] = MappingProxyType({".mp4": "h264", ".mov": "h264", ".mkv": "ffv1"})


def codec_of(suffix: str, name: str | None) -> Codec:
    """Return the codec of this name; by default the one for movies of `suffix`.

    Raises SettingsError if the file type does not support it.
    """
    codec = CODECS[name or DEFAULT_CODECS[suffix.lower()]]
    if suffix.lower() not in codec.suffixes:
        fitting = " or ".join(codec.suffixes)
        raise SettingsError(f"--codec {codec.name} is not supported in {suffix}; use the suffix {fitting}")
    return codec
