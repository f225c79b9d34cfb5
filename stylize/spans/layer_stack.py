"""What layers make together: their looks over the plate, later over earlier, frame by frame.

A layer keeps its look before its matte has cut it, so that where soft mattes meet each counts once, and no plate is
mixed in twice.
"""

import contextlib
import shutil
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from masks import disjoint_over as stacking
from propagate.arrays import F32, Floats, Pixels
from propagate.concurrent_passes import run_concurrently
from propagate.threads import thread_limit
from stylize.context.context import Work
from stylize.context.mattes import Mattes, survey
from stylize.errors import OutputError
from stylize.io_errors import PROJECT, unwritable
from stylize.media.images import image_facts, make_folder, quantise, read_image, read_values, write_image
from stylize.media.plates import plate_pattern
from stylize.project import fingerprint
from stylize.session import Opened
from stylize.spans.pass_maps import write_error
from stylize.spans.scheduler import ERROR, LOOK, forget_others, pass_file
from stylize.spans.span import to_depth

# Raise it whenever the same layers give other frames.
VERSION = 1
# Folder in mask/ of what all layers cover together.
UNION = "layers"
# Most frames that are stacked at once: each takes some 60 bytes a pixel.
AT_ONCE = 2


@dataclass(frozen=True)
class _Sheet:
    """What one layer brings to a frame: the file of its look, and the layer."""

    work: Work
    look: Path

    def matte(self, frame: int) -> Floats | None:
        return None if self.work.mattes is None else self.work.mattes.read(frame)

    def facts(self, frame: int) -> list[object]:
        digest, mattes = self.work.project.digest, self.work.mattes
        told = [digest(self.look), digest(pass_file(self.work.project.root, self.work.shot, ERROR, frame))]
        if mattes is None:
            return [told]
        return [told, *mattes.facts([frame], digest)]


@dataclass(frozen=True)
class _Stack:
    """A frame of the whole: what it is made of, under which fingerprint, and its picture, errors and matte."""

    frame: int
    sheets: tuple[_Sheet, ...]
    mark: str
    files: tuple[Path, Path, Path]


def stack_layers(opened: Opened) -> tuple[int, ...]:
    """Makes the frames of the whole from those of its layers, and what is told of them; returns those that were made.

    Raises OutputError where a layer lacks a frame.
    """
    whole, made = opened.whole, []
    first = whole.shot.frames[0]
    dtype = np.uint16 if any(image_facts(work.file("out", first)).depth == 16 for work in opened.looks) else np.uint8
    waiting = []
    for frame in whole.shot.frames:
        stack = _stack(opened, frame, dtype)
        if not all(whole.project.fresh(path, stack.mark) for path in stack.files):
            waiting.append(stack)
    there = len(whole.shot.frames) - len(waiting)
    whole.progress("layers", there, len(whole.shot.frames))
    for stack in _put_all(whole, waiting, dtype):
        for path in stack.files:
            whole.project.record(path, stack.mark)
        made.append(stack.frame)
        whole.progress("layers", there + len(made), len(whole.shot.frames))
    if whole.settings.frames is None:
        forget_others(whole.project, "out", whole.plates.paths)
    whole.project.save()
    return tuple(sorted(made))


def with_union(whole: Work) -> Work:
    """The whole with what its layers cover together as its matte. Raises OutputError when that has not been made."""
    mattes = Mattes({frame: _union(whole, frame) for frame in whole.shot.frames}, whole.shot.size)
    missing = [path for path in mattes.paths.values() if not path.is_file()]
    if missing:
        raise OutputError(f"{missing[0]} is missing, expected what the stage propagate leaves; run all stages")
    extents = survey(mattes, whole.project)
    covered = all(one.whole for one in extents.values())
    return whole if covered else replace(whole, mattes=mattes, extents=extents)


def look_file(work: Work, frame: int) -> Path:
    """The look of a frame before a matte cuts it: where there is no matte, the frame itself."""
    return work.file("out", frame) if work.mattes is None else pass_file(work.project.root, work.shot, LOOK, frame)


