"""A human head as a solid form, its eyes cast down. Chin at y = -1, crown at 1, the face towards z; y is up."""

import numpy as np

from painting.scene import Array
from painting.sculpture import Form, Point, both, carved, chain, ellipsoid, fused, half_space, limb

EYE: Point = (0.235, 0.015, 0.535)


def mirrored(form: Form) -> Form:
    """A form made for x > 0, and its mirror image."""
    return lambda points: form(np.concatenate([np.abs(points[:, :1]), points[:, 1:]], -1))


def face() -> Form:
    """Skull, features, ears and neck."""
    skull = fused(
        0.25,
        ellipsoid((0, 0.30, -0.12), (0.64, 0.68, 0.80)),
        ellipsoid((0, -0.16, 0.20), (0.485, 0.66, 0.50)),
        mirrored(limb((0.40, -0.44, 0.02), (0.08, -0.80, 0.46), 0.10, 0.10)),
        ellipsoid((0, -0.83, 0.50), (0.15, 0.13, 0.12)),
        mirrored(ellipsoid((0.345, -0.17, 0.43), (0.16, 0.15, 0.17))),
        mirrored(ellipsoid((0.25, -0.40, 0.36), (0.20, 0.24, 0.20))),
        ellipsoid((0, -0.47, 0.50), (0.25, 0.22, 0.20)),
        ellipsoid((0, 0.40, 0.40), (0.42, 0.34, 0.26)),
    )
    brows = mirrored(chain([(0.07, 0.10, 0.66), (0.24, 0.17, 0.63), (0.44, 0.09, 0.44)], [0.05, 0.055, 0.05], 0.05))
    skull = fused(0.12, skull, brows)
    skull = carved(skull, mirrored(ellipsoid((0.24, 0.015, 0.72), (0.16, 0.085, 0.14))), 0.13)
    skull = fused(0.07, skull, _nose())
    skull = carved(skull, mirrored(ellipsoid((0.055, -0.325, 0.80), (0.030, 0.022, 0.05))), 0.03)
    skull = fused(0.045, skull, _lips())
    skull = carved(skull, _mouth_line(), 0.03)
    skull = fused(0.022, skull, _lids())
    skull = fused(0.06, skull, _ears())
    neck = fused(
        0.2,
        limb((0, -0.45, -0.20), (0, -1.8, -0.46), 0.29, 0.36),
        mirrored(limb((0.42, -0.42, -0.20), (0.07, -1.62, -0.02), 0.055, 0.05)),
    )
    return fused(0.10, skull, neck)


def _nose() -> Form:
    return fused(
        0.05,
        chain([(0, 0.10, 0.655), (0, -0.06, 0.74), (0, -0.235, 0.86)], [0.05, 0.055, 0.075], 0.05),
        mirrored(ellipsoid((0.088, -0.265, 0.765), (0.062, 0.062, 0.075))),
        limb((0, -0.30, 0.78), (0, -0.27, 0.84), 0.045, 0.05),
    )


def _lips() -> Form:
    upper = chain([(0.03, -0.442, 0.722), (0.10, -0.466, 0.69), (0.20, -0.512, 0.60)], [0.050, 0.046, 0.014], 0.03)
    lower = chain([(0.0, -0.568, 0.70), (0.08, -0.562, 0.672), (0.19, -0.516, 0.60)], [0.062, 0.054, 0.014], 0.03)
    return mirrored(fused(0.012, upper, lower))


def _mouth_line() -> Form:
    return mirrored(
        chain([(0, -0.507, 0.765), (0.09, -0.505, 0.735), (0.215, -0.520, 0.64)], [0.010, 0.010, 0.010], 0.01)
    )


def _lids() -> Form:
    """Eyeballs and the lids over them, nearly closed: the gaze is down."""
    ball = ellipsoid(EYE, (0.112, 0.112, 0.112))
    upper = both(ellipsoid(EYE, (0.168, 0.126, 0.136)), half_space((0.10, -1, -0.10), -0.01))
    lower = both(ellipsoid((EYE[0], EYE[1] - 0.01, EYE[2]), (0.160, 0.118, 0.126)), half_space((0, 1, 0.1), -0.012))
    return mirrored(fused(0.008, ball, upper, lower))


def _ears() -> Form:
    shell = ellipsoid((0.60, -0.10, -0.08), (0.06, 0.21, 0.13))
    hollow = ellipsoid((0.665, -0.07, -0.06), (0.05, 0.14, 0.08))
    return mirrored(carved(shell, hollow, 0.03))


def hair(points: Array) -> Array:
    """Wavy hair parted in the middle, swept back over the tops of the ears and gathered in a knot: distances (N,)."""
    side = np.abs(points[:, 0])
    about = np.arctan2(side, points[:, 1] - 0.30)
    locks = np.sin(17 * about + 2.2 * np.sin(5.0 * points[:, 2] + 2 * about)) + 0.5 * np.sin(
        39 * about - 7 * points[:, 2]
    )
    parting = np.exp(-((side / 0.035) ** 2)) * np.clip(4 * points[:, 2] + 1, 0, 1)
    return _HAIR(points) - np.float32(0.018) * (locks - 2.0 * parting)


_HAIR = fused(
    0.08,
    carved(
        carved(ellipsoid((0, 0.36, -0.16), (0.71, 0.74, 0.86)), ellipsoid((0, -0.22, 0.86), (0.58, 0.88, 0.80)), 0.05),
        ellipsoid((0, -1.02, 0.12), (1.1, 0.92, 0.95)),
        0.05,
    ),
    ellipsoid((0, 0.02, -1.04), (0.34, 0.32, 0.30)),
)


FACE_BOUND: tuple[Point, float] = ((0, -0.5, -0.05), 1.75)
HAIR_BOUND: tuple[Point, float] = ((0, 0.2, -0.2), 1.3)
