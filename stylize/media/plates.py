"""Plates by frame number. The frames of a movie are unpacked to files once; those of a sequence are used in place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from propagate.arrays import Bytes, Pixels
from stylize.errors import FrameRangeError
from stylize.media.images import make_folder, quantise, to_float, write_image
from stylize.media.safe_write import Seal, no_seal
from stylize.media.sequences import Pattern, format_frames
from stylize.media.shot import Shot, read_frames, read_plate

# Flow, guides and the alpha of the result read neighbouring frames repeatedly.
_CACHED_FRAMES = 4


@dataclass(frozen=True)
class Plates:
    """Random access to the frames of a shot. The last _CACHED_FRAMES frames read stay in memory."""

    paths: Mapping[int, Path]
    shot: Shot
    _cached_read: Callable[[int], Pixels] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_cached_read", lru_cache(_CACHED_FRAMES)(self._load))

    def read(self, frame: int) -> Pixels:
        """Read a frame: RGB (H, W, 3) or RGBA (H, W, 4), uint8 or uint16, display-encoded, straight alpha.

        The array is read-only. Raises FrameRangeError if the shot does not have the frame, InputError if its file is no
        longer readable.
        """
        return self._cached_read(frame)

    def colour(self, frame: int) -> Bytes:
        """Read a frame for flow and guides: RGB, uint8 (H, W, 3), display-encoded. Raises as `read` does."""
        pixels = self.read(frame)[..., :3]
        return quantise(to_float(pixels), np.uint8) if pixels.dtype == np.uint16 else pixels.copy()

    def alpha(self, frame: int) -> Pixels | None:
        """Read the alpha of a frame: uint8 or uint16 (H, W). None if the shot has no alpha. Raises as `read` does."""
        pixels = self.read(frame)
        return np.ascontiguousarray(pixels[..., 3]) if pixels.shape[2] == 4 else None

    def _load(self, frame: int) -> Pixels:
        if frame not in self.paths:
            raise FrameRangeError(f"expected one of the frames {format_frames(self.paths)}, found frame {frame}")
        pixels = read_plate(self.paths[frame], self.shot)
        pixels.flags.writeable = False
        return pixels


def conform(
    shot: Shot, folder: Path, done: Callable[[int], bool], on_frame: Callable[[int], None],
    seal_of: Callable[[int], Seal] = lambda frame: no_seal,
) -> Plates:  # fmt: skip
    """Return the plates of a shot. Each frame of a movie is written losslessly to `folder/<name>.####.png`.

    So is the view of each frame in linear light. The files of other sequences are used in place. done: returns whether
    the file of a frame exists already. on_frame: called with the number of each frame written. seal_of: returns the
    seal that records a frame's file. Raises InputError if the shot is unreadable, OutputError if the folder is not
    writable.
    """
    if shot.in_place:
        return Plates(dict(zip(shot.frames, shot.files, strict=True)), shot)
    pattern = plate_pattern(shot, folder)
    make_folder(folder)
    for number, pixels in read_frames(_remaining(shot, done)):
        write_image(pattern.path(number), pixels, seal=seal_of(number))
        on_frame(number)
    return Plates({number: pattern.path(number) for number in shot.frames}, shot)


def plate_pattern(shot: Shot, folder: Path) -> Pattern:
    """Return the file names of a shot's frames in a project folder. Numbers have four digits or more."""
    return Pattern(folder, f"{shot.name}.", 4, ".png")


def _remaining(shot: Shot, done: Callable[[int], bool]) -> Shot:
    """Return the part of a movie whose frames are not done."""
    indices = [index for index, number in enumerate(shot.frames) if not done(number)]
    return replace(
        shot,
        frames=tuple(shot.frames[index] for index in indices),
        positions=tuple(shot.positions[index] for index in indices),
        files=tuple(shot.files[index] for index in indices) if shot.files else (),
    )
