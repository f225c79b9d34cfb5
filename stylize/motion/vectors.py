"""Motion vectors that come with a rendered shot: exact motion, read from EXR or .flo files, never estimated.

All are converted to flow on the grid of frame t, which points to the source of a pixel in a neighbour s, in pixels,
x to the right and y down: ``t(x) = s(x + flow(x))``. Contents of the files:

- EXR: pixels, y up, the convention of renderers and compositors.
  - Blender's Vector pass, channels X, Y, Z, W (``Vector.X``, ``ViewLayer.Vector.X``): X and Y point to the position in
    the previous frame; Z and W point from the position in the next frame to the one in this, so they are negated.
  - Nuke's ``backward.u``, ``backward.v`` point to the position in the previous frame, ``forward.u``, ``forward.v`` to
    that in the next.
  - Two channels alone (u and v, X and Y, R and G) point to the frame that their option names.
- ``.flo`` (Middlebury, https://vision.middlebury.edu/flow/code/flow-code/README.txt): pixels, y down, pointing to the
  frame that its option names.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np

from propagate.arrays import F32, Floats
from propagate.box import Box
from propagate.flow import MAX_LENGTH, Step, step_from_flows
from stylize.errors import FlowError, InputError
from stylize.media.images import channel_names, image_size, read_channels
from stylize.media.sequences import find_sequence, format_frames
from stylize.media.shot import Shot
from stylize.project import Project
from stylize.stages import cache_key, stable_hash

SUFFIXES = (".exr", ".flo")
# Name of the fact that lists checked files.
_CHECKED = "vectors"

Direction = Literal["back", "forward"]

# Channels of each direction, and the signs of x and y that convert them to our flow: EXR has y up.
_BLENDER = {"back": (("X", "Y"), (1, -1)), "forward": (("Z", "W"), (-1, 1))}
_NUKE = {"back": (("backward.u", "backward.v"), (1, -1)), "forward": (("forward.u", "forward.v"), (1, -1))}
_PAIRS = (("u", "v"), ("X", "Y"), ("x", "y"), ("R", "G"))

_FLO_HEADER = struct.Struct("<fii")
# Reads PIEH in the file: identifies the format and the byte order.
_FLO_MAGIC = 202021.25


@dataclass(frozen=True)
class VectorFiles:
    """Vector files of a shot, back and forward, by the frame on whose grid they are. size: (width, height)."""

    size: tuple[int, int]
    back: Mapping[int, Path]
    forward: Mapping[int, Path]


@dataclass(frozen=True)
class VectorMotion:
    """Motion read from files. digest: of a file's contents. box: the part that is returned, None for all."""

    files: VectorFiles
    digest: Callable[[Path], str]
    box: Box | None = None
    refine: None = None

    def step(self, before: int, after: int) -> Step:
        """See Motion. Raises FlowError for files that are damaged or hold NaN or infinity."""
        if before < after:
            step = step_from_flows(self._flow("back", after), self._flow("forward", before))
        else:
            step = step_from_flows(self._flow("forward", after), self._flow("back", before))
        return step if self.box is None else Step(self.box.crop(step.flow), self.box.crop(step.consistent))

    def within(self, box: Box | None) -> "VectorMotion":
        """See Motion. Vectors that leave the box are detected by the consistency check when flow is composed."""
        return replace(self, box=box)

    def of_layer(self, name: str, *, shared: bool) -> "VectorMotion":
        """See Motion. Files are the same for all layers."""
        return self

    @property
    def stages(self) -> tuple[str, ...]:
        """See Motion."""
        return ("vectors",)

    def cache_key(self, frames: Sequence[int]) -> str:
        """See Motion."""
        directions = [
            [self.files.back[after], self.files.forward[before]] for before, after in pairwise(sorted(frames))
        ]
        return f"vectors-{stable_hash([[self.digest(path) for path in pair] for pair in directions])}"

    def _flow(self, direction: Direction, frame: int) -> Floats:
        return read_flow(getattr(self.files, direction)[frame], direction, self.files.size)


