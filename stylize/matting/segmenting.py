"""Mattes by a network: segmentation per frame, consensus over the shot, temporal smoothing, and snapping to edges."""

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from masks.guided_filter import guided_filter
from masks.shot_consensus import consensus_regions
from masks.temporal_smoothing import smooth_mattes
from propagate.arrays import F32, Bytes, Floats
from propagate.flow_dis import DisFlow
from stylize.errors import MatteError
from stylize.io_errors import PROJECT_OPTION, output_error
from stylize.matting.networks import Segmentation
from stylize.matting.refine_edges import Refine
from stylize.matting.scratch_folder import scratch_folder
from stylize.media.images import quantise, read_values, write_image
from stylize.media.plates import Plates
from stylize.media.shot import Shot
from stylize.planning import picking
from stylize.planning.cuts import split
from stylize.project import Project
from stylize.settings.network_matte import format_prompt
from stylize.stages import cache_key

# Longest side in pixels for temporal smoothing, and the upsampling filter: radius in these pixels, variance.
SMOOTHING_SIDE, UPSAMPLING_RADIUS, FILTER_VARIANCE = 640, 3, 1e-3
# Longest side in pixels for the consensus, and the snapping of regions to the edges of the larger picture.
CONSENSUS_SIDE, EDGE_RADIUS, EDGE_CONTRAST = 320, 4, 2.0

Progress = Callable[[str, int, int], None]


def segment_shot(
    shot: Shot, project: Project, plates: Plates, segmentation: Segmentation, file_of: Callable[[int], Path],
    progress: Progress, refine: Refine = lambda plate, matte: matte, refine_inputs: Sequence[int] = (),
) -> list[int]:  # fmt: skip
    """Make the 16-bit matte of every frame; return the frames made: all or none, since each depends on the others.

    Raises MatteError if the network cannot be used.
    """
    frames = shot.frames
    plate_digests = [project.digest(plates.paths[frame]) for frame in frames]
    prompt_texts = [format_prompt(prompt) for prompt in segmentation.prompts]
    # The consensus depends on the cuts between shots.
    uses = (
        segmentation.stage,
        *(() if segmentation.segmenter.produces_mattes else ("cuts",)),
        *(("refine_edges",) if refine_inputs else ()),
    )
    key = cache_key(
        "matte_network",
        segmentation.segmenter.cache_key(),
        prompt_texts,
        DisFlow().cache_key(),
        frames,
        plate_digests,
        *refine_inputs,
        uses=uses,
    )
    if all(project.fresh(file_of(frame), key) for frame in frames):
        progress("matte", len(frames), len(frames))
        return []
    made: list[int] = []
    try:
        # Segmented mattes wait on disk for later ones, so that memory does not grow with the shot.
        with scratch_folder(project, "found") as folder:
            job = _Job(frames, plate_digests, project, plates, folder, progress)
            found = (
                _in_frame_order(job, segmentation)
                if segmentation.segmenter.produces_mattes
                else _with_consensus(job, segmentation)
            )
            for frame, matte in smooth_mattes(found, DisFlow()):
                plate = plates.colour(frame)
                write_image(file_of(frame), quantise(refine(plate, _upsample(matte, plate)), np.uint16))
                project.record(file_of(frame), key)
                made.append(frame)
                progress("matte", len(made), len(frames))
    except ValueError as error:
        raise MatteError(f"the network of --matte-model cannot be used: {error}; choose another one") from error
    return made


@dataclass(frozen=True)
class _Job:
    """One segmentation. plate_digests: of the frames, in their order. folder: for mattes that wait."""

    frames: tuple[int, ...]
    plate_digests: list[str]
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


def _segment_frames(job: _Job, segmentation: Segmentation) -> Iterator[int]:
    """Segment the frames in the network's order; after storing each small matte, yield the number done so far."""
    for done, (frame, matte) in enumerate(
        segmentation.segmenter(job.frames, job.plates.colour, segmentation.prompts), 1
    ):
        size = _shrink(job.plates.colour(frame), SMOOTHING_SIDE).shape[1::-1]
        job.put(frame, np.asarray(cv2.resize(matte, size, interpolation=cv2.INTER_AREA), F32))
        yield done


