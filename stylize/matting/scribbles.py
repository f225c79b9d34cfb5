"""``--scribble``: strokes on a frame, completed to a matte that is then propagated like a painted one.

If its shot has painted mattes, strokes correct what these give for the frame; otherwise they stand alone.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from masks.scribble import scribbled_matte
from propagate.arrays import Floats
from propagate.flow_dis import DisFlow
from propagate.split_at_keys import Span, split_at_keys
from stylize.context.mattes import read_matte
from stylize.errors import InputError, MatteError
from stylize.matting.track_span import track_to
from stylize.media.images import quantise, read_values, write_image
from stylize.media.plates import Plates
from stylize.media.safe_write import make_folder
from stylize.project import Project
from stylize.stages import cache_key

# Grey values from which a stroke is white, and up to which it is black; alpha from which it is a stroke at all.
WHITE, BLACK, OPAQUE = 0.9, 0.1, 0.5
# Subfolder of mask/ in the project for completed strokes.
FOLDER = "scribbles"


def read_strokes(path: Path, size: tuple[int, int]) -> np.ndarray:
    """Read strokes: int8 (H, W), 1 where white, -1 where black, 0 where of any other colour or transparent.

    size: expected (width, height). Raises MatteError if the file is missing, unreadable, of another size, or without
    strokes.
    """
    try:
        values = read_values(path)
    except InputError as error:
        raise MatteError(f"scribble {error}") from error
    found = (values.shape[1], values.shape[0])
    if found != size:
        raise MatteError(
            f"scribble {path}: expected {size[0]}x{size[1]} like the shot, found {found[0]}x{found[1]}; resize it to "
            "the size of the plates"
        )
    colour, opaque = values[..., :3], values[..., -1] >= OPAQUE if values.shape[2] == 4 else True
    white, black = (colour.min(axis=-1) >= WHITE) & opaque, (colour.max(axis=-1) <= BLACK) & opaque
    if not (white.any() or black.any()):
        raise MatteError(f"scribble {path}: expected white strokes inside or black ones outside, found neither")
    if (white | black).all():
        raise MatteError(f"scribble {path} has no unknown pixels; give a complete matte with --key instead")
    return white.astype(np.int8) - black.astype(np.int8)


def complete_strokes(
    scribbles: Mapping[int, Path],
    keys: Mapping[int, Path],
    shots: Sequence[Sequence[int]],
    plates: Plates,
    project: Project,
) -> tuple[dict[int, Path], dict[int, float]]:
    """Return the completed matte of each frame with strokes, a file in the project, and its expected overlap.

    keys: painted mattes. shots: their frames. Raises MatteError for strokes of one side only in a shot without a
    painted matte.
    """
    files, overlaps = {}, {}
    for frame, path in scribbles.items():
        (frames,) = (one for one in shots if frame in one)
        painted = {key: file for key, file in keys.items() if key in frames}
        spans = split_at_keys(frames, sorted(painted)) if painted else ()
        span = next((one for one in spans if frame in one.frames), None)
        files[frame], overlaps[frame] = _complete(frame, path, span, painted, plates, project)
    return files, overlaps


def _complete(
    frame: int, path: Path, span: Span | None, painted: Mapping[int, Path], plates: Plates, project: Project
) -> tuple[Path, float]:
    """Complete the strokes of one frame, unless that has been done. Return its file and expected overlap."""
    sides = [] if span is None else [key for key in (span.left, span.right) if key is not None]
    between = [frame] if span is None else sorted({*span.frames, *sides})
    matte_key = cache_key(
        "matte_scribble",
        [DisFlow().cache_key(), DisFlow("fine").cache_key()],
        [frame, *sides],
        [project.digest(plates.paths[one]) for one in between],
        [project.digest(file) for file in (path, *(painted[side] for side in sides))],
    )
    file = project.folder("mask") / FOLDER / f"{frame}.png"
    name = f"scribble overlap {frame}"
    known = project.recall(name, matte_key)
    if known is not None and project.fresh(file, matte_key):
        return file, float(known)
    size = plates.shot.size
    strokes = read_strokes(path, size)
    if span is None and not ((strokes > 0).any() and (strokes < 0).any()):
        missing = "white strokes inside" if (strokes < 0).any() else "black strokes outside"
        raise MatteError(
            f"scribble {path} has strokes of one side only, and its shot has no painted matte; add {missing}, or paint "
            "a frame and give it with --key"
        )

    def read(key: int) -> Floats:
        return read_matte(painted[key], size)

    tracked = None if span is None else track_to(frame, span, plates, read)
    matte, overlap = scribbled_matte(plates.colour(frame), strokes, tracked)
    make_folder(file.parent)
    write_image(file, quantise(matte, np.uint16), seal=project.seal(matte_key))
    project.remember(name, matte_key, overlap)
    return file, overlap