def _seen(work: Work, frame: int) -> bool:
    return work.mattes is None or work.extents[frame].box is not None


def _sheet(work: Work, frame: int) -> _Sheet:
    path = look_file(work, frame)
    if not path.is_file():
        raise OutputError(f"{path} is missing, expected what the layer has made; run all stages")
    return _Sheet(work, path)


def _union(whole: Work, frame: int) -> Path:
    return plate_pattern(whole.shot, whole.project.folder("mask") / UNION).path(frame)


def _stack(opened: Opened, frame: int, dtype: type) -> _Stack:
    whole = opened.whole
    sheets = tuple(_sheet(work, frame) for work in opened.looks if _seen(work, frame))
    mark = fingerprint(
        VERSION, stacking.VERSION, np.dtype(dtype).name, whole.marks([frame]),
        [sheet.facts(frame) for sheet in sheets],
    )  # fmt: skip
    picture = whole.file("out", frame)
    error = pass_file(whole.project.root, whole.shot, ERROR, frame)
    return _Stack(frame, sheets, mark, (picture, error, _union(whole, frame)))


def _put_all(whole: Work, stacks: Sequence[_Stack], dtype: type) -> Iterator[_Stack]:
    """Writes frames, several at once where threads are allowed, and tells of each."""
    for path in {path.parent for stack in stacks for path in stack.files}:
        make_folder(path)
    workers = max(1, min(thread_limit(), AT_ONCE, len(stacks)))
    yield from run_concurrently([partial(_some, whole, stacks[first::workers], dtype) for first in range(workers)])


def _some(whole: Work, stacks: Sequence[_Stack], dtype: type) -> Generator[_Stack, None, None]:
    for stack in stacks:
        _put(whole, stack.frame, stack.sheets, stack.files, dtype)
        yield stack


def _put(whole: Work, frame: int, sheets: Sequence[_Sheet], files: Sequence[Path], dtype: type) -> None:
    mattes, size = [sheet.matte(frame) for sheet in sheets], whole.shot.size[::-1]
    parts = stacking.shares(mattes, size)
    picture, error, union = files
    write_error(error, _error(sheets, parts, frame, size))
    covered = np.zeros(size, np.float64)
    for share in parts:
        covered += share
    write_image(union, quantise(covered.astype(F32), np.uint16))
    if not _copied(sheets, frame, picture, dtype):
        plate = to_depth(whole.plates.read(frame), dtype)
        looks = [_colour(sheet.look, dtype) for sheet in sheets]
        laid = stacking.disjoint_over(looks, mattes, np.ascontiguousarray(plate[..., :3]))
        write_image(picture, np.concatenate([laid, plate[..., 3:]], axis=-1))


def _copied(sheets: Sequence[_Sheet], frame: int, picture: Path, dtype: type) -> bool:
    """Whether a frame that only one layer has to do with is that layer's, as it lies there."""
    if len(sheets) != 1:
        return False
    source = sheets[0].work.file("out", frame)
    if image_facts(source).depth != 8 * np.dtype(dtype).itemsize:
        return False
    partial_copy = picture.with_name(f".{picture.stem}.part{picture.suffix}")
    try:
        shutil.copyfile(source, partial_copy)
        partial_copy.replace(picture)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial_copy.unlink(missing_ok=True)
        raise unwritable(error, picture, PROJECT) from error
    return True


def _colour(path: Path, dtype: type) -> Pixels:
    return np.ascontiguousarray(to_depth(read_image(path), dtype)[..., :3])


def _error(sheets: Sequence[_Sheet], parts: Sequence[np.ndarray], frame: int, size: tuple[int, int]) -> Floats:
    """Of each pixel the errors of its layers, squared, by what they have of it; the plate has none."""
    total = np.zeros(size, np.float64)
    for sheet, share in zip(sheets, parts, strict=True):
        root = read_values(pass_file(sheet.work.project.root, sheet.work.shot, ERROR, frame))[..., 0]
        total += share * root.astype(np.float64) ** 2
    return total.astype(F32)