def open_vectors(back: Path, forward: Path, shot: Shot) -> VectorFiles:
    """Find the files of both directions, which are the same if one sequence holds both, and check their headers.

    Raises FlowError: files missing, of another size than the shot or without the channels that are needed.
    """
    gaps = [(before, after) for before, after in pairwise(shot.frames) if after != before + 1]
    if gaps:
        raise FlowError(
            f"motion vectors lead from each frame to the next, and frame {gaps[0][0]} is followed by {gaps[0][1]}: "
            "choose --frames without gaps, or leave the vectors out"
        )
    return VectorFiles(
        shot.size,
        _find_files(back, shot, "back", shot.frames if back == forward else shot.frames[1:], both=back == forward),
        _find_files(
            forward, shot, "forward", shot.frames if back == forward else shot.frames[:-1], both=back == forward
        ),
    )


def check_vectors(files: VectorFiles, project: Project, progress: Callable[[int, int], None]) -> None:
    """Check every value that will be used, so that a bad one is reported before anything is painted.

    The project records checked files by their contents, and they are not checked again. progress: called with the
    number of files done and of all files to check. Raises FlowError, as ``read_flow``.
    """
    directions = _directions_used(files)
    marks = {path: stable_hash(project.digest(path), used) for path, used in directions.items()}
    valid = set(project.recall(_CHECKED, cache_key("vectors")) or ()) & set(marks.values())
    unchecked = [path for path, mark in marks.items() if mark not in valid]
    try:
        for done, path in enumerate(unchecked, 1):
            _check_values(path, directions[path], files.size)
            valid.add(marks[path])
            progress(done, len(unchecked))
    finally:
        if unchecked:
            project.remember(_CHECKED, cache_key("vectors"), sorted(valid))


def _directions_used(files: VectorFiles) -> dict[Path, list[Direction]]:
    """Return the directions read from each file: none back from the first frame, none forward from the last."""
    frames = sorted({*files.back, *files.forward})
    directions: dict[Path, list[Direction]] = {}
    for before, after in pairwise(frames):
        directions.setdefault(files.forward[before], []).append("forward")
        directions.setdefault(files.back[after], []).append("back")
    return directions


def _check_values(path: Path, directions: Sequence[Direction], size: tuple[int, int]) -> None:
    try:
        if path.suffix.lower() == ".flo":
            values = _read_flo(path)
        else:
            names = channel_names(path)
            pairs = [_channels(path, names, direction, both=len(names) > 2)[0] for direction in directions]
            values = read_channels(path, list(dict.fromkeys(name for pair in pairs for name in pair)))
    except InputError as error:
        raise FlowError(f"motion vectors {error}") from error
    _check_flow(path, values, size)


def _check_flow(path: Path, flow: Floats, size: tuple[int, int]) -> None:
    """Raise FlowError for another size, NaN or infinity."""
    if flow.shape[1::-1] != size:
        raise _size_error(path, (flow.shape[1], flow.shape[0]), size)
    if np.isfinite(flow).all():
        return
    y, x, axis = (int(place) for place in np.argwhere(~np.isfinite(flow))[0])
    raise FlowError(
        f"motion vectors {path}: expected numbers, found {flow[y, x, axis]} at x {x}, y {y}: render the frame again"
    )


def read_flow(path: Path, direction: Direction, size: tuple[int, int]) -> Floats:
    """Read flow: float32 (H, W, 2), in the convention of the module docstring, at most MAX_LENGTH along x or y.

    Raises FlowError as ``open_vectors``, and for a damaged file, NaN or infinity.
    """
    try:
        flow = _read_flo(path) if path.suffix.lower() == ".flo" else _read_exr(path, direction)
    except InputError as error:
        raise FlowError(f"motion vectors {error}") from error
    _check_flow(path, flow, size)
    # .flo has huge values for unknown flow: they point out of the picture, and so get no confidence.
    return np.clip(flow, -MAX_LENGTH, MAX_LENGTH)


