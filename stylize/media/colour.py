"""What the values of a picture mean: matrix, primaries and transfer, by the numbers of ITU-T H.273 that files carry.

Inside of the program pictures are R'G'B' as their source codes them, in the source's primaries: what a compositor lays
over the plate has the plate's own values, whether the program that shows both looks at tags or not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from propagate.arrays import Floats
from stylize.errors import ShotError

_UNSAID = 2
_D65, _C, _DCI = (0.3127, 0.329), (0.31, 0.316), (0.314, 0.351)
# Shares of red and blue in luma, by matrix; 5 and 6 (625 and 525 lines) are of one kind.
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
# What goes with a matrix where the file does not say: primaries, transfer. Those of BT.709 with any other.
_WITH_MATRIX = {4: (4, 4), 5: (5, 6), 6: (6, 6), 7: (7, 7), 9: (9, 14)}
# And the matrix for primaries of what was coded without one.
_WITH_PRIMARIES = {4: 4, 5: 5, 6: 6, 7: 7, 9: 9}
HDR_TRANSFERS: Mapping[int, str] = MappingProxyType({16: "PQ", 18: "HLG"})
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


@dataclass(frozen=True)
class Colour:
    """matrix: between R'G'B' and luma with colour differences. primaries: which red, green, blue and white.
    transfer: how light is coded."""

    matrix: int = 1
    primaries: int = 1
    transfer: int = 1

    @property
    def name(self) -> str:
        """Of its primaries."""
        return _PRIMARIES[self.primaries][0]

    @property
    def is_usual(self) -> bool:
        """Whether its primaries are those of Rec. 709 and sRGB."""
        return self.primaries == BT709.primaries

    @property
    def corners(self) -> tuple[float, ...]:
        """x and y of red, green, blue and white."""
        return _PRIMARIES[self.primaries][1]


BT709 = Colour()


def colour_of(matrix: int, primaries: int, transfer: int) -> Colour:
    """What a file's tags say, and where it says less, what goes with what it does say; nothing means BT.709."""
    known = matrix if matrix in LUMA else _WITH_PRIMARIES.get(primaries, BT709.matrix)
    usual_primaries, usual_transfer = _WITH_MATRIX.get(known, (BT709.primaries, BT709.transfer))
    return Colour(
        known,
        primaries if primaries in _PRIMARIES else usual_primaries,
        transfer if transfer not in (0, _UNSAID, 3) else usual_transfer,
    )


def high_range(path: Path, transfer: str) -> ShotError:
    """Why footage of high dynamic range is not taken: a look that was painted for a screen has no place in it."""
    return ShotError(
        f"{path}: expected colours for a screen, found high dynamic range ({transfer}): bring it to Rec. 709 first, as "
        "with ffmpeg -vf zscale=t=linear:npl=203,tonemap=mobius,zscale=p=bt709:t=bt709:m=bt709:r=tv"
    )


def to_rec709(linear: Floats, colour: Colour) -> Floats:
    """float32 (H, W, 3), linear light in `colour`'s primaries -> in those of Rec. 709; what lies outside of them is
    below 0. White stays white (Bradford)."""
    return _through(linear, between(colour, BT709))


def from_rec709(linear: Floats, colour: Colour) -> Floats:
    """The way back."""
    return _through(linear, between(BT709, colour))


def between(given: Colour, wanted: Colour) -> Floats:
    """float64 (3, 3): linear R, G, B in the primaries of `given` -> in those of `wanted`."""
    return np.asarray(np.linalg.inv(_to_xyz(wanted.corners)) @ _to_xyz(given.corners))


def _through(linear: Floats, matrix: Floats) -> Floats:
    # Sums in a fixed order: the same bits on every processor, which matrix products do not promise.
    red, green, blue = (linear[..., channel] for channel in range(3))
    rows = [red * a + green * b + blue * c for a, b, c in matrix.astype(np.float32)]
    return np.ascontiguousarray(np.stack(rows, axis=-1), np.float32)


def to_white(colour: Colour, white: tuple[float, float]) -> tuple[Floats, Floats]:
    """float64 (3, 3) twice: linear R, G, B in the primaries of ``colour`` -> XYZ seen from ``white`` (x, y), and the
    adaptation to it from its own white, Bradford's."""
    own = colour.corners
    adapted = _adaptation((own[6], own[7]), white)
    return np.asarray(adapted @ _native(own)), adapted


def _to_xyz(corners: tuple[float, ...]) -> Floats:
    """RGB to XYZ, adapted to D65 by Bradford (Lindbloom)."""
    return np.asarray(_adaptation((corners[6], corners[7]), _D65) @ _native(corners))


def _native(corners: tuple[float, ...]) -> Floats:
    """RGB to XYZ, white at its own place."""
    xyz = np.stack([_xyz(point) for point in np.array(corners).reshape(4, 2)], axis=1)
    return np.asarray(xyz[:, :3] * np.linalg.solve(xyz[:, :3], xyz[:, 3]))


def _adaptation(given: tuple[float, float], wanted: tuple[float, float]) -> Floats:
    scale = np.diag((_BRADFORD @ _xyz(wanted)) / (_BRADFORD @ _xyz(given)))
    return np.asarray(np.linalg.inv(_BRADFORD) @ scale @ _BRADFORD)


def _xyz(point: Sequence[float] | Floats) -> Floats:
    x, y = point
    return np.array([x / y, 1, (1 - x - y) / y])
