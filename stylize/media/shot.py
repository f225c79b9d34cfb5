"""The shot: a movie or a numbered sequence, its facts, and its frames one at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Literal

from propagate.arrays import Pixels
from stylize.errors import SequenceError, SettingsError, ShotError
from stylize.media.clock import DEFAULT_RATE, find_rate, later_timecode, regular
from stylize.media.colour import BT709, HDR_TRANSFERS, Colour, high_range
from stylize.media.sequences import (
    PICTURE_SUFFIXES,
    check_no_gaps,
    clean_name,
    find_sequence,
    parse_pattern,
    parse_range,
)


@dataclass(frozen=True)
class Shot:
    """What there is to work on. Frames carry the source's own numbers, or a movie's count from its start number.

    `times` are counts of `time_base` seconds, one a frame, rising, the first one 0; unless `variable`, each lies on
    the grid of `rate`, but for the rounding of its container. Frames are read as pictures of `size` (width, height),
    upright, `depth` bits a channel, RGB or (with `alpha`) RGBA.
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
    losses: tuple[str, ...]
    files: tuple[Path, ...] = ()
    """Of a sequence: the file of every frame."""
    positions: tuple[int, ...] = ()
    """The place of every frame in the source, 0 for the first."""
    source_frames: int = 0
    """How many frames the whole source has, before a part was taken."""
    start: Fraction = Fraction(0)
    """Of a movie: the second of the file's own clock at which the first of `frames` is shown."""
    pixel_aspect: Fraction = Fraction(1)
    """Width of a pixel over its height."""
    colour: Colour = BT709
    """What the values mean: they are as the source codes them."""


def open_shot(
    path: str | Path,
    *,
    frames: str | None = None,
    rate: Fraction | None = None,
    start_number: int = 1,
    strict: bool = False,
) -> Shot:
    """Look at a movie, a folder of numbered pictures, a pattern (`name.####.png`) or a single picture.

    `frames` takes a part: `1001-1100`, `10-50x2`, `1-3,9`. `rate` is a sequence's frames per second (24 if not
    told); a movie has its own. A movie's first frame is `start_number`. A movie that is cut off or damaged gives the
    frames that can be decoded and says so in `losses`; with `strict` it is refused.

    ShotError: missing, unreadable, empty, damaged and `strict`. SequenceError: gaps, two files for one number, mixed
    sizes. FrameRangeError: frames that do not exist. SettingsError: `frames`, `rate` or
    `start_number` make no sense here.
    """
    if rate is not None and rate <= 0:
        raise SettingsError(f"the rate is {rate}, expected frames per second above 0, such as 24 or 24000/1001")
    path = Path(path)
    if _is_sequence(path):
        if start_number != 1:
            raise SettingsError(f"{path}: pictures have numbers of their own: leave out --start-number")
        return _open_sequence(path, frames, rate or DEFAULT_RATE)
    if not path.is_file():
        raise _nothing_there(path)
    return _open_movie(path, frames, rate, start_number, strict)


def read_frames(shot: Shot) -> Iterator[tuple[int, Pixels]]:
    """Every frame of the shot in order: its number and its pixels, one at a time.

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
    """A picture with the shot's size, depth and channels; InputError if it cannot be read, SequenceError by size."""
    from stylize.media.images import read_image, widen

    pixels = widen(read_image(file), shot.depth, shot.alpha)
    height, width = pixels.shape[:2]
    if (width, height) != shot.size:
        raise _other_size(file, (width, height), shot.size)
    return pixels


def _is_sequence(path: Path) -> bool:
    if path.is_file():
        return path.suffix.lower() in PICTURE_SUFFIXES
    return path.is_dir() or parse_pattern(path) is not None


def _nothing_there(path: Path) -> ShotError:
    if "#" in path.name or "%" in path.name:
        kinds = " ".join(PICTURE_SUFFIXES)
        return ShotError(f"{path}: no such file, and no pattern of pictures that are known ({kinds}): check the name")
    return ShotError(f"{path}: no such file, expected a movie, a folder of pictures or name.####.png: check the path")