def _in_frame_order(job: _Job, segmentation: Segmentation) -> Iterator[tuple[int, Bytes, Floats]]:
    """Yield frame, small plate and small matte, in order of time."""
    remaining = iter(job.frames)
    due = next(remaining, None)
    for done in _segment_frames(job, segmentation):
        if due == job.frames[0] and not job.file(due).exists():
            job.progress("find", done, len(job.frames))  # later progress is reported per matte
        while due is not None and job.file(due).exists():
            yield due, _shrink(job.plates.colour(due), SMOOTHING_SIDE), job.get(due)
            job.file(due).unlink()
            due = next(remaining, None)


def _with_consensus(job: _Job, segmentation: Segmentation) -> Iterator[tuple[int, Bytes, Floats]]:
    """Yield the same as `_in_frame_order`, after the consensus of each shot on which regions are inside."""
    for done in _segment_frames(job, segmentation):
        job.progress("find", done, len(job.frames))

    def read_small(frame: int) -> tuple[Bytes, Floats]:
        plate = _shrink(job.plates.colour(frame), CONSENSUS_SIDE)
        return plate, np.asarray(cv2.resize(job.get(frame), plate.shape[1::-1], interpolation=cv2.INTER_AREA), F32)

    pictures = ((frame, job.plates.colour(frame)) for frame in job.frames)
    # Colours after a cut belong to other objects.
    for frames in split(job.frames, picking.recall_cuts(job.project, job.frames, job.plate_digests, pictures)):
        for frame, regions in consensus_regions(frames, read_small, _DiskPlanes(job.folder), DisFlow()):
            job.put(frame, regions)
    for frame in job.frames:
        plate = _shrink(job.plates.colour(frame), SMOOTHING_SIDE)
        yield frame, plate, _snap_to_edges(job.get(frame), plate)
        job.file(frame).unlink()


class _DiskPlanes(MutableMapping[int, Floats]):
    """Planes of frames, stored as half floats in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _file(self, frame: int) -> Path:
        return self._folder / f"{frame}.npy"

    def __setitem__(self, frame: int, planes: Floats) -> None:
        try:
            np.save(self._file(frame), planes.astype(np.float16))
        except OSError as error:
            raise output_error(error, self._file(frame), PROJECT_OPTION) from error

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


def _snap_to_edges(regions: Floats, plate: Bytes) -> Floats:
    """Enlarge the regions of a smaller picture to the plate's size, and snap them to its edges."""
    regions = np.asarray(cv2.resize(regions, plate.shape[1::-1], interpolation=cv2.INTER_LINEAR), F32)
    snapped = guided_filter(regions, plate.astype(F32) / F32(255), np.ones_like(regions), EDGE_RADIUS, FILTER_VARIANCE)
    return np.clip((snapped - F32(0.5)) * F32(EDGE_CONTRAST) + F32(0.5), 0, 1)


def _shrink(plate: Bytes, max_side: int) -> Bytes:
    scale = max_side / max(plate.shape[:2])
    if scale >= 1:
        return plate
    size = max(1, round(plate.shape[1] * scale)), max(1, round(plate.shape[0] * scale))
    return np.asarray(cv2.resize(plate, size, interpolation=cv2.INTER_AREA), np.uint8)


def _upsample(matte: Floats, plate: Bytes) -> Floats:
    """Enlarge a matte to full size, and snap it to the edges of the plate."""
    height, width = plate.shape[:2]
    scale = max(height, width) / max(matte.shape)
    matte = np.asarray(cv2.resize(matte, (width, height), interpolation=cv2.INTER_LINEAR), F32)
    snapped = guided_filter(
        matte, plate.astype(F32) / F32(255), np.ones_like(matte), round(UPSAMPLING_RADIUS * scale), FILTER_VARIANCE
    )
    # Clip faint filter residue, so that the plate stays bit-identical outside the matte.
    return np.clip((snapped - F32(0.05)) / F32(0.9), 0, 1).astype(F32)
