"""Mattes by a network: the subject found in every frame, settled by the whole shot, steadied along the motion, drawn to
the plates' edges."""

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from masks.guided_filter import guided_filter
from masks.shot_consensus import settled
from masks.temporal_smoothing import steadied
from propagate.arrays import F32, Bytes, Floats
from propagate.flow_dis import DisFlow
from stylize.errors import MatteError
from stylize.io_errors import PROJECT, unwritable
from stylize.matting.networks import Finder
from stylize.matting.refine_edges import Refine
from stylize.matting.scratch_folder import waiting
from stylize.media.images import quantise, read_values, write_image
from stylize.media.plates import Plates
from stylize.media.shot import Shot
from stylize.planning import picking
from stylize.planning.cuts import split
from stylize.project import Project
from stylize.settings.network_matte import spell
from stylize.stages import cache_key

# Longest side, in pixels, of what is steadied; and the filter that enlarges it: radius in its pixels, and variance.
LARGEST, RADIUS, SMOOTH = 640, 3, 1e-3
# Longest side of what is settled, and how regions are drawn to the edges of the larger picture.
SETTLED, DRAWN, CRISP = 320, 4, 2.0

Progress = Callable[[str, int, int], None]


def segment_shot(
    shot: Shot, project: Project, plates: Plates, finder: Finder, file_of: Callable[[int], Path],
    progress: Progress, refine: Refine = lambda plate, matte: matte, refined: Sequence[int] = (),
) -> list[int]:  # fmt: skip
    """Makes the matte of every frame, 16 bits, and returns those made: all or none, for each sees the others.

    Raises MatteError when the network cannot be used.
    """
    frames = shot.frames
    seen = [project.digest(plates.paths[frame]) for frame in frames]
    pointed = [spell(prompt) for prompt in finder.prompts]
    # What is settled depends on where the shots begin.
    uses = (finder.stage, *(() if finder.segmenter.finished else ("cuts",)), *(("refine_edges",) if refined else ()))
    key = cache_key(
        "matte_network", finder.segmenter.cache_key(), pointed, DisFlow().cache_key(), frames, seen, *refined, uses=uses
    )
    if all(project.fresh(file_of(frame), key) for frame in frames):
        progress("matte", len(frames), len(frames))
        return []
    made: list[int] = []
    try:
        # What is found waits on disk for what is found later: memory does not grow with the shot.
        with waiting(project, "found") as folder:
            job = _Job(frames, seen, project, plates, folder, progress)
            found = _in_turn(job, finder) if finder.segmenter.finished else _settled(job, finder)
            for frame, matte in steadied(found, DisFlow()):
                plate = plates.colour(frame)
                write_image(file_of(frame), quantise(refine(plate, _enlarged(matte, plate)), np.uint16))
                project.record(file_of(frame), key)
                made.append(frame)
                progress("matte", len(made), len(frames))
    except ValueError as error:
        raise MatteError(f"the network of --matte-model cannot be used: {error}; choose another one") from error
    return made


@dataclass(frozen=True)
class _Job:
    """seen: the digests of the frames' plates. folder: where what waits is kept."""

    frames: tuple[int, ...]
    seen: list[str]
    project: Project
    plates: Plates
    folder: Path
    progress: Progress

    def file(self, frame: int) -> Path:
        return self.folder / f"{frame}.png"

    def put(self, frame: int, matte: Floats) -> None:
        write_image(self.file(frame), quantise(matte, np.uint16))

    def get(self, frame: int) -> Floats:
        return read_values(self.file(frame))[..., 0]


def _looked(job: _Job, finder: Finder) -> Iterator[int]:
    """Has the network find the frames, in its order; after each, when its small matte waits, how many do or did."""
    for done, (frame, matte) in enumerate(finder.segmenter(job.frames, job.plates.colour, finder.prompts), 1):
        size = _small(job.plates.colour(frame), LARGEST).shape[1::-1]
        job.put(frame, np.asarray(cv2.resize(matte, size, interpolation=cv2.INTER_AREA), F32))
        yield done


def _in_turn(job: _Job, finder: Finder) -> Iterator[tuple[int, Bytes, Floats]]:
    """Frame, plate and matte, both small, in order of time."""
    waits = iter(job.frames)
    turn = next(waits, None)
    for done in _looked(job, finder):
        if turn == job.frames[0] and not job.file(turn).exists():
            job.progress("find", done, len(job.frames))  # from then on, mattes tell how far it is
        while turn is not None and job.file(turn).exists():
            yield turn, _small(job.plates.colour(turn), LARGEST), job.get(turn)
            job.file(turn).unlink()
            turn = next(waits, None)


def _settled(job: _Job, finder: Finder) -> Iterator[tuple[int, Bytes, Floats]]:
    """The same, once each shot has settled which regions are inside."""
    for done in _looked(job, finder):
        job.progress("find", done, len(job.frames))

    def see(frame: int) -> tuple[Bytes, Floats]:
        plate = _small(job.plates.colour(frame), SETTLED)
        return plate, np.asarray(cv2.resize(job.get(frame), plate.shape[1::-1], interpolation=cv2.INTER_AREA), F32)

    shown = ((frame, job.plates.colour(frame)) for frame in job.frames)
    # Colours behind a cut are those of other things.
    for frames in split(job.frames, picking.remembered_cuts(job.project, job.frames, job.seen, shown)):
        for frame, regions in settled(frames, see, _OnDisk(job.folder), DisFlow()):
            job.put(frame, regions)
    for frame in job.frames:
        plate = _small(job.plates.colour(frame), LARGEST)
        yield frame, plate, _drawn(job.get(frame), plate)
        job.file(frame).unlink()


class _OnDisk(MutableMapping[int, Floats]):
    """Planes of frames as half floats in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _file(self, frame: int) -> Path:
        return self._folder / f"{frame}.npy"

    def __setitem__(self, frame: int, planes: Floats) -> None:
        try:
            np.save(self._file(frame), planes.astype(np.float16))
        except OSError as error:
            raise unwritable(error, self._file(frame), PROJECT) from error

    def __getitem__(self, frame: int) -> Floats:
        if not self._file(frame).exists():
            raise KeyError(frame)
        return np.asarray(np.load(self._file(frame)), F32)

    def __delitem__(self, frame: int) -> None:
        self._file(frame).unlink()

    def __iter__(self) -> Iterator[int]:
        return (int(file.stem) for file in sorted(self._folder.glob("*.npy")))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _drawn(regions: Floats, plate: Bytes) -> Floats:
    """Regions of a smaller picture at this one's size, drawn to its edges."""
    regions = np.asarray(cv2.resize(regions, plate.shape[1::-1], interpolation=cv2.INTER_LINEAR), F32)
    drawn = guided_filter(regions, plate.astype(F32) / F32(255), np.ones_like(regions), DRAWN, SMOOTH)
    return np.clip((drawn - F32(0.5)) * F32(CRISP) + F32(0.5), 0, 1)


def _small(plate: Bytes, largest: int) -> Bytes:
    scale = largest / max(plate.shape[:2])
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
