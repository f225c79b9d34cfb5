"""Motion vectors of a rendered shot, read from EXR or .flo files.

Vectors are converted to flow on the pixel grid of frame t that points to a neighbour s, in pixels, x to the right and y
down: ``t(x) = s(x + flow(x))``. Conventions of the files:

- EXR: in pixels, y up, as usual in renderers and compositors.
  - Blender's Vector pass, channels X, Y, Z, W (``Vector.X``, ``ViewLayer.Vector.X``): X and Y point to the position in
    the previous frame. Z and W point from the position in the next frame to that in the current one, so they are
    negated.
  - Nuke: ``backward.u``, ``backward.v`` point to the position in the previous frame, ``forward.u``, ``forward.v`` to
    the position in the next one.
  - Files with two channels (u and v, X and Y, R and G) point to the frame that their option names.
- ``.flo`` (Middlebury, https://vision.middlebury.edu/flow/code/flow-code/README.txt): in pixels, y down, pointing to
  the frame that their option names.
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
from stylize.media.scaling import scale_flow
from stylize.media.sequences import find_sequence, format_frames
from stylize.media.shot import Shot
from stylize.project import Project
from stylize.stages import cache_key, stable_hash

SUFFIXES = (".exr", ".flo")
# Name of the project's record of checked files.
_CHECKED = "vectors"

Direction = Literal["back", "forward"]

# Channels of each direction, and the signs that convert x and y to flow: EXR has y up.
_BLENDER = {"back": (("X", "Y"), (1, -1)), "forward": (("Z", "W"), (-1, 1))}
_NUKE = {"back": (("backward.u", "backward.v"), (1, -1)), "forward": (("forward.u", "forward.v"), (1, -1))}
_PAIRS = (("u", "v"), ("X", "Y"), ("x", "y"), ("R", "G"))

_FLO_HEADER = struct.Struct("<fii")
# The bytes "PIEH", which identify the format and the byte order.
_FLO_MAGIC = 202021.25


@dataclass(frozen=True)
class VectorFiles:
    """Vector files of a shot.

    size: (width, height) in pixels. back, forward: files with vectors to the previous and to the next frame, by the
    frame on whose grid they are. draft_size: (width, height) that flow is scaled to in a draft; None keeps ``size``.
    """

    size: tuple[int, int]
    back: Mapping[int, Path]
    forward: Mapping[int, Path]
    draft_size: tuple[int, int] | None = None


@dataclass(frozen=True)
class VectorMotion:
    """Motion read from files.

    digest: returns the content digest of a file. box: part of the frames to return; None for whole frames.
    """

    files: VectorFiles
    digest: Callable[[Path], str]
    box: Box | None = None
    refine: None = None

    def step(self, before: int, after: int) -> Step:
        """See Motion. Raises FlowError if a file is damaged or holds NaN or infinity."""
        if before < after:
            step = step_from_flows(self._flow("back", after), self._flow("forward", before))
        else:
            step = step_from_flows(self._flow("forward", after), self._flow("back", before))
        return step if self.box is None else Step(self.box.crop(step.flow), self.box.crop(step.consistent))

    def within(self, box: Box | None) -> "VectorMotion":
        """See Motion. The consistency check of flow composition detects vectors that leave the box."""
        return replace(self, box=box)

    def of_layer(self, name: str, *, shared: bool) -> "VectorMotion":
        """See Motion. All layers use the same files."""
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
        flow = read_flow(getattr(self.files, direction)[frame], direction, self.files.size)
        return flow if self.files.draft_size is None else scale_flow(flow, self.files.draft_size)


def open_vectors(back: Path, forward: Path, shot: Shot) -> VectorFiles:
    """Find the vector files of a shot, and check their headers.

    back, forward: sequences of the two directions; the same path if each file holds both. Raises FlowError if files are
    missing, differ in size from the shot, or lack channels, or if the shot has gaps.
    """
    gaps = [(before, after) for before, after in pairwise(shot.frames) if after != before + 1]
    if gaps:
        raise FlowError(
            f"motion vectors connect consecutive frames, but frame {gaps[0][0]} is followed by {gaps[0][1]}; "
            "choose --frames without gaps, or leave out the vectors"
        )
    return VectorFiles(
        shot.size,
        _find_files(back, shot, "back", shot.frames if back == forward else shot.frames[1:], both=back == forward),
        _find_files(
            forward, shot, "forward", shot.frames if back == forward else shot.frames[:-1], both=back == forward
        ),
    )


def check_vectors(files: VectorFiles, project: Project, progress: Callable[[int, int], None]) -> None:
    """Check all values that will be used, so that errors are reported before rendering starts.

    The project records the contents of checked files, which are not checked again. progress: called with the number of
    files done and in total. Raises FlowError, as ``read_flow`` does.
    """
    directions = _directions_used(files)
    hashes = {path: stable_hash(project.digest(path), used) for path, used in directions.items()}
    valid = set(project.recall(_CHECKED, cache_key("vectors")) or ()) & set(hashes.values())
    unchecked = [path for path, file_hash in hashes.items() if file_hash not in valid]
    try:
        for done, path in enumerate(unchecked, 1):
            _check_values(path, directions[path], files.size)
            valid.add(hashes[path])
            progress(done, len(unchecked))
    finally:
        if unchecked:
            project.remember(_CHECKED, cache_key("vectors"), sorted(valid))


def _directions_used(files: VectorFiles) -> dict[Path, list[Direction]]:
    """Return the directions to read from each file. The first frame has no back vectors, the last no forward ones."""
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
    """Raise FlowError if flow has another size or holds NaN or infinity. size: (width, height)."""
    if flow.shape[1::-1] != size:
        raise _size_error(path, (flow.shape[1], flow.shape[0]), size)
    if np.isfinite(flow).all():
        return
    y, x, axis = (int(place) for place in np.argwhere(~np.isfinite(flow))[0])
    raise FlowError(
        f"motion vectors {path}: expected finite values, found {flow[y, x, axis]} at x {x}, y {y}; render the frame "
        "again"
    )


def read_flow(path: Path, direction: Direction, size: tuple[int, int]) -> Floats:
    """Read flow: float32 (H, W, 2), in the convention of the module docstring, clipped to MAX_LENGTH along x and y.

    size: expected (width, height). Raises FlowError as ``open_vectors`` does, and for a damaged file, NaN or infinity.
    """
    try:
        flow = _read_flo(path) if path.suffix.lower() == ".flo" else _read_exr(path, direction)
    except InputError as error:
        raise FlowError(f"motion vectors {error}") from error
    _check_flow(path, flow, size)
    # .flo marks unknown flow by huge values. They point outside the picture and get a confidence of 0.
    return np.clip(flow, -MAX_LENGTH, MAX_LENGTH)


def _find_files(path: Path, shot: Shot, direction: Direction, frames: Sequence[int], *, both: bool) -> dict[int, Path]:
    if path.is_file() and path.suffix.lower() not in SUFFIXES:
        raise FlowError(
            f"motion vectors {path}: expected numbered files ({' '.join(SUFFIXES)}), found a {path.suffix or 'file'}; "
            "give a folder or a pattern of them, such as name.####.exr"
        )
    try:
        found = find_sequence(path, SUFFIXES)
    except InputError as error:
        raise FlowError(f"motion vectors {error}") from error
    missing = [frame for frame in frames if frame not in found]
    if missing:
        raise FlowError(
            f"motion vectors {path}: expected one file for each of the frames {format_frames(frames)}, missing "
            f"{format_frames(missing)}; add them"
        )
    for frame in frames:
        _check_header(found[frame], direction, shot.size, both=both)
    return {frame: found[frame] for frame in frames}


def _check_header(path: Path, direction: Direction, size: tuple[int, int], *, both: bool) -> None:
    if path.suffix.lower() == ".flo":
        if both:
            raise FlowError(
                f"motion vectors {path}: a .flo file holds one direction only; give two sequences with --vectors-back "
                "and --vectors-forward"
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
        f"motion vectors {path}: expected {size[0]}x{size[1]} like the shot, found {found[0]}x{found[1]}; render them "
        "at the size of the plates"
    )


# EXR


def _read_exr(path: Path, direction: Direction) -> Floats:
    names = channel_names(path)
    wanted, signs = _channels(path, names, direction, both=len(names) > 2)
    return read_channels(path, wanted) * np.array(signs, F32)


def _channels(
    path: Path, names: Sequence[str], direction: Direction, *, both: bool
) -> tuple[tuple[str, str], tuple[int, int]]:
    """Return the names of the x and y channels, and the signs that convert them to flow."""
    if not both and len(names) == 2:
        for pair in _PAIRS:
            if {_channel_suffix(name) for name in names} == set(pair):
                x, y = sorted(names, key=lambda name: pair.index(_channel_suffix(name)))
                return (x, y), (1, -1)
    # Files with both, such as exported passes, hold the same motion twice.
    found = _matching_layers(names, _NUKE[direction]) or _matching_layers(names, _BLENDER[direction])
    if len(found) == 1:
        return found[0]
    layers = "X, Y, Z, W (Blender's Vector pass) or forward.u, forward.v, backward.u, backward.v (Nuke)"
    expected = f"one layer of {layers}" if both else f"two channels, u and v, X and Y or R and G, or {layers}"
    raise FlowError(f"motion vectors {path}: expected {expected}, found {', '.join(names)}; render that pass")


def _matching_layers(
    names: Sequence[str], known: tuple[tuple[str, str], tuple[int, int]]
) -> list[tuple[tuple[str, str], tuple[int, int]]]:
    """Return (x and y channel, signs) of each layer that has channels of these names."""
    (first, second), signs = known
    prefixes = [name[: len(name) - len(first)] for name in names if name == first or name.endswith(f".{first}")]
    return [((prefix + first, prefix + second), signs) for prefix in prefixes if prefix + second in names]


def _channel_suffix(name: str) -> str:
    return name.rpartition(".")[2]


# .flo


def _flo_size(path: Path) -> tuple[int, int]:
    """Return (width, height) from the header. Raises FlowError if the file is truncated or not a .flo file."""
    try:
        with path.open("rb") as file:
            header = file.read(_FLO_HEADER.size)
        length = path.stat().st_size
    except OSError as error:
        raise FlowError(f"motion vectors {path}: cannot be read ({error.strerror}); check the path") from error
    if len(header) == _FLO_HEADER.size:
        magic, width, height = _FLO_HEADER.unpack(header)
        if magic == _FLO_MAGIC and width > 0 and height > 0:
            expected = _FLO_HEADER.size + 8 * width * height
            if length == expected:
                return width, height
            raise FlowError(
                f"motion vectors {path}: expected {expected} bytes for {width}x{height}, found {length}; copy or "
                "render it again"
            )
    raise FlowError(f"motion vectors {path}: expected a .flo file (PIEH, width, height), found something else")


def _read_flo(path: Path) -> Floats:
    width, height = _flo_size(path)
    values = np.fromfile(path, "<f4", offset=_FLO_HEADER.size)
    return values.reshape(height, width, 2).astype(F32)
