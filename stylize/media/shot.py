"""The shot: a movie or a numbered sequence, its properties, and its frames one at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Literal

from propagate.arrays import Pixels
from stylize.errors import SequenceError, SettingsError, ShotError
from stylize.media.clock import DEFAULT_RATE, find_rate, offset_timecode, regular_stamps
from stylize.media.colour import BT709, HDR_TRANSFERS, Colour, hdr_error
from stylize.media.sequences import (
    PICTURE_SUFFIXES,
    base_name,
    check_no_gaps,
    find_sequence,
    parse_pattern,
    parse_range,
)


@dataclass(frozen=True)
class Shot:
    """Properties of a shot. Frames have the source's own numbers; those of a movie count from its start number.

    `times` are counts of `time_base` seconds, one per frame, rising, the first one 0; unless `variable`, each is on the
    grid of `rate`, except for the rounding of its container. Frames are read as pictures of `size` (width, height),
    upright, `depth` bits per channel, RGB or (with `alpha`) RGBA. `warnings` are messages about what is damaged or
    ignored.
    """

    path: Path
    name: str
    kind: Literal["movie", "sequence"]
    frames: tuple[int, ...]
    size: tuple[int, int]
    rate: Fraction
    times: tuple[int, ...]
    time_base: Fraction
    variable: bool
    depth: Literal[8, 16]
    alpha: bool
    timecode: str | None
    audio: bool
    warnings: tuple[str, ...]
    files: tuple[Path, ...] = ()
    """The file of every frame of a sequence."""
    positions: tuple[int, ...] = ()
    """The position of every frame in the source, 0 for the first."""
    source_frames: int = 0
    """Number of frames of the whole source, before a part was taken."""
    start: Fraction = Fraction(0)
    """Presentation time of the first of `frames` in a movie, in seconds."""
    pixel_aspect: Fraction = Fraction(1)
    """Width of a pixel over its height."""
    colour: Colour = BT709
    """Meaning of the values, which stay as the source codes them."""


def open_shot(
    path: str | Path,
    *,
    frames: str | None = None,
    rate: Fraction | None = None,
    start_number: int = 1,
    strict: bool = False,
) -> Shot:
    """Open a movie, a folder of numbered pictures, a pattern (`name.####.png`) or a single picture.

    `frames` selects a part: `1001-1100`, `10-50x2`, `1-3,9`. `rate`: frames per second of a sequence, 24 by default; a
    movie has its own. `start_number`: number of a movie's first frame. A movie that is cut off or damaged gives the
    frames that can be decoded, with a message in `warnings`; with `strict` it is refused.

    ShotError: missing, unreadable, empty, or damaged and `strict`. SequenceError: gaps, two files for one number, mixed
    sizes. FrameRangeError: frames that do not exist. SettingsError: `frames`, `rate` or `start_number` do not apply to
    this shot.
    """
    if rate is not None and rate <= 0:
        raise SettingsError(f"the rate is {rate}, expected frames per second above 0, such as 24 or 24000/1001")
    path = Path(path)
    if _is_sequence(path):
        if start_number != 1:
            raise SettingsError(f"{path}: pictures have numbers of their own: leave out --start-number")
        return _open_sequence(path, frames, rate or DEFAULT_RATE)
    if not path.is_file():
        raise _missing_error(path)
    return _open_movie(path, frames, rate, start_number, strict)


def read_frames(shot: Shot) -> Iterator[tuple[int, Pixels]]:
    """Yield the number and the pixels of every frame of the shot in order, one at a time.

    Pixels: uint8 or uint16 as `shot.depth` says, (H, W, 3), or (H, W, 4) with `shot.alpha`, RGB(A), display-encoded,
    straight alpha. ShotError or InputError if the source has changed since it was opened.
    """
    if shot.kind == "sequence":
        for number, file in zip(shot.frames, shot.files, strict=True):
            yield number, read_plate(file, shot)
        return
    from stylize.media.decoder import decode

    numbers = iter(shot.frames)
    for _, pixels in decode(shot.path, shot.positions):
        yield next(numbers), pixels


def read_plate(file: Path, shot: Shot) -> Pixels:
    """Read a picture with the shot's depth and channels; InputError if unreadable, SequenceError if of another size."""
    from stylize.media.images import read_image, widen

    pixels = widen(read_image(file), shot.depth, shot.alpha)
    height, width = pixels.shape[:2]
    if (width, height) != shot.size:
        raise _size_error(file, (width, height), shot.size)
    return pixels


def _is_sequence(path: Path) -> bool:
    if path.is_file():
        return path.suffix.lower() in PICTURE_SUFFIXES
    return path.is_dir() or parse_pattern(path) is not None


def _missing_error(path: Path) -> ShotError:
    if "#" in path.name or "%" in path.name:
        kinds = " ".join(PICTURE_SUFFIXES)
        return ShotError(f"{path}: no such file, and no pattern of pictures that are known ({kinds}): check the name")
    return ShotError(f"{path}: no such file, expected a movie, a folder of pictures or name.####.png: check the path")


