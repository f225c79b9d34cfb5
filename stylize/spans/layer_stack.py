"""Stack of layers: composite their looks over the plate, later over earlier, frame by frame.

A layer stores its look before its matte is applied. Where soft mattes meet, each matte is therefore applied once, and
the plate is not blended in twice.
"""

import shutil
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from masks import disjoint_over as stacking
from propagate.arrays import F32, Floats
from propagate.concurrent_passes import run_concurrently
from propagate.threads import thread_limit
from stylize.context.context import Context
from stylize.context.mattes import Mattes, matte_extents
from stylize.errors import OutputError
from stylize.events import FrameFinished
from stylize.io_errors import PROJECT_OPTION
from stylize.media.images import image_info, make_folder, quantise, read_values, write_image
from stylize.media.plates import plate_pattern
from stylize.media.safe_write import Seal, atomic_write
from stylize.project import is_edited
from stylize.spans.composite_look import to_depth
from stylize.spans.frame_files import ERROR, pass_file, remove_stale
from stylize.spans.layer_look import check_look, is_visible, look_inputs, read_look
from stylize.spans.pass_maps import write_error
from stylize.stages import cache_key

# Folder in mask/ of the union of all layers' mattes.
UNION = "layers"
# Maximum number of frames stacked at once; each takes about 60 bytes per pixel.
MAX_CONCURRENT = 2


@dataclass(frozen=True)
class _LayerFrame:
    """Contribution of one layer to a frame. layer: its context."""

    layer: Context
    frame: int

    @property
    def error(self) -> Path:
        """File of its error map."""
        return pass_file(self.layer.project.root, self.layer.shot, ERROR, self.frame)

    def cache_inputs(self) -> list[object]:
        """Return its inputs, for cache keys."""
        digests = [*look_inputs(self.layer, self.frame), self.layer.project.digest(self.error)]
        return [digests, *self.layer.matte_inputs([self.frame])]


@dataclass(frozen=True)
class _StackedFrame:
    """Frame of the whole shot: its layers from the lowest, its cache key, and the files to write."""

    frame: int
    layers: tuple[_LayerFrame, ...]
    cache_key: str
    picture: Path
    error: Path
    union: Path

    @property
    def files(self) -> tuple[Path, ...]:
        return self.picture, self.error, self.union


def stack_layers(whole: Context, layers: Sequence[Context]) -> tuple[int, ...]:
    """Make the frames of the whole shot, with error maps and mattes, from those of the layers; return the frames made.

    layers: from the lowest. Raises OutputError when a layer lacks a frame.
    """
    frames = whole.shot.frames
    dtype = np.uint16 if any(image_info(context.file("out", frames[0])).depth == 16 for context in layers) else np.uint8
    stacks = [_stacked_frame(whole, layers, frame, dtype) for frame in frames]
    stale = [stack for stack in stacks if _missing_files(whole, stack)]
    done, made = len(stacks) - len(stale), []
    whole.progress("layers", done, len(frames))
    for stack in _write_all(whole, stale, dtype):
        made.append(stack.frame)
        whole.reporter.send(FrameFinished(stack.frame, stack.picture))
        whole.progress("layers", done + len(made), len(frames))
    if whole.settings.frames is None:
        remove_stale(whole.project, "out", whole.plates.paths)
    whole.project.save()
    return tuple(sorted(made))


def with_union(whole: Context) -> Context:
    """Return the whole shot with the union of its layers as its matte. Raises OutputError when a file is missing."""
    mattes = Mattes({frame: _union_file(whole, frame) for frame in whole.shot.frames}, whole.shot.size)
    missing = [path for path in mattes.paths.values() if not path.is_file()]
    if missing:
        raise OutputError(f"{missing[0]} is missing, expected the output of the propagate stage; run all stages")
    extents = matte_extents(mattes, whole.project)
    covered = all(extent.whole for extent in extents.values())
    return whole if covered else replace(whole, mattes=mattes, extents=extents)


def _union_file(whole: Context, frame: int) -> Path:
    return plate_pattern(whole.shot, whole.project.folder("mask") / UNION).path(frame)


