"""Paints the reference pictures of this folder, oil.png, ink.png and watercolour.png, from nothing but numbers.

    python examples/paint_references.py [oil] [ink] [watercolour]

Seeded: the same versions of NumPy and OpenCV give the same pictures.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from painting.ink import ink
from painting.oil import oil
from painting.scene import Array
from painting.watercolour import watercolour

PICTURES: dict[str, Callable[[], Array]] = {"oil": oil, "ink": ink, "watercolour": watercolour}


def save(picture: Array, path: Path) -> None:
    """Writes ``picture``, float32 (H, W, 3) RGB in [0, 1], as an 8-bit PNG."""
    cv2.imwrite(str(path), np.rint(picture[..., ::-1] * 255).astype(np.uint8), [cv2.IMWRITE_PNG_COMPRESSION, 9])


def main(names: Sequence[str]) -> None:
    """Paints the pictures named, or all, beside this file."""
    for name in names or PICTURES:
        save(PICTURES[name](), Path(__file__).with_name(f"{name}.png"))


if __name__ == "__main__":
    main(sys.argv[1:])