def _open_sequence(path: Path, requested: str | None, rate: Fraction) -> Shot:
    files = find_sequence(path)
    chosen, first = _chosen(files, requested, path), min(files)
    size, depth, alpha, colour = _sequence_format([files[number] for number in chosen])
    return Shot(
        path=path,
        name=_sequence_name(path, next(iter(files.values()))),
        kind="sequence",
        frames=chosen,
        size=size,
        rate=rate,
        times=tuple(number - chosen[0] for number in chosen),
        time_base=1 / rate,
        variable=False,
        depth=depth,
        alpha=alpha,
        timecode=None,
        audio=False,
        warnings=(),
        files=tuple(files[number] for number in chosen),
        positions=tuple(number - first for number in chosen),
        source_frames=max(files) - first + 1,
        colour=colour,
    )


def _chosen(files: dict[int, Path], requested: str | None, path: Path) -> tuple[int, ...]:
    numbers = tuple(files)
    if requested:
        return parse_range(requested).select(numbers)
    check_no_gaps(numbers, name=path)
    return numbers


def _sequence_format(files: list[Path]) -> tuple[tuple[int, int], Literal[8, 16], bool, Colour]:
    """Return the size, depth and alpha in which all files can be read, and the first one's colour.

    SequenceError with the first file of another size or colour; ShotError for high dynamic range.
    """
    from stylize.media.images import image_info

    infos = [image_info(file) for file in files]
    size, colour = infos[0].size, infos[0].colour
    for file, info in zip(files, infos, strict=True):
        if info.size != size:
            raise _size_error(file, info.size, size)
        if info.colour != colour:
            raise SequenceError(f"{file}: it says other colours than the first frame: make all frames alike")
    if transfer := HDR_TRANSFERS.get(colour.transfer):
        raise hdr_error(files[0], transfer)
    # Programs omit the alpha of opaque frames: one with alpha is enough.
    depth: Literal[8, 16] = 16 if any(info.depth == 16 for info in infos) else 8
    return size, depth, any(info.alpha for info in infos), colour


def _size_error(file: Path, found: tuple[int, int], expected: tuple[int, int]) -> SequenceError:
    sizes = f"expected {expected[0]}x{expected[1]} like the first frame, found {found[0]}x{found[1]}"
    return SequenceError(f"{file}: {sizes}: make all frames one size, or choose others with --frames")


def _sequence_name(path: Path, first: Path) -> str:
    return base_name(first) or (path if path.is_dir() else path.parent).resolve().name or "shot"


def _open_movie(path: Path, requested: str | None, rate: Fraction | None, start_number: int, strict: bool) -> Shot:
    from stylize.media.decoder import scan

    movie = scan(path)
    if strict and movie.damage:
        raise ShotError(f"{movie.damage[0]}: copy or export it again, or leave out --strict to use these")
    count = len(movie.stamps)
    numbers = range(start_number, start_number + count)
    chosen = parse_range(requested).select(numbers) if requested else tuple(numbers)
    positions = tuple(number - start_number for number in chosen)
    stamps, time_base, notes = _stamps(movie.stamps, movie.time_base, movie.rates)
    own_rate, variable = find_rate(stamps, time_base, movie.rates)
    _check_rate(path, rate, own_rate)
    first = stamps[positions[0]]
    return Shot(
        path=path,
        name=path.stem,
        kind="movie",
        frames=chosen,
        size=movie.size,
        rate=own_rate,
        times=tuple(stamps[position] - first for position in positions),
        time_base=time_base,
        variable=variable,
        depth=16 if movie.depth == 16 else 8,
        alpha=movie.alpha,
        timecode=movie.timecode and offset_timecode(movie.timecode, positions[0], own_rate),
        audio=movie.audio,
        warnings=movie.damage + movie.notes + notes,
        positions=positions,
        source_frames=count,
        start=first * time_base,
        pixel_aspect=movie.pixel_aspect,
        colour=movie.colour,
    )


def _stamps(
    stamps: tuple[int | None, ...], time_base: Fraction, rates: tuple[Fraction, ...]
) -> tuple[tuple[int, ...], Fraction, tuple[str, ...]]:
    """Return the time stamps and their base, with messages: regular stamps where some are missing or do not rise."""
    known = [stamp for stamp in stamps if stamp is not None]
    if len(known) == len(stamps) and all(before < after for before, after in pairwise(known)):
        return tuple(known), time_base, ()
    rate = (rates or (DEFAULT_RATE,))[0]
    note = f"time stamps are missing or do not rise: frames are taken to come at {rate} per second"
    return *regular_stamps(len(stamps), rate), (note,)


def _check_rate(path: Path, requested: Fraction | None, own: Fraction) -> None:
    if requested is not None and requested != own:
        raise SettingsError(f"{path}: a rate is for pictures, and this movie has its own, {own}: leave out --rate")
