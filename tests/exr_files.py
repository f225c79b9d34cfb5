"""EXR files as renderers and compositing programs write them, and their contents as stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import OpenImageIO
from OpenImageIO import ImageInput, ImageOutput, ImageSpec

from propagate.arrays import Floats, Pixels


@dataclass(frozen=True)
class Part:
    """One part of an EXR. origin: of the data window. display: x, y, width and height; None for the data window."""

    pixels: Floats
    channels: tuple[str, ...] = ("R", "G", "B")
    name: str = ""
    kind: str = "half"
    origin: tuple[int, int] = (0, 0)
    display: tuple[int, int, int, int] | None = None
    attributes: tuple[tuple[str, object], ...] = ()

    def spec(self) -> ImageSpec:
        height, width = self.pixels.shape[:2]
        spec = ImageSpec(width, height, len(self.channels), self.kind)
        spec.channelnames = self.channels
        spec.x, spec.y = self.origin
        spec.full_x, spec.full_y, spec.full_width, spec.full_height = self.display or (*self.origin, width, height)
        if self.name:
            spec.attribute("oiio:subimagename", self.name)
        for name, value in self.attributes:
            if isinstance(value, tuple):
                spec.attribute(name, OpenImageIO.TypeDesc(f"float[{len(value)}]"), value)
            else:
                spec.attribute(name, value)
        return spec


def write_exr(path: Path, parts: Part | Sequence[Part]) -> Path:
    """Write a file of one or several parts; return its path."""
    parts = [parts] if isinstance(parts, Part) else list(parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    specs = [part.spec() for part in parts]
    target = ImageOutput.create("exr")
    assert target.open(str(path), specs if len(specs) > 1 else specs[0]), target.geterror()
    for index, (part, spec) in enumerate(zip(parts, specs, strict=True)):
        if index:
            assert target.open(str(path), spec, "AppendSubimage"), target.geterror()
        assert target.write_image(np.ascontiguousarray(part.pixels, np.float32)), target.geterror()
    assert target.close()
    return path


def write_tiff(path: Path, pixels: Pixels, kind: str, *, associated: bool) -> Path:
    """Write a TIFF whose alpha, if any, is declared as associated or not; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    spec = ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], kind)
    spec.attribute("oiio:UnassociatedAlpha", 0 if associated else 1)
    target = ImageOutput.create("tif")
    assert target.open(str(path), spec)
    assert target.write_image(np.ascontiguousarray(pixels))
    assert target.close()
    return path


@dataclass(frozen=True)
class Stored:
    """Contents of the first part. bits: half floats as uint16, so that comparison is exact."""

    values: Floats
    origin: tuple[int, int]
    display: tuple[int, int, int, int]
    channels: tuple[str, ...]
    spec: ImageSpec

    @property
    def bits(self) -> Pixels:
        return np.ascontiguousarray(self.values.astype(np.float16)).view(np.uint16)


def stored(path: Path) -> Stored:
    """Read a file with OpenImageIO alone."""
    source = ImageInput.open(str(path))
    spec = source.spec()
    values = source.read_image(0, 0, 0, spec.nchannels, "float")
    source.close()
    display = (spec.full_x, spec.full_y, spec.full_width, spec.full_height)
    return Stored(np.asarray(values), (spec.x, spec.y), display, tuple(spec.channelnames), spec)
