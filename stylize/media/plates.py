"""Plates by frame number, whatever the shot is made of: a movie's frames are unpacked once, a sequence's are used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from propagate.arrays import Bytes, Pixels
from stylize.errors import FrameRangeError
from stylize.media.images import make_folder, quantise, to_float, write_image
from stylize.media.sequences import Pattern, spell_frames
from stylize.media.shot import Shot, read_frames, read_plate

# Neighbouring frames are asked for several times in a row: by flow, by guides, by the alpha of the result.
_KEPT = 4


@dataclass(frozen=True)
class Plates:
    """The frames of a shot, at random. A picture that was read stays in memory until four others have been."""

    paths: Mapping[int, Path]
    shot: Shot
    _kept: Callable[[int], Pixels] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_kept", lru_cache(_KEPT)(self._load))

    def read(self, frame: int) -> Pixels:
        """uint8 or uint16, (H, W, 3) or with the shot's alpha (H, W, 4), RGB(A), display-encoded, straight; read-only.

        FrameRangeError for a frame that the shot does not have; InputError if its file cannot be read any more.
        """
        return self._kept(frame)

    def colour(self, frame: int) -> Bytes:
        """uint8 (H, W, 3), RGB, display-encoded: for flow and guides. Alpha is not looked at."""
        pixels = self.read(frame)[..., :3]
        return quantise(to_float(pixels), np.uint8) if pixels.dtype == np.uint16 else pixels.copy()

    def alpha(self, frame: int) -> Pixels | None:
        """The alpha, (H, W), uint8 or uint16 as the plate; None if the shot has none."""
        pixels = self.read(frame)
        return np.ascontiguousarray(pixels[..., 3]) if pixels.shape[2] == 4 else None

    def _load(self, frame: int) -> Pixels:
        if frame not in self.paths:
            raise FrameRangeError(f"frame {frame} was asked for, but the frames are {spell_frames(self.paths)}")
        pixels = read_plate(self.paths[frame], self.shot)
        pixels.flags.writeable = False
        return pixels


def conform(shot: Shot, folder: Path, done: Callable[[int], bool], on_frame: Callable[[int], None]) -> Plates:
    """Make every frame of a shot a file: `folder/<name>.####.png`, lossless, with the shot's depth and alpha.

    Frames for which `done` says true are there already and are not written again; `on_frame` is called after each
    one that was written. The files of a sequence are used where they are. InputError if the shot cannot be read,
    OutputError if the folder cannot be written.
    """
    if shot.kind == "sequence":
        return Plates(dict(zip(shot.frames, shot.files, strict=True)), shot)
    pattern = plate_pattern(shot, folder)
    make_folder(folder)
    for number, pixels in read_frames(_without(shot, done)):
        write_image(pattern.path(number), pixels)
        on_frame(number)
    return Plates({number: pattern.path(number) for number in shot.frames}, shot)


def plate_pattern(shot: Shot, folder: Path) -> Pattern:
    """How the frames of a shot are named in a folder of ours: four digits, more where a number needs them."""
    return Pattern(folder, f"{shot.name}.", 4, ".png")


def _without(shot: Shot, done: Callable[[int], bool]) -> Shot:
    """The part of a movie that is not done yet."""
    left = [index for index, number in enumerate(shot.frames) if not done(number)]
    return replace(
        shot,
        frames=tuple(shot.frames[index] for index in left),
        positions=tuple(shot.positions[index] for index in left),
    )
