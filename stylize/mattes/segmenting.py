"""Mattes by a network: the subject found in every frame, steadied along the motion, drawn to the plates' edges."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from masks.guided_filter import guided_filter
from masks.segment import Segmenter
from masks.segment_onnx import OnnxSegmenter
from masks.steady import steadied
from propagate.arrays import F32, Bytes, Floats
from propagate.flow_dis import DisFlow
from stylize.errors import MatteError
from stylize.footage.images import quantise, write_image
from stylize.footage.plates import Plates
from stylize.footage.shot import Shot
from stylize.mattes.edges import Refine
from stylize.project import Project, fingerprint

# Raise it whenever the same network gives other files.
VERSION = 1
# Longest side, in pixels, of what is steadied; and the filter that enlarges it: radius in its pixels, and variance.
LARGEST, RADIUS, SMOOTH = 640, 3, 1e-3

HOW = (
    "any salient-object or portrait network in ONNX will do, such as u2netp.onnx or isnet-general-use.onnx from the "
    "releases of danielgatis/rembg"
)


def open_segmenter(model: Path) -> Segmenter:
    """The network in a file. Raises MatteError: no such file, no network, or onnxruntime is missing."""
    if not model.is_file():
        raise MatteError(f"--matte-model {model}: no such file; {HOW}")
    try:
        return OnnxSegmenter(model.read_bytes())
    except ImportError as error:
        raise MatteError("--matte-model needs onnxruntime; install it with: pip install '.[auto]'") from error
    except ValueError as error:
        raise MatteError(f"--matte-model {model}: {error}; {HOW}") from error
    except OSError as error:
        raise MatteError(f"--matte-model {model}: cannot be read ({error.strerror}); check its permissions") from error


def segment_shot(
    shot: Shot, project: Project, plates: Plates, segmenter: Segmenter, file_of: Callable[[int], Path],
    on_frame: Callable[[], None], refine: Refine = lambda plate, matte: matte, refined: Sequence[str | int] = (),
) -> list[int]:  # fmt: skip
    """Makes the matte of every frame, 16 bits, and returns those made: all or none, for each sees its neighbours."""
    seen = [project.digest(plates.paths[frame]) for frame in shot.frames]
    mark = fingerprint(VERSION, segmenter.fingerprint(), DisFlow().fingerprint(), shot.frames, seen, *refined)
    if all(project.fresh(file_of(frame), mark) for frame in shot.frames):
        for _ in shot.frames:
            on_frame()
        return []
    made = []
    try:
        for frame, matte in steadied(_found(shot, plates, segmenter), DisFlow()):
            plate = plates.colour(frame)
            write_image(file_of(frame), quantise(refine(plate, _enlarged(matte, plate)), np.uint16))
            project.record(file_of(frame), mark)
            made.append(frame)
            on_frame()
    except ValueError as error:
        raise MatteError(f"the network of --matte-model cannot be used: {error}; {HOW}") from error
    return made


def _found(shot: Shot, plates: Plates, segmenter: Segmenter) -> Iterator[tuple[int, Bytes, Floats]]:
    def small(frame: int) -> Bytes:
        return _small(plates.colour(frame))

    for frame, matte in segmenter(shot.frames, small):
        yield frame, small(frame), matte


def _small(plate: Bytes) -> Bytes:
    scale = LARGEST / max(plate.shape[:2])
    if scale >= 1:
        return plate
    size = max(1, round(plate.shape[1] * scale)), max(1, round(plate.shape[0] * scale))
    return np.asarray(cv2.resize(plate, size, interpolation=cv2.INTER_AREA), np.uint8)


def _enlarged(matte: Floats, plate: Bytes) -> Floats:
    """At full size, and drawn to the edges of the plate."""
    height, width = plate.shape[:2]
    scale = max(height, width) / max(matte.shape)
    matte = np.asarray(cv2.resize(matte, (width, height), interpolation=cv2.INTER_LINEAR), F32)
    drawn = guided_filter(matte, plate.astype(F32) / F32(255), np.ones_like(matte), round(RADIUS * scale), SMOOTH)
    # Traces that a filter leaves would be neither the style nor, to the bit, the plate.
    return np.clip((drawn - F32(0.05)) / F32(0.9), 0, 1).astype(F32)
