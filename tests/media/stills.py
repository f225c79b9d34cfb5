"""Stills for tests of readers and writers."""

from pathlib import Path

import numpy as np
import OpenImageIO

from propagate.arrays import Pixels


def noise(dtype: type, channels: int = 3) -> Pixels:
    """Random pixels, (9, 13, channels), over the full range; alpha is never 0."""
    values = np.random.default_rng(1).integers(0, np.iinfo(dtype).max, (9, 13, channels), dtype, endpoint=True)
    if channels == 4:
        values[..., 3] = np.maximum(values[..., 3], np.iinfo(dtype).max // 4)
    return values


def write_raw(path: Path, stored: Pixels, kind: str, **attributes: object) -> None:
    """Write a file as other programs do."""
    spec = OpenImageIO.ImageSpec(stored.shape[1], stored.shape[0], stored.shape[2], kind)
    for name, value in attributes.items():
        if name in ("x", "y", "full_width", "full_height"):
            setattr(spec, name, value)
        else:
            spec.attribute(name.replace("__", ":"), value)
    target = OpenImageIO.ImageOutput.create(str(path))
    assert target.open(str(path), spec)
    assert target.write_image(stored)
    assert target.close()
