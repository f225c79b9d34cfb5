"""Colour of pictures: matrix, primaries and transfer characteristics, as code points of ITU-T H.273.

In memory, pictures are R'G'B' as coded in their source, with the source's primaries. A result composited over the plate
thus has the plate's values, even in compositing programs that ignore tags.

See `working_spaces` for the linear spaces of EXR, and `images.transfer` for the sRGB curve.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from propagate.arrays import Floats
from stylize.errors import ShotError

# Code points without a meaning: reserved, unspecified, reserved.
_UNSPECIFIED = (0, 2, 3)
_D65, _C, _DCI = (0.3127, 0.329), (0.31, 0.316), (0.314, 0.351)
# Weights of red and blue in luma (Kr, Kb), by matrix. 5 and 6 (625 and 525 lines) are identical.
LUMA: Mapping[int, tuple[float, float]] = MappingProxyType(
    {1: (0.2126, 0.0722), 4: (0.3, 0.11), 5: (0.299, 0.114), 6: (0.299, 0.114), 7: (0.212, 0.087), 9: (0.2627, 0.0593)}
)
# Name and chromaticities (x and y of red, green, blue and white), by primaries.
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
NAMED_PRIMARIES = tuple(_PRIMARIES)
# Default primaries and transfer, by matrix. Other matrices have those of BT.709.
_WITH_MATRIX = {4: (4, 4), 5: (5, 6), 6: (6, 6), 7: (7, 7), 9: (9, 14)}
# Default matrix, by primaries, for footage without a declared matrix.
_WITH_PRIMARIES = {4: 4, 5: 5, 6: 6, 7: 7, 9: 9}
HDR_TRANSFERS: Mapping[int, str] = MappingProxyType({16: "PQ", 18: "HLG"})
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


# The repr is part of cache keys: renaming the class or a field regenerates all deliveries.
@dataclass(frozen=True)
class Colour:
    """Colour of a picture, as code points of ITU-T H.273. The default is BT.709.

    matrix: between R'G'B' and Y'CbCr. primaries: chromaticities of red, green, blue and white. transfer: transfer
    characteristics.
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
        """True if the primaries are those of Rec. 709 and sRGB. Matrix and transfer may differ."""
        return self.primaries == BT709.primaries

    @property
    def chromaticities(self) -> tuple[float, ...]:
        """Chromaticities: x and y of red, green, blue and white."""
        return _PRIMARIES[self.primaries][1]


BT709 = Colour()


def colour_from_tags(matrix: int, primaries: int, transfer: int) -> Colour:
    """Return the colour that a file's tags declare. Missing tags are derived from the others; without any: BT.709."""
    known = matrix if matrix in LUMA else _WITH_PRIMARIES.get(primaries, BT709.matrix)
    usual_primaries, usual_transfer = _WITH_MATRIX.get(known, (BT709.primaries, BT709.transfer))
    return Colour(
        known,
        primaries if primaries in _PRIMARIES else usual_primaries,
        transfer if transfer not in _UNSPECIFIED else usual_transfer,
    )


def hdr_error(path: Path, transfer: str) -> ShotError:
    """Return the error for high dynamic range footage. transfer: its name."""
    advice = "give --tonemap bt2390 to convert it to Rec. 709"
    return ShotError(f"{path}: expected standard dynamic range, found high dynamic range ({transfer}); {advice}")


def luminance_weights(colour: Colour) -> tuple[float, float, float]:
    """Return the weights of linear red, green and blue in luminance, which follow from the primaries and white."""
    red, green, blue = _unadapted_to_xyz(colour.chromaticities)[1].tolist()
    return red, green, blue


def to_rec709(linear: Floats, colour: Colour) -> Floats:
    """Convert linear RGB from the primaries of `colour` to those of Rec. 709: float32 (H, W, 3).

    White is preserved by Bradford adaptation. Colours outside the Rec. 709 gamut have negative values.
    """
    return matrix_product(linear, primaries_matrix(colour, BT709))


def from_rec709(linear: Floats, colour: Colour) -> Floats:
    """Convert linear RGB from the primaries of Rec. 709 to those of `colour`: float32 (H, W, 3). See `to_rec709`."""
    return matrix_product(linear, primaries_matrix(BT709, colour))


def primaries_matrix(source: Colour, target: Colour) -> Floats:
    """Return the matrix from linear RGB in the primaries of `source` to those of `target`: float64 (3, 3)."""
    return np.asarray(np.linalg.inv(_to_xyz(target.chromaticities)) @ _to_xyz(source.chromaticities))


def matrix_product(linear: Floats, matrix: Floats) -> Floats:
    """Return linear RGB, float32 (H, W, 3), multiplied by a matrix, float64 (3, 3): float32 of the same shape."""
    # Sums in a fixed order are bit-identical on all processors, unlike matrix products.
    red, green, blue = (linear[..., channel] for channel in range(3))
    rows = [red * a + green * b + blue * c for a, b, c in matrix.astype(np.float32)]
    return np.ascontiguousarray(np.stack(rows, axis=-1), np.float32)


def rgb_to_xyz(colour: Colour, white: tuple[float, float]) -> tuple[Floats, Floats]:
    """Return the matrix from linear RGB to XYZ and the chromatic adaptation that it contains: float64 (3, 3) each.

    colour: primaries of RGB. white: white point (x, y) to which XYZ is adapted from the white of ``colour`` (Bradford).
    """
    own = colour.chromaticities
    return chromaticities_to_xyz(own, white), _adaptation((own[6], own[7]), white)


def chromaticities_to_xyz(chromaticities: tuple[float, ...], white: tuple[float, float]) -> Floats:
    """Return the matrix from linear RGB to XYZ, adapted to a white point (Bradford): float64 (3, 3).

    chromaticities: x and y of red, green, blue and white. white: (x, y).
    """
    return np.asarray(_adaptation((chromaticities[6], chromaticities[7]), white) @ _unadapted_to_xyz(chromaticities))


def _to_xyz(chromaticities: tuple[float, ...]) -> Floats:
    """Return the matrix from linear RGB to XYZ, adapted to D65 (Bradford; see Lindbloom)."""
    return chromaticities_to_xyz(chromaticities, _D65)


def _unadapted_to_xyz(chromaticities: tuple[float, ...]) -> Floats:
    """Return the matrix from linear RGB to XYZ, relative to the white point of the primaries."""
    xyz = np.stack([_xyz(point) for point in np.array(chromaticities).reshape(4, 2)], axis=1)
    return np.asarray(xyz[:, :3] * np.linalg.solve(xyz[:, :3], xyz[:, 3]))


def _adaptation(source: tuple[float, float], target: tuple[float, float]) -> Floats:
    scale = np.diag((_BRADFORD @ _xyz(target)) / (_BRADFORD @ _xyz(source)))
    return np.asarray(np.linalg.inv(_BRADFORD) @ scale @ _BRADFORD)


def _xyz(point: Sequence[float] | Floats) -> Floats:
    x, y = point
    return np.array([x / y, 1, (1 - x - y) / y])
