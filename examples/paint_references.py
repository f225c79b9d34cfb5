"""Paint the reference pictures in this folder procedurally: all of them, or those that are named.

    python examples/paint_references.py [NAME ...]

Randomness is seeded: the same versions of NumPy and OpenCV give the same pictures.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from painting.blueprint import blueprint
from painting.cel import cel
from painting.charcoal import charcoal
from painting.ink import ink
from painting.oil import oil
from painting.pastel import pastel
from painting.pencil import pencil
from painting.pixel import pixel
from painting.scene import Array
from painting.swatches import swatches
from painting.watercolour import watercolour
from painting.woodcut import woodcut

PICTURES: dict[str, Callable[[], Array]] = {
    "oil": oil,
    "ink": ink,
    "watercolour": watercolour,
    "charcoal": charcoal,
    "pencil": pencil,
    "woodcut": woodcut,
    "pastel": pastel,
    "cel": cel,
    "pixel": pixel,
    "swatches": swatches,
    "blueprint": blueprint,
}


def save(picture: Array, path: Path) -> None:
    """Write ``picture``, float32 (H, W, 3) RGB in [0, 1], as an 8-bit PNG."""
    cv2.imwrite(str(path), np.rint(picture[..., ::-1] * 255).astype(np.uint8), [cv2.IMWRITE_PNG_COMPRESSION, 9])


def main(names: Sequence[str]) -> None:
    """Paint the named pictures, or all, next to this file."""
    for name in names or PICTURES:
        save(PICTURES[name](), Path(__file__).with_name(f"{name}.png"))


if __name__ == "__main__":
    main(sys.argv[1:])
