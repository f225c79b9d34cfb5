"""Meaning of a picture's values: matrix, primaries and transfer, by the numbers of ITU-T H.273 that files carry.

In memory pictures are R'G'B' as their source codes them, in the source's primaries. A result composited over the plate
thus has the plate's own values, whether the compositing program reads tags or not.

See `working_spaces` for the linear spaces of EXR, and `images.transfer` for the curve of sRGB.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from propagate.arrays import Floats
from stylize.errors import ShotError

# Numbers that mean nothing: reserved, unspecified, reserved.
_UNSPECIFIED = (0, 2, 3)
_D65, _C, _DCI = (0.3127, 0.329), (0.31, 0.316), (0.314, 0.351)
# Weights of red and blue in luma (Kr, Kb), by matrix; 5 and 6 (625 and 525 lines) are the same.
LUMA: Mapping[int, tuple[float, float]] = MappingProxyType(
    {1: (0.2126, 0.0722), 4: (0.3, 0.11), 5: (0.299, 0.114), 6: (0.299, 0.114), 7: (0.212, 0.087), 9: (0.2627, 0.0593)}
)
# Name, and x and y of red, green, blue and white, by primaries.
_PRIMARIES: Mapping[int, tuple[str, tuple[float, ...]]] = MappingProxyType(
    {
        1: ("Rec. 709", (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, *_D65)),
        4: ("NTSC of 1953", (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, *_C)),
        5: ("EBU (625 lines)", (0.64, 0.33, 0.29, 0.6, 0.15, 0.06, *_D65)),
        6: ("SMPTE C (525 lines)", (0.63, 0.34, 0.31, 0.595, 0.155, 0.07, *_D65)),
        7: ("SMPTE 240M", (0.63, 0.34, 0.31, 0.595, 0.155, 0.07, *_D65)),
        9: ("Rec. 2020", (0.708, 0.292, 0.17, 0.797, 0.131, 0.046, *_D65)),
        11: ("DCI-P3", (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, *_DCI)),
        12: ("Display P3", (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, *_D65)),
        22: ("EBU 3213", (0.63, 0.34, 0.295, 0.605, 0.155, 0.077, *_D65)),
    }
)
# Defaults of primaries and transfer, by matrix; those of BT.709 with any other.
_WITH_MATRIX = {4: (4, 4), 5: (5, 6), 6: (6, 6), 7: (7, 7), 9: (9, 14)}
# Defaults of the matrix, by primaries, for footage coded without one.
_WITH_PRIMARIES = {4: 4, 5: 5, 6: 6, 7: 7, 9: 9}
HDR_TRANSFERS: Mapping[int, str] = MappingProxyType({16: "PQ", 18: "HLG"})
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


# Cache keys of deliveries hold the repr: renaming the class or a field regenerates them.
@dataclass(frozen=True)
class Colour:
    """Numbers of H.273 of a picture.

    matrix: between R'G'B' and luma with colour differences. primaries: of red, green, blue and white. transfer: the
    coding of light.
    """

    matrix: int = 1
    primaries: int = 1
    transfer: int = 1

    @property
    def name(self) -> str:
        """Name of the primaries."""
        return _PRIMARIES[self.primaries][0]

    @property
    def has_rec709_primaries(self) -> bool:
        """Return whether the primaries are those of Rec. 709 and sRGB, whatever the matrix and transfer."""
        return self.primaries == BT709.primaries

    @property
    def chromaticities(self) -> tuple[float, ...]:
        """x and y of red, green, blue and white."""
        return _PRIMARIES[self.primaries][1]


BT709 = Colour()


def colour_from_tags(matrix: int, primaries: int, transfer: int) -> Colour:
    """Return the colour that a file's tags declare; missing ones follow from the others, and BT.709 from none."""
    known = matrix if matrix in LUMA else _WITH_PRIMARIES.get(primaries, BT709.matrix)
    usual_primaries, usual_transfer = _WITH_MATRIX.get(known, (BT709.primaries, BT709.transfer))
    return Colour(
        known,
        primaries if primaries in _PRIMARIES else usual_primaries,
        transfer if transfer not in _UNSPECIFIED else usual_transfer,
    )


def hdr_error(path: Path, transfer: str) -> ShotError:
    """Return the error for high dynamic range footage, which does not match a look painted for a display."""
    return ShotError(
        f"{path}: expected colours for a screen, found high dynamic range ({transfer}): bring it to Rec. 709 first, as "
        "with ffmpeg -vf zscale=t=linear:npl=203,tonemap=mobius,zscale=p=bt709:t=bt709:m=bt709:r=tv"
    )


def to_rec709(linear: Floats, colour: Colour) -> Floats:
    """Convert float32 (H, W, 3), linear light, from the primaries of `colour` to those of Rec. 709.

    Colours outside of Rec. 709 get values below 0. White stays white (Bradford).
    """
    return _transformed(linear, primaries_matrix(colour, BT709))


def from_rec709(linear: Floats, colour: Colour) -> Floats:
    """Convert float32 (H, W, 3), linear light, from the primaries of Rec. 709 to those of `colour`; see `to_rec709`."""
    return _transformed(linear, primaries_matrix(BT709, colour))


def primaries_matrix(source: Colour, target: Colour) -> Floats:
    """Return the matrix, float64 (3, 3), from linear RGB in the primaries of `source` to that of `target`."""
    return np.asarray(np.linalg.inv(_to_xyz(target.chromaticities)) @ _to_xyz(source.chromaticities))


def _transformed(linear: Floats, matrix: Floats) -> Floats:
    # Sums in a fixed order: bit-identical on every processor, unlike matrix products.
    red, green, blue = (linear[..., channel] for channel in range(3))
    rows = [red * a + green * b + blue * c for a, b, c in matrix.astype(np.float32)]
    return np.ascontiguousarray(np.stack(rows, axis=-1), np.float32)


def rgb_to_xyz(colour: Colour, white: tuple[float, float]) -> tuple[Floats, Floats]:
    """Return two matrices, float64 (3, 3), for a white point ``white`` (x, y).

    The first is from linear RGB in the primaries of ``colour`` to XYZ adapted to ``white``, the second the adaptation
    alone, from the white of ``colour`` (Bradford).
    """
    own = colour.chromaticities
    adaptation = _adaptation((own[6], own[7]), white)
    return np.asarray(adaptation @ _unadapted_to_xyz(own)), adaptation


def _to_xyz(chromaticities: tuple[float, ...]) -> Floats:
    """Return the matrix from RGB to XYZ, adapted to D65 by Bradford (Lindbloom)."""
    return np.asarray(_adaptation((chromaticities[6], chromaticities[7]), _D65) @ _unadapted_to_xyz(chromaticities))


def _unadapted_to_xyz(chromaticities: tuple[float, ...]) -> Floats:
    """Return the matrix from RGB to XYZ, with the white point of the primaries themselves."""
    xyz = np.stack([_xyz(point) for point in np.array(chromaticities).reshape(4, 2)], axis=1)
    return np.asarray(xyz[:, :3] * np.linalg.solve(xyz[:, :3], xyz[:, 3]))


def _adaptation(source: tuple[float, float], target: tuple[float, float]) -> Floats:
    scale = np.diag((_BRADFORD @ _xyz(target)) / (_BRADFORD @ _xyz(source)))
    return np.asarray(np.linalg.inv(_BRADFORD) @ scale @ _BRADFORD)


def _xyz(point: Sequence[float] | Floats) -> Floats:
    x, y = point
    return np.array([x / y, 1, (1 - x - y) / y])
