"""Numbered frames as PNG, TIFF, JPEG, EXR or DPX, under the source's own numbers."""

import shutil
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

from propagate.arrays import Pixels
from stylize.errors import OutputError
from stylize.media.clock import offset_timecode
from stylize.media.colour import BT709, Colour
from stylize.media.flatten import flatten
from stylize.media.images import DPX_COLOURS, Stamp, image_info, read_image, write_image
from stylize.media.safe_write import atomic_write, make_folder
from stylize.media.sequences import Pattern
from stylize.media.shot import Shot
from stylize.media.targets import Encoding
from stylize.media.working_spaces import REC709
from stylize.project.protect import ignore_progress, never_ours, refuse_foreign, refuse_sources

_DEFAULT_FORM = Encoding()
# Formats without alpha, by suffix.
_OPAQUE = {".jpg": "JPEG", ".dpx": "DPX"}


def write_sequence(
    frames: Iterable[tuple[int, Path]],
    target: Pattern,
    *,
    shot: Shot | None = None,
    encoding: Encoding = _DEFAULT_FORM,
    workers: int = 1,
    protected: Collection[Path] = (),
    overwrite: bool = False,
    ours: Callable[[Path], bool] = never_ours,
    on_frame: Callable[[int], None] = ignore_progress,
) -> tuple[str, ...]:
    """Copy the results `frames` (number, picture file) to `target`, number by number, converting if the format differs.

    A file of the same format and depth is copied byte for byte. With a `shot`, EXR and DPX declare the number, rate and
    time code of each frame. `workers` threads write concurrently; the output does not depend on their number or order.
    All refusals come before the first frame is written: missing results, targets that are files of `shot` or
    `protected` (even with `overwrite`), existing files that `ours` does not recognise as written by us (unless
    `overwrite`). A frame appears whole or not at all. Returns messages about what the format could not keep. Raises
    OutputError.
    """
    sources = list(frames)
    targets = {number: target.path(number) for number, _ in sources}
    _check_complete(sources, targets)
    refuse_sources(targets.values(), shot, protected)
    if not overwrite:
        refuse_foreign([targets[number] for number, path in sources if not _is_same_file(path, targets[number])], ours)
    make_folder(target.folder)
    notes: dict[str, None] = {}
    colour = shot.colour if shot else BT709
    stamps = stamps_of(shot, encoding.fps) if shot else {}

    def write(frame: tuple[int, Path]) -> tuple[str, ...]:
        number, source = frame
        return _write_frame(source, targets[number], encoding, stamps.get(number), colour)

    with ThreadPoolExecutor(max_workers=workers) as pool:
        futures = [pool.submit(write, frame) for frame in sources]
        try:
            for (number, _), done in zip(sources, futures, strict=True):
                notes.update(dict.fromkeys(done.result()))
                on_frame(number)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
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


def _is_same_file(source: Path, target: Path) -> bool:
    return target.exists() and source.samefile(target)


def stamps_of(shot: Shot, fps: Fraction | None) -> dict[int, Stamp]:
    """Return the metadata of each frame. The time code counts the source's frames, including omitted ones."""
    rate = fps or shot.rate
    first = shot.positions[0]
    return {
        number: Stamp(
            number,
            rate,
            shot.timecode and offset_timecode(shot.timecode, position - first, shot.rate),
            shot.pixel_aspect,
        )
        for number, position in zip(shot.frames, shot.positions, strict=True)
    }


def _write_frame(
    source: Path, target: Path, encoding: Encoding, stamp: Stamp | None, colour: Colour
) -> tuple[str, ...]:
    """Copy or convert one frame to `target`; return messages about what was lost."""
    if _is_same_file(source, target):
        return ()
    kind = _kind(target)
    copyable = _kind(source) == kind and kind != ".exr" and (colour.has_rec709_primaries or kind == ".dpx")
    if copyable and encoding.bits in (None, image_info(source).depth):
        with atomic_write(target) as partial:
            shutil.copyfile(source, partial)
        return ()
    pixels = read_image(source)
    flat = flatten(pixels) if kind in _OPAQUE else pixels
    write_image(target, flat, bits=encoding.bits, space=encoding.space or REC709, stamp=stamp, colour=colour)
    return _loss_notes(pixels, kind, encoding, colour)


def _kind(path: Path) -> str:
    suffix = path.suffix.lower()
    return {".jpeg": ".jpg", ".tiff": ".tif"}.get(suffix, suffix)


def _loss_notes(pixels: Pixels, kind: str, encoding: Encoding, colour: Colour) -> tuple[str, ...]:
    name, deep = _OPAQUE.get(kind), pixels.dtype.itemsize == 2
    notes = []
    if name and pixels.shape[2] == 4:
        notes.append(f"{name} keeps no alpha: the frames were put over black; PNG, TIFF and EXR keep it")
    if deep and kind == ".jpg":
        notes.append("JPEG keeps 8 of the 16 bits: PNG, TIFF and EXR keep more")
    if deep and encoding.bits == 8:
        notes.append("8 of the 16 bits were kept, as --bits 8 says")
    can_tag = kind != ".dpx" or colour.primaries in DPX_COLOURS
    if not colour.has_rec709_primaries and not can_tag:
        notes.append(
            f"{kind} cannot say that its colours are those of {colour.name}: tell whoever reads it, or use PNG"
        )
    return tuple(notes)