def _open_sequence(path: Path, asked: str | None, rate: Fraction) -> Shot:
    files = find_sequence(path)
    chosen, first = _chosen(files, asked, path), min(files)
    size, depth, alpha, colour = _sequence_facts([files[number] for number in chosen])
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
        losses=(),
        files=tuple(files[number] for number in chosen),
        positions=tuple(number - first for number in chosen),
        source_frames=max(files) - first + 1,
        colour=colour,
    )


def _chosen(files: dict[int, Path], asked: str | None, path: Path) -> tuple[int, ...]:
    numbers = tuple(files)
    if asked:
        return parse_range(asked).select(numbers)
    check_no_gaps(numbers, name=path)
    return numbers


def _sequence_facts(files: list[Path]) -> tuple[tuple[int, int], Literal[8, 16], bool, Colour]:
    """Size, depth and alpha that all files can be read in, and the first one's colour.

    SequenceError naming the first of another size or colour; ShotError for high dynamic range.
    """
    from stylize.media.images import image_facts

    facts = [image_facts(file) for file in files]
    size = facts[0].size
    for file, fact in zip(files, facts, strict=True):
        if fact.size != size:
            raise _other_size(file, fact.size, size)
        if fact.colour != facts[0].colour:
            raise SequenceError(f"{file}: it says other colours than the first frame: make all frames alike")
    if transfer := HDR_TRANSFERS.get(facts[0].colour.transfer):
        raise high_range(files[0], transfer)
    # Programs leave out the alpha of frames that are opaque: one with alpha is enough.
    depth: Literal[8, 16] = 16 if any(fact.depth == 16 for fact in facts) else 8
    return size, depth, any(fact.alpha for fact in facts), facts[0].colour


def _other_size(file: Path, found: tuple[int, int], expected: tuple[int, int]) -> SequenceError:
    sizes = f"expected {expected[0]}x{expected[1]} like the first frame, found {found[0]}x{found[1]}"
    return SequenceError(f"{file}: {sizes}: make all frames one size, or choose others with --frames")


def _sequence_name(path: Path, first: Path) -> str:
    return clean_name(first) or (path if path.is_dir() else path.parent).resolve().name or "shot"


def _open_movie(path: Path, asked: str | None, rate: Fraction | None, start_number: int, strict: bool) -> Shot:
    from stylize.media.decoder import scan

    movie = scan(path)
    if strict and movie.damage:
        raise ShotError(f"{movie.damage[0]}: copy or export it again, or leave out --strict to use these")
    count = len(movie.stamps)
    numbers = range(start_number, start_number + count)
    chosen = parse_range(asked).select(numbers) if asked else tuple(numbers)
    positions = tuple(number - start_number for number in chosen)
    stamps, time_base, notes = _stamps(movie.stamps, movie.time_base, movie.rates)
    found, variable = find_rate(stamps, time_base, movie.rates)
    _check_rate(path, rate, found)
    first = stamps[positions[0]]
    return Shot(
        path=path,
        name=path.stem,
        kind="movie",
        frames=chosen,
        size=movie.size,
        rate=found,
        times=tuple(stamps[position] - first for position in positions),
        time_base=time_base,
        variable=variable,
        depth=16 if movie.depth == 16 else 8,
        alpha=movie.alpha,
        timecode=movie.timecode and later_timecode(movie.timecode, positions[0], found),
        audio=movie.audio,
        losses=movie.damage + movie.notes + notes,
        positions=positions,
        source_frames=count,
        start=first * time_base,
        pixel_aspect=movie.pixel_aspect,
        colour=movie.colour,
    )


def _stamps(
    stamps: tuple[int | None, ...], time_base: Fraction, rates: tuple[Fraction, ...]
) -> tuple[tuple[int, ...], Fraction, tuple[str, ...]]:
    """The time stamps, if every frame has one and they rise; else regular ones, and a note."""
    known = [stamp for stamp in stamps if stamp is not None]
    if len(known) == len(stamps) and all(before < after for before, after in pairwise(known)):
        return tuple(known), time_base, ()
    rate = (rates or (DEFAULT_RATE,))[0]
    note = f"time stamps are missing or do not rise: frames are taken to come at {rate} per second"
    return *regular(len(stamps), rate), (note,)


def _check_rate(path: Path, asked: Fraction | None, found: Fraction) -> None:
    if asked is not None and asked != found:
        raise SettingsError(f"{path}: a rate is for pictures, and this movie has its own, {found}: leave out --rate")
