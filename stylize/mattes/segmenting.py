"""Mattes by a network: the subject found in every frame, steadied along the motion, drawn to the plates' edges."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from masks.guided_filter import guided_filter
from masks.steady import steadied
from propagate.arrays import F32, Bytes, Floats
from propagate.flow_dis import DisFlow
from stylize.errors import MatteError
from stylize.footage.images import quantise, read_values, write_image
from stylize.footage.plates import Plates
from stylize.footage.shot import Shot
from stylize.mattes.edges import Refine
from stylize.mattes.networks import Finder
from stylize.project import Project, fingerprint
from stylize.settings.network_matte import spell

# Raise it whenever the same network gives other files.
VERSION = 3
# Longest side, in pixels, of what is steadied; and the filter that enlarges it: radius in its pixels, and variance.
LARGEST, RADIUS, SMOOTH = 640, 3, 1e-3
_WAITING = ".found-"


def segment_shot(
    shot: Shot, project: Project, plates: Plates, finder: Finder, file_of: Callable[[int], Path],
    on_frame: Callable[[], None], refine: Refine = lambda plate, matte: matte, refined: Sequence[str | int] = (),
) -> list[int]:  # fmt: skip
    """Makes the matte of every frame, 16 bits, and returns those made: all or none, for each sees its neighbours.

    Raises MatteError when the network cannot be used.
    """
    seen = [project.digest(plates.paths[frame]) for frame in shot.frames]
    pointed = [spell(prompt) for prompt in finder.prompts]
    mark = fingerprint(
        VERSION, finder.segmenter.fingerprint(), pointed, DisFlow().fingerprint(), shot.frames, seen, *refined
    )
    if all(project.fresh(file_of(frame), mark) for frame in shot.frames):
        for _ in shot.frames:
            on_frame()
        return []
    made = []
    for left in project.folder("mask").glob(f"{_WAITING}*"):  # by a run that was killed
        shutil.rmtree(left, ignore_errors=True)
    try:
        # What is found out of turn waits on disk: memory does not grow with the shot.
        with tempfile.TemporaryDirectory(dir=project.folder("mask"), prefix=_WAITING) as folder:
            for frame, matte in steadied(_found(shot, plates, finder, Path(folder)), DisFlow()):
                plate = plates.colour(frame)
                write_image(file_of(frame), quantise(refine(plate, _enlarged(matte, plate)), np.uint16))
                project.record(file_of(frame), mark)
                made.append(frame)
                on_frame()
    except ValueError as error:
        raise MatteError(f"the network of --matte-model cannot be used: {error}; choose another one") from error
    return made


def _found(shot: Shot, plates: Plates, finder: Finder, folder: Path) -> Iterator[tuple[int, Bytes, Floats]]:
    """Frame, plate and matte, both small, in order of time."""
    waits = iter(shot.frames)
    turn = next(waits, None)
    for frame, matte in finder.segmenter(shot.frames, plates.colour, finder.prompts):
        small = _small(plates.colour(frame))
        matte = np.asarray(cv2.resize(matte, small.shape[1::-1], interpolation=cv2.INTER_AREA), F32)
        write_image(_waiting(folder, frame), quantise(matte, np.uint16))
        while turn is not None and _waiting(folder, turn).exists():
            file = _waiting(folder, turn)
            yield turn, _small(plates.colour(turn)), read_values(file)[..., 0]
            file.unlink()
            turn = next(waits, None)


def _waiting(folder: Path, frame: int) -> Path:
    return folder / f"{frame}.png"


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