def _find_files(path: Path, shot: Shot, direction: Direction, frames: Sequence[int], *, both: bool) -> dict[int, Path]:
    try:
        found = find_sequence(path, SUFFIXES)
    except InputError as error:
        raise FlowError(f"motion vectors {error}") from error
    missing = [frame for frame in frames if frame not in found]
    if missing:
        raise FlowError(
            f"motion vectors {path}: expected one for every frame of {format_frames(frames)}, missing "
            f"{format_frames(missing)}: add them"
        )
    for frame in frames:
        _check_header(found[frame], direction, shot.size, both=both)
    return {frame: found[frame] for frame in frames}


def _check_header(path: Path, direction: Direction, size: tuple[int, int], *, both: bool) -> None:
    if path.suffix.lower() == ".flo":
        if both:
            raise FlowError(
                f"motion vectors {path}: a .flo file holds one way only: give two sequences with --vectors-back and "
                "--vectors-forward"
            )
        found = _flo_size(path)
    else:
        try:
            found = image_size(path)
            names = channel_names(path)
        except InputError as error:
            raise FlowError(f"motion vectors {error}") from error
        _channels(path, names, direction, both=both)
    if found != size:
        raise _size_error(path, found, size)


def _size_error(path: Path, found: tuple[int, int], size: tuple[int, int]) -> FlowError:
    return FlowError(
        f"motion vectors {path}: expected {size[0]}x{size[1]} like the shot, found {found[0]}x{found[1]}: render them "
        "in the size of the plates"
    )


# EXR


def _read_exr(path: Path, direction: Direction) -> Floats:
    names = channel_names(path)
    wanted, signs = _channels(path, names, direction, both=len(names) > 2)
    return read_channels(path, wanted) * np.array(signs, F32)


def _channels(
    path: Path, names: Sequence[str], direction: Direction, *, both: bool
) -> tuple[tuple[str, str], tuple[int, int]]:
    """Return the names of the channels of x and y, and their signs."""
    if not both and len(names) == 2:
        for pair in _PAIRS:
            if {_channel_suffix(name) for name in names} == set(pair):
                x, y = sorted(names, key=lambda name: pair.index(_channel_suffix(name)))
                return (x, y), (1, -1)
    found = [*_matching_layers(names, _NUKE[direction]), *_matching_layers(names, _BLENDER[direction])]
    if len(found) == 1:
        return found[0]
    layers = "X, Y, Z, W (Blender's Vector pass) or forward.u, forward.v, backward.u, backward.v (Nuke)"
    expected = f"one layer of {layers}" if both else f"two channels, u and v, X and Y or R and G, or {layers}"
    raise FlowError(f"motion vectors {path}: expected {expected}, found {', '.join(names)}: render that pass")


def _matching_layers(
    names: Sequence[str], known: tuple[tuple[str, str], tuple[int, int]]
) -> list[tuple[tuple[str, str], tuple[int, int]]]:
    """List every layer that has channels of these names, after a dot or alone."""
    (first, second), signs = known
    prefixes = [name[: len(name) - len(first)] for name in names if name == first or name.endswith(f".{first}")]
    return [((prefix + first, prefix + second), signs) for prefix in prefixes if prefix + second in names]


def _channel_suffix(name: str) -> str:
    return name.rpartition(".")[2]


# .flo


def _flo_size(path: Path) -> tuple[int, int]:
    """Return width and height from the header; FlowError if the file is truncated or no .flo."""
    try:
        with path.open("rb") as file:
            header = file.read(_FLO_HEADER.size)
        length = path.stat().st_size
    except OSError as error:
        raise FlowError(f"motion vectors {path}: cannot be read ({error.strerror}): check the path") from error
    if len(header) == _FLO_HEADER.size:
        magic, width, height = _FLO_HEADER.unpack(header)
        if magic == _FLO_MAGIC and width > 0 and height > 0:
            expected = _FLO_HEADER.size + 8 * width * height
            if length == expected:
                return width, height
            raise FlowError(
                f"motion vectors {path}: expected {expected} bytes for {width}x{height}, found {length}: copy or "
                "render it again"
            )
    raise FlowError(f"motion vectors {path}: expected a .flo file (PIEH, width, height), found something else")


def _read_flo(path: Path) -> Floats:
    width, height = _flo_size(path)
    values = np.fromfile(path, "<f4", offset=_FLO_HEADER.size)
    return values.reshape(height, width, 2).astype(F32)
