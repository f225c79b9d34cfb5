"""Numbered frames as PNG, TIFF, JPEG or EXR, under the source's own numbers."""

import shutil
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from propagate.arrays import Pixels
from stylize.errors import OutputError
from stylize.export.flatten import flatten
from stylize.export.placing import ignore_progress, make_folder, nothing_is_ours, placed, refuse_foreign, refuse_sources
from stylize.images import read_image, write_image
from stylize.sequences import Pattern
from stylize.shot import Shot


def write_sequence(
    frames: Iterable[tuple[int, Path]],
    target: Pattern,
    *,
    shot: Shot | None = None,
    protected: Collection[Path] = (),
    overwrite: bool = False,
    ours: Callable[[Path], bool] = nothing_is_ours,
    on_frame: Callable[[int], None] = ignore_progress,
) -> tuple[str, ...]:
    """Copy the results `frames` (number, picture file) to `target`, number by number, converting when the kind differs.

    A file of the same kind is copied byte for byte. Everything that can be refused is refused before the first
    frame is written: results that are missing, files of `shot` or `protected` in the way (even with `overwrite`),
    existing files that `ours` does not know as written by us (unless `overwrite`). A frame appears whole or not
    at all. Returns what the kind of file could not keep, told in words. Raises OutputError.
    """
    sources = list(frames)
    targets = {number: target.path(number) for number, _ in sources}
    _check_complete(sources, targets)
    refuse_sources(targets.values(), shot, protected)
    if not overwrite:
        refuse_foreign([targets[number] for number, path in sources if not _same(path, targets[number])], ours)
    make_folder(target.folder)
    notes: dict[str, None] = {}
    for number, source in sources:
        notes.update(dict.fromkeys(_put(source, targets[number])))
        on_frame(number)
    _check_written(targets.values())
    return tuple(notes)


def _check_complete(sources: list[tuple[int, Path]], targets: dict[int, Path]) -> None:
    if not sources:
        raise OutputError("no frame to write: the result is empty; run the earlier stages first")
    if len(targets) != len(sources):
        raise OutputError(f"{len(sources)} frames share {len(targets)} numbers: two results for one frame")
    missing = [(number, path) for number, path in sources if not path.is_file()]
    if missing:
        number, path = missing[0]
        raise OutputError(
            f"{len(missing)} of {len(sources)} results are missing, first frame {number} ({path}); run again"
        )


def _check_written(targets: Collection[Path]) -> None:
    present = sum(path.is_file() for path in targets)
    if present != len(targets):
        raise OutputError(
            f"{len(targets)} frames were written but {present} are there: something removed them; run again"
        )


def _same(source: Path, target: Path) -> bool:
    return target.exists() and source.samefile(target)


def _put(source: Path, target: Path) -> tuple[str, ...]:
    """Bring one frame to `target`; returns what was lost on the way."""
    if _same(source, target):
        return ()
    if _kind(source) == _kind(target):
        with placed(target) as partial:
            shutil.copyfile(source, partial)
        return ()
    pixels = read_image(source)
    if _kind(target) != ".jpg":
        write_image(target, pixels)
        return ()
    write_image(target, flatten(pixels))
    return _lost_in_jpeg(pixels)


def _kind(path: Path) -> str:
    suffix = path.suffix.lower()
    return {".jpeg": ".jpg", ".tiff": ".tif"}.get(suffix, suffix)


def _lost_in_jpeg(pixels: Pixels) -> tuple[str, ...]:
    alpha = ("JPEG keeps no alpha: the frames were put over black; PNG, TIFF and EXR keep it",)
    depth = ("JPEG keeps 8 of the 16 bits: PNG, TIFF and EXR keep more",)
    return (alpha if pixels.shape[2] == 4 else ()) + (depth if pixels.dtype.itemsize == 2 else ())
