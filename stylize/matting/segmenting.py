"""Mattes by a network: segmentation per frame, consensus over the shot, temporal smoothing, and snapping to edges."""

from collections.abc import Callable, Collection, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from masks.guided_filter import guided_filter
from masks.min_cut import solve
from masks.shot_consensus import consensus_regions
from masks.temporal_smoothing import smooth_mattes
from propagate.arrays import F32, Bytes, Floats
from propagate.flow_dis import DisFlow
from propagate.kernels.kernel import keep
from stylize.errors import MatteError
from stylize.io_errors import PROJECT_OPTION, output_error
from stylize.matting.networks import Segmentation
from stylize.matting.refine_edges import Refine
from stylize.matting.scratch_folder import scratch_folder
from stylize.media.images import quantise, read_values, write_image
from stylize.media.plates import Plates
from stylize.media.shot import Shot
from stylize.planning import picking
from stylize.planning.cut_edits import NO_CUT_EDITS, CutEdits
from stylize.planning.cuts import split
from stylize.project import Project
from stylize.settings.network_matte import format_prompt
from stylize.stages import cache_key

keep(solve)

# Temporal smoothing: longest side in pixels. Upsampling filter: radius in these pixels, and variance.
SMOOTHING_SIDE, UPSAMPLING_RADIUS, FILTER_VARIANCE = 640, 3, 1e-3
# Consensus: longest side in pixels. Snapping of its regions to the edges of the larger picture: radius and contrast.
CONSENSUS_SIDE, EDGE_RADIUS, EDGE_CONTRAST = 320, 4, 2.0

Progress = Callable[[str, int, int], None]


def segment_shot(
    shot: Shot, project: Project, plates: Plates, segmentation: Segmentation, file_of: Callable[[int], Path],
    progress: Progress, refine: Refine = lambda plate, matte: matte, refine_inputs: Sequence[int] = (),
    kept: Collection[int] = (), cut_edits: CutEdits = NO_CUT_EDITS,
) -> list[int]:  # fmt: skip
    """Write the 16-bit mattes of a shot with a network. Return the frames written.

    Each matte depends on all frames, so all are written or none. file_of: returns the file of a frame's matte. kept:
    frames whose mattes the user has changed, which are not written. cut_edits: changes of the cuts. Raises
    MatteError if the network is not usable.
    """
    frames = shot.frames
    plate_digests = [project.plate_digest(plates.paths[frame]) for frame in frames]
    prompt_texts = [format_prompt(replace(one, frame=one.frame - frames[0])) for one in segmentation.prompts]
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
        [frame - frames[0] for frame in frames],
        plate_digests,
        # Those from other distributions may use frame numbers for anything.
        *([frames[0]] if segmentation.stage == "segmenter_extension" else ()),
        *refine_inputs,
        *([] if segmentation.segmenter.produces_mattes else cut_edits.cache_inputs()),
        uses=uses,
    )
    # Each matte has its position in its cache key, which tells the mattes apart when frames get other numbers.
    keys = {frame: cache_key("matte_network", "frame", key, frame - frames[0]) for frame in frames}
    if all(frame in kept or project.fresh(file_of(frame), keys[frame]) for frame in frames):
        progress("matte", len(frames), len(frames))
        return []
    made: list[int] = []
    try:
        # Segmented mattes are stored on disk until they are smoothed, so that memory does not grow with the shot.
        with scratch_folder(project, "found") as folder:
            job = _Job(frames, plate_digests, project, plates, folder, cut_edits, progress)
            found = (
                _in_frame_order(job, segmentation)
                if segmentation.segmenter.produces_mattes
                else _with_consensus(job, segmentation)
            )
            for done, (frame, matte) in enumerate(smooth_mattes(found, DisFlow()), 1):
                if frame not in kept:
                    plate = plates.colour(frame)
                    refined = refine(plate, _upsample(matte, plate))
                    write_image(file_of(frame), quantise(refined, np.uint16), seal=project.seal(keys[frame]))
                    made.append(frame)
                progress("matte", done, len(frames))
    except ValueError as error:
        raise MatteError(f"the network of --matte-model is not usable: {error}; choose another one") from error
    return made


@dataclass(frozen=True)
class _Job:
    """Segmentation of one shot. plate_digests: in the order of frames. folder: for intermediate mattes."""

    frames: tuple[int, ...]
    plate_digests: list[str]
    project: Project
    plates: Plates
    folder: Path
    cut_edits: CutEdits
    progress: Progress

    def file(self, frame: int) -> Path:
        return self.folder / f"{frame}.png"

    def put(self, frame: int, matte: Floats) -> None:
        write_image(self.file(frame), quantise(matte, np.uint16))

    def get(self, frame: int) -> Floats:
        return read_values(self.file(frame))[..., 0]


def _segment_frames(job: _Job, segmentation: Segmentation) -> Iterator[int]:
    """Segment the frames in the network's order, and store small mattes. Yields the number done after each one."""
    for done, (frame, matte) in enumerate(
        segmentation.segmenter(job.frames, job.plates.colour, segmentation.prompts), 1
    ):
        size = _shrink(job.plates.colour(frame), SMOOTHING_SIDE).shape[1::-1]
        job.put(frame, np.asarray(cv2.resize(matte, size, interpolation=cv2.INTER_AREA), F32))
        yield done


def _in_frame_order(job: _Job, segmentation: Segmentation) -> Iterator[tuple[int, Bytes, Floats]]:
    """Yield (frame, small plate, small matte) in temporal order."""
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
    """Yield the same as `_in_frame_order`, with mattes from the consensus of each shot."""
    for done in _segment_frames(job, segmentation):
        job.progress("find", done, len(job.frames))

    def read_small(frame: int) -> tuple[Bytes, Floats]:
        plate = _shrink(job.plates.colour(frame), CONSENSUS_SIDE)
        return plate, np.asarray(cv2.resize(job.get(frame), plate.shape[1::-1], interpolation=cv2.INTER_AREA), F32)

    pictures = ((frame, job.plates.colour(frame)) for frame in job.frames)
    # Cuts separate shots, since the same colours belong to other objects after a cut.
    found = picking.recall_cuts(job.project, job.frames, job.plate_digests, pictures)
    for frames in split(job.frames, job.cut_edits.apply(found)):
        for frame, regions in consensus_regions(frames, read_small, _DiskPlanes(job.folder), DisFlow()):
            job.put(frame, regions)
    for frame in job.frames:
        plate = _shrink(job.plates.colour(frame), SMOOTHING_SIDE)
        yield frame, plate, _snap_to_edges(job.get(frame), plate)
        job.file(frame).unlink()


class _DiskPlanes(MutableMapping[int, Floats]):
    """Mapping from frames to arrays, stored as half floats in a folder."""

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
    """Enlarge regions to the size of a plate, and snap them to its edges: float32 (H, W) in [0, 1]."""
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
    """Enlarge a matte to the size of its plate, and snap it to its edges: float32 (H, W) in [0, 1]."""
    height, width = plate.shape[:2]
    scale = max(height, width) / max(matte.shape)
    matte = np.asarray(cv2.resize(matte, (width, height), interpolation=cv2.INTER_LINEAR), F32)
    snapped = guided_filter(
        matte, plate.astype(F32) / F32(255), np.ones_like(matte), round(UPSAMPLING_RADIUS * scale), FILTER_VARIANCE
    )
    # Clip faint residue of the filter, so that the plate stays bit-identical outside the matte.
    return np.clip((snapped - F32(0.05)) / F32(0.9), 0, 1).astype(F32)
