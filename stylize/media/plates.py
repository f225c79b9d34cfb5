"""Plates by frame number: the frames of a movie are unpacked to files once, those of a sequence are used in place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from propagate.arrays import Bytes, Pixels
from stylize.errors import FrameRangeError
from stylize.media.images import make_folder, quantise, to_float, write_image
from stylize.media.sequences import Pattern, format_frames
from stylize.media.shot import Shot, read_frames, read_plate

# Flow, guides and the alpha of the result read neighbouring frames several times in a row.
_CACHED_FRAMES = 4


@dataclass(frozen=True)
class Plates:
    """Random access to the frames of a shot. The last four that were read stay in memory."""

    paths: Mapping[int, Path]
    shot: Shot
    _cached_read: Callable[[int], Pixels] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_cached_read", lru_cache(_CACHED_FRAMES)(self._load))

    def read(self, frame: int) -> Pixels:
        """Read a frame: uint8 or uint16, (H, W, 3) or (H, W, 4), RGB(A), display-encoded, straight alpha; read-only.

        FrameRangeError for a frame that the shot does not have; InputError if its file cannot be read any more.
        """
        return self._cached_read(frame)

    def colour(self, frame: int) -> Bytes:
        """Read a frame for flow and guides: uint8 (H, W, 3), RGB, display-encoded, alpha dropped; raises as `read`."""
        pixels = self.read(frame)[..., :3]
        return quantise(to_float(pixels), np.uint8) if pixels.dtype == np.uint16 else pixels.copy()

    def alpha(self, frame: int) -> Pixels | None:
        """Read the alpha of a frame: uint8 or uint16 (H, W); None if the shot has none. Raises as `read`."""
        pixels = self.read(frame)
        return np.ascontiguousarray(pixels[..., 3]) if pixels.shape[2] == 4 else None

    def _load(self, frame: int) -> Pixels:
        if frame not in self.paths:
            raise FrameRangeError(f"frame {frame} was asked for, but the frames are {format_frames(self.paths)}")
        pixels = read_plate(self.paths[frame], self.shot)
        pixels.flags.writeable = False
        return pixels


def conform(shot: Shot, folder: Path, done: Callable[[int], bool], on_frame: Callable[[int], None]) -> Plates:
    """Write every frame of a movie to a file, `folder/<name>.####.png`, lossless, with the shot's depth and alpha.

    Frames for which `done` returns true exist already and are not written again; `on_frame` is called after each one
    that was written. The files of a sequence are used in place. InputError if the shot cannot be read, OutputError if
    the folder cannot be written.
    """
    if shot.kind == "sequence":
        return Plates(dict(zip(shot.frames, shot.files, strict=True)), shot)
    pattern = plate_pattern(shot, folder)
    make_folder(folder)
    for number, pixels in read_frames(_remaining(shot, done)):
        write_image(pattern.path(number), pixels)
        on_frame(number)
    return Plates({number: pattern.path(number) for number in shot.frames}, shot)


def plate_pattern(shot: Shot, folder: Path) -> Pattern:
    """Return the names of a shot's frames in a project folder: four digits, more where a number needs them."""
    return Pattern(folder, f"{shot.name}.", 4, ".png")


def _remaining(shot: Shot, done: Callable[[int], bool]) -> Shot:
    """Return the part of a movie that is not done yet."""
    indices = [index for index, number in enumerate(shot.frames) if not done(number)]
    return replace(
        shot,
        frames=tuple(shot.frames[index] for index in indices),
        positions=tuple(shot.positions[index] for index in indices),
    )
