"""Results for integer TIFF plates with associated (premultiplied) alpha, which may glow where alpha is 0.

The engine works on straight alpha, which has no place for such colour. With m the matte, P the plate as stored, V its
straight picture, C the finished one, and a() the multiplication by alpha, the result is P, bit-identical, where m is 0
and C equals V, and elsewhere a(C) + (1 - m) (P - a(V)); without the last term where m is 0 and C was retouched.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from propagate.arrays import Floats, Pixels
from stylize.media.images import (
    SceneFrame,
    Stamp,
    Window,
    quantise,
    read_image,
    read_premultiplied,
    to_float,
    widen,
    write_image,
    write_scene_frame,
)
from stylize.media.images.transfer import linear_light, premultiplied_linear
from stylize.media.safe_write import Seal
from stylize.media.shot import Shot, read_plate
from stylize.media.targets import Encoding
from stylize.media.working_spaces import REC709, to_space


@dataclass(frozen=True)
class AssociatedPlates:
    """Plates with associated alpha, for the delivery of their result.

    files: file of each frame. matte: returns the matte of a frame, float32 (H, W); None for 1 everywhere. mattes: their
    inputs, for cache keys.
    """

    shot: Shot
    files: Mapping[int, Path]
    matte: Callable[[int], Floats] | None
    mattes: object = None
    suffixes: tuple[str, ...] = (".tif", ".exr")

    def cache_inputs(self, digest: Callable[[Path], str]) -> list[object]:
        """Return everything that results depend on besides the pictures, for cache keys."""
        return ["associated", [digest(path) for path in self.files.values()], self.mattes]

    def write(
        self, number: int, picture: Path, target: Path, encoding: Encoding, stamp: Stamp | None, seal: Seal
    ) -> None:
        """Write the result of a frame, with associated alpha, as TIFF or EXR."""
        stored = widen(read_premultiplied(self.files[number]), self.shot.depth, self.shot.alpha)
        straight = read_plate(self.files[number], self.shot)
        finished = widen(
            read_image(picture, self.shot.colour, untagged=self.shot.colour), self.shot.depth, self.shot.alpha
        )
        weight = np.zeros(finished.shape[:2], np.float32)
        if self.matte is not None:
            weight = np.float32(1) - self.matte(number)
        if target.suffix.lower() == ".exr":
            self._write_exr(stored, straight, finished, weight, target, encoding.space or REC709, stamp, seal)
        else:
            merged = merge(stored, straight, finished, weight)
            write_image(
                target, merged, bits=encoding.bits, stamp=stamp, colour=self.shot.colour, associated=True, seal=seal
            )

    def _write_exr(
        self, stored: Pixels, straight: Pixels, finished: Pixels, weight: Floats, target: Path, space: str,
        stamp: Stamp | None, seal: Seal,
    ) -> None:  # fmt: skip
        """Write the result as linear light; a glow has the light of its stored values."""
        light, own = premultiplied_linear(finished), linear_light(stored.dtype.name)[stored[..., :3]]
        glow = stored[..., :3] > stored[..., 3:]
        lost = np.where(glow, own - premultiplied_linear(straight)[..., :3], 0)
        light[..., :3] += lost * _faded(straight, finished, weight)[..., None]
        window = Window(0, 0, light.shape[1], light.shape[0])
        frame = SceneFrame(to_space(light, REC709, space), window, window, space)
        write_scene_frame(target, frame, stamp=stamp, seal=seal)


def merge(stored: Pixels, straight: Pixels, finished: Pixels, weight: Floats) -> Pixels:
    """Merge a finished picture with its plate, as described above: RGBA, premultiplied, of the plate's type.

    stored: plate, RGBA, uint8 or uint16 (H, W, 4), premultiplied. straight, finished: plate and picture with straight
    alpha, of the same type. weight: 1 - matte, float32 (H, W).
    """
    untouched = (straight == finished).all(axis=2) & (weight == 1)
    lost = to_float(stored)[..., :3] - _multiplied(straight)
    colour = _multiplied(finished) + lost * _faded(straight, finished, weight)[..., None]
    merged = np.concatenate([quantise(colour, stored.dtype), finished[..., 3:]], axis=2)
    return np.where(untouched[..., None], stored, merged)


def _faded(straight: Pixels, finished: Pixels, weight: Floats) -> Floats:
    """Return the weight of the plate, 0 where it was retouched: float32 (H, W)."""
    return np.where((weight == 1) & (straight != finished).any(axis=2), np.float32(0), weight)


def _multiplied(straight: Pixels) -> Floats:
    floats = to_float(straight)
    return floats[..., :3] * floats[..., 3:]
