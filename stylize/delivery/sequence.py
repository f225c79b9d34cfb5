"""Numbered frames as PNG, TIFF, JPEG, EXR or DPX, with the frame numbers of the source."""

import shutil
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from propagate.arrays import Pixels
from stylize.errors import OutputError
from stylize.media.clock import offset_timecode
from stylize.media.colour import BT709, Colour
from stylize.media.flatten import flatten
from stylize.media.images import DPX_COLOURS, Stamp, declare_stamp, image_info, read_image, write_image
from stylize.media.safe_write import Seal, atomic_write, make_folder, no_seal
from stylize.media.sequences import Pattern, name_frames
from stylize.media.shot import Shot
from stylize.media.targets import Encoding
from stylize.media.working_spaces import REC709
from stylize.project.protect import ignore_progress, never_ours, refuse_foreign, refuse_sources

_DEFAULT_FORM = Encoding()
# Formats without alpha, by suffix.
_OPAQUE = {".jpg": "JPEG", ".dpx": "DPX"}


class KeptPlates(Protocol):
    """Plates with values that pictures of a run cannot hold, and that results in some formats keep."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Formats that keep them."""
        ...

    def write(
        self, number: int, picture: Path, target: Path, encoding: Encoding, stamp: Stamp | None, seal: Seal
    ) -> None:
        """Write the result of a frame. picture: file of the finished picture."""
        ...

    def cache_inputs(self, digest: Callable[[Path], str]) -> list[object]:
        """Return everything that results depend on besides the pictures, for cache keys."""
        ...


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
    seal: Seal = no_seal,
    kept: KeptPlates | None = None,
) -> tuple[str, ...]:
    """Copy results to numbered files, and convert them if the format differs.

    The pixels of a file of the same format and depth are copied byte for byte. Each write is atomic. The output does
    not depend on the number or order of threads.

    frames: (number, picture file) of each result. target: names of the files to write. shot: source of the metadata
    (number, rate, timecode, pixel aspect ratio) that frames declare. encoding: encoding of the result. workers: number
    of threads. protected: files that must not be overwritten, even with `overwrite`. overwrite: allow replacing files
    that stylize did not write. ours: returns whether stylize wrote a file. on_frame: called with the number of each
    frame written. seal: records each file. kept: plates whose values some formats keep.

    Returns messages about what the format could not keep. Raises OutputError, before the first write if results are
    missing or a target must not be overwritten.
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
        if kept is not None and _kind(targets[number]) in kept.suffixes:
            kept.write(number, source, targets[number], encoding, stamps.get(number), seal)
            return ()
        return _write_frame(source, targets[number], encoding, stamps.get(number), colour, seal)

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
        raise OutputError("no frames to write: the result is empty; run the earlier stages first")
    if len(targets) != len(sources):
        raise OutputError(
            f"{len(sources)} results have {len(targets)} frame numbers, expected one each; remove the duplicates"
        )
    missing = [(number, path) for number, path in sources if not path.is_file()]
    if missing:
        names = name_frames(number for number, _ in missing)
        raise OutputError(f"the results of {names} are missing, such as {missing[0][1]}; run again")


def _check_written(targets: Collection[Path]) -> None:
    present = sum(path.is_file() for path in targets)
    if present != len(targets):
        raise OutputError(
            f"expected {len(targets)} written frames, found {present}: another program removed some; run again"
        )


def _is_same_file(source: Path, target: Path) -> bool:
    return target.exists() and source.samefile(target)


def stamps_of(shot: Shot, fps: Fraction | None) -> dict[int, Stamp]:
    """Return the metadata of each frame, by number. The timecode also counts source frames that the shot omits.

    An assumed rate is not among them.
    """
    rate = fps or (None if shot.assumed_rate else shot.rate)
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
    source: Path, target: Path, encoding: Encoding, stamp: Stamp | None, colour: Colour, seal: Seal
) -> tuple[str, ...]:
    """Copy or convert one frame to `target`. Return messages about losses."""
    if _is_same_file(source, target):
        return ()
    kind = _kind(target)
    if _copyable(source, kind, encoding, colour):
        with atomic_write(target, seal=seal) as partial:
            shutil.copyfile(source, partial)
            if stamp is not None:
                declare_stamp(partial, kind, stamp)
        return ()
    pixels = read_image(source, colour, untagged=colour)
    flat = flatten(pixels) if kind in _OPAQUE else pixels
    space = encoding.space or REC709
    write_image(target, flat, bits=encoding.bits, space=space, stamp=stamp, colour=colour, seal=seal)
    return _loss_notes(pixels, kind, encoding, colour)


def _copyable(source: Path, kind: str, encoding: Encoding, colour: Colour) -> bool:
    """Return whether a file can be copied: it has the format and depth of the target, and its colour needs no tag."""
    if _kind(source) != kind or kind == ".exr" or not (colour.has_rec709_primaries or kind == ".dpx"):
        return False
    info = image_info(source)
    return encoding.bits in (None, info.depth) and not info.profile and info.colour.has_rec709_primaries


def _kind(path: Path) -> str:
    suffix = path.suffix.lower()
    return {".jpeg": ".jpg", ".tiff": ".tif"}.get(suffix, suffix)


def _loss_notes(pixels: Pixels, kind: str, encoding: Encoding, colour: Colour) -> tuple[str, ...]:
    name, deep = _OPAQUE.get(kind), pixels.dtype.itemsize == 2
    notes = []
    if name and pixels.shape[2] == 4:
        notes.append(f"{name} has no alpha: the frames were composited over black; PNG, TIFF and EXR keep alpha")
    if deep and kind == ".jpg":
        notes.append("JPEG reduces 16 bits to 8: PNG, TIFF and EXR keep more")
    if deep and encoding.bits == 8:
        notes.append("16 bits were reduced to 8, as requested by --bits 8")
    can_tag = kind != ".dpx" or colour.primaries in DPX_COLOURS
    if not colour.has_rec709_primaries and not can_tag:
        notes.append(
            f"{kind} cannot declare the primaries {colour.name}: set them in the program that reads it, or use PNG"
        )
    return tuple(notes)