def _stacked_frame(whole: Context, layers: Sequence[Context], frame: int, dtype: type) -> _StackedFrame:
    visible = tuple(_layer_frame(context, frame) for context in layers if is_visible(context, frame))
    inputs = [layer.cache_inputs() for layer in visible]
    key = cache_key("layers", np.dtype(dtype).name, whole.plate_digests([frame]), inputs)
    error = pass_file(whole.project.root, whole.shot, ERROR, frame)
    return _StackedFrame(frame, visible, key, whole.file("out", frame), error, _union_file(whole, frame))


def _layer_frame(context: Context, frame: int) -> _LayerFrame:
    check_look(context, frame)
    return _LayerFrame(context, frame)


def _missing_files(whole: Context, stack: _StackedFrame) -> set[Path]:
    """Return the files of a frame to write. Those that a person changed are kept."""
    project, key = whole.project, stack.cache_key
    missing = {path for path in stack.files if not (project.fresh(path, key) or is_edited(project, path))}
    return missing - {stack.picture} if project.is_changed(stack.picture) else missing


def _write_all(whole: Context, stacks: Sequence[_StackedFrame], dtype: type) -> Iterator[_StackedFrame]:
    """Write frames, several concurrently if threads allow; yield each when it is on disk."""
    for path in {path.parent for stack in stacks for path in stack.files}:
        make_folder(path)
    workers = max(1, min(thread_limit(), MAX_CONCURRENT, len(stacks)))
    yield from run_concurrently(
        [partial(_write_some, whole, stacks[first::workers], dtype) for first in range(workers)]
    )


def _write_some(whole: Context, stacks: Sequence[_StackedFrame], dtype: type) -> Generator[_StackedFrame, None, None]:
    for stack in stacks:
        _write(whole, stack, dtype)
        yield stack


def _write(whole: Context, stack: _StackedFrame, dtype: type) -> None:
    looks = [read_look(layer.layer, stack.frame, dtype) for layer in stack.layers]
    mattes, size, seal = [look.matte for look in looks], whole.shot.size[::-1], whole.project.seal(stack.cache_key)
    layer_weights, missing = stacking.layer_weights(mattes, size), _missing_files(whole, stack)
    if stack.error in missing:
        write_error(stack.error, _mean_error(stack.layers, layer_weights, size), seal)
    if stack.union in missing:
        union = np.zeros(size, np.float64)
        for share in layer_weights:
            union += share
        write_image(stack.union, quantise(union.astype(F32), np.uint16), seal=seal)
    if stack.picture in missing and not _copy_of_single_layer(stack, dtype, seal):
        plate = to_depth(whole.plates.read(stack.frame), dtype)
        colours = [look.colour for look in looks]
        composite = stacking.disjoint_over(colours, mattes, np.ascontiguousarray(plate[..., :3]))
        write_image(stack.picture, np.concatenate([composite, plate[..., 3:]], axis=-1), seal=seal)


def _copy_of_single_layer(stack: _StackedFrame, dtype: type, seal: Seal) -> bool:
    """Copy the file of a frame that only one layer covers; return whether that was possible."""
    if len(stack.layers) != 1:
        return False
    source, picture = stack.layers[0].layer.file("out", stack.frame), stack.picture
    if image_info(source).depth != 8 * np.dtype(dtype).itemsize:
        return False
    with atomic_write(picture, PROJECT_OPTION, seal=seal) as unfinished:
        shutil.copyfile(source, unfinished)
    return True


def _mean_error(layers: Sequence[_LayerFrame], layer_weights: Sequence[np.ndarray], size: tuple[int, int]) -> Floats:
    """Return the layers' mean squared error per pixel, weighted by their shares, 0 for the plate: float32 (H, W)."""
    total = np.zeros(size, np.float64)
    for layer, share in zip(layers, layer_weights, strict=True):
        root = read_values(layer.error)[..., 0]
        total += share * root.astype(np.float64) ** 2
    return total.astype(F32)
