"""A shot, which is a movie or a numbered sequence: its properties, and its frames one at a time."""

import contextlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from propagate.arrays import Pixels
from stylize.errors import InputError, SequenceError, SettingsError, ShotError
from stylize.media.animation import is_animated_png, refuse_animated_webp
from stylize.media.clock import DEFAULT_RATE, conform_timecode, find_rate, offset_timecode, regular_stamps
from stylize.media.colour import BT709, HDR_TRANSFERS, Colour, hdr_error
from stylize.media.conformed_fields import deinterlacing_of
from stylize.media.deinterlacing import Deinterlacing, conform_stamps
from stylize.media.frame_map import FrameMap
from stylize.media.frame_numbers import likeliest, readings
from stylize.media.frame_pixels import FrameFormat
from stylize.media.loss_messages import loss_messages, truncation_message
from stylize.media.missing_alpha import missing_alpha
from stylize.media.sequences import (
    DEFAULT_PADDING,
    READ_SUFFIXES,
    base_name,
    check_no_gaps,
    find_sequence,
    parse_pattern,
    parse_range,
)
from stylize.media.tonemap import ToneMap
from stylize.visible_text import is_utf8, visible

if TYPE_CHECKING:
    from stylize.media.decoder import Movie
    from stylize.media.images import Header
    from stylize.media.views import View

# Pixels of the largest interlaced video, 1920x1088.
_MAX_VIDEO_PIXELS = 1920 * 1088
# Max parts of a movie that a message lists.
_MAX_LISTED_RUNS = 4
# Kinds of pictures that are read as movies if they hold several.
_ANIMATED = (".gif", ".webp")


@dataclass(frozen=True)
class Shot:
    """Properties of a shot.

    frames: frame numbers of the source, ascending; those of a movie count from its start number. size: (width, height),
    upright. rate: frames per second. times: presentation time of each frame in units of `time_base` seconds, ascending
    from 0. variable: the rate is variable; otherwise `times` lie on the grid of `rate`, within the container's
    rounding. depth: bits per channel. alpha: frames are RGBA instead of RGB. warnings: messages about damaged or
    ignored parts of the source.
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
    """File of each frame of a sequence."""
    positions: tuple[int, ...] = ()
    """Position of each frame in the source, 0 for the first."""
    source_frames: int = 0
    """Number of frames in the whole source."""
    start: Fraction = Fraction(0)
    """Presentation time of the first of `frames` in a movie, in seconds."""
    pixel_aspect: Fraction = Fraction(1)
    """Width of a pixel divided by its height."""
    colour: Colour = BT709
    """Colour of the pixels: as coded, or converted from a profile that has no code points."""
    padding: int = DEFAULT_PADDING
    """Minimum number of digits of frame numbers in the names of a sequence; that of results for movies."""
    assumed_rate: bool = False
    """Neither headers nor the user give the rate of a sequence, so pictures do not declare it."""
    frame_map: FrameMap | None = None
    """Pictures that the frames of a movie show, if some were lost."""
    linear: bool = False
    """The files of a sequence hold linear light in floats."""
    associated: bool = False
    """The files of a sequence hold integers with premultiplied alpha."""
    layer: str | None = None
    """Part or layer of EXR files that was asked for."""
    view: "View | None" = None
    """View of linear light that the engine works on. None for the sRGB curve of light from 0 to 1."""
    audio_channels: tuple[int, ...] = ()
    """Number of channels of each audio stream of a movie."""
    tonemap: ToneMap | None = None
    """Conversion of a movie with high dynamic range, which is applied to each frame; `colour` is that of its result."""
    deinterlacing: Deinterlacing | None = None
    """Conversion of an interlaced movie to progressive frames, which `positions`, `times`, `rate` and `source_frames`
    then describe."""
    premultiplied: bool = False
    """The colour of a movie is premultiplied with its alpha; that of the frames read is straight."""

    @property
    def in_place(self) -> bool:
        """True if plates are read in place. Those of other shots are unpacked to pictures first."""
        return self.kind == "sequence" and self.view is None and self.layer is None

    def cache_inputs(self, position: int) -> list[object]:
        """Return what the pixels of a frame depend on, besides its file or its movie, for cache keys.

        Conversions that are not requested add nothing, so that keys without them stay as they are.
        """
        conformed = [] if self.deinterlacing is None else self.deinterlacing.cache_inputs(position)
        alpha = ["premultiplied"] if self.premultiplied else []
        return [position, *conformed, *alpha, *([] if self.tonemap is None else [repr(self.tonemap)])]


def open_shot(
    path: str | Path,
    *,
    frames: str | None = None,
    rate: Fraction | None = None,
    start_number: int = 1,
    strict: bool = False,
    layer: str | None = None,
    tonemap: str | None = None,
    deinterlace: str | None = None,
    alpha: str | None = None,
) -> Shot:
    """Open a movie, a folder of numbered pictures, a pattern (`name.####.png`) or a single picture.

    frames: part to select, such as `1001-1100`, `10-50x2` or `1-3,9`. rate: frames per second of a sequence, which
    takes precedence over that of its headers; 24 if they declare none. start_number: number of a movie's first frame.
    strict: reject a damaged or truncated movie, or frames without the alpha of the others, instead of using them with a
    message in `warnings`. layer: part or layer of EXR files that holds the picture; by default
    `picture_layer.choose_layer` selects it. tonemap: curve that converts a movie with high dynamic range to Rec. 709,
    one of `tone_curve_names.TONE_CURVES`. deinterlace: `frames`, `fields`, `film`, `auto` or `off`; None reports
    interlaced movies in `warnings` and uses their frames as they are. alpha: `straight` or `premultiplied`, of a movie;
    None assumes straight alpha, and reports in `warnings` alpha that looks premultiplied.

    Raises ShotError if the source is missing, unreadable or empty, or damaged and `strict` is true; SequenceError for
    gaps, duplicate numbers or mixed sizes; FrameRangeError for frames that do not exist; SettingsError if `frames`,
    `rate`, `start_number`, `tonemap`, `deinterlace` or `alpha` is invalid or does not apply.
    """
    if rate is not None and rate <= 0:
        raise SettingsError(f"the rate is {rate}, expected frames per second above 0, such as 24 or 24000/1001")
    path = Path(path)
    _check_name(path)
    if _is_sequence(path):
        if start_number != 1:
            raise SettingsError(f"{path}: --start-number applies to movies, found numbered pictures; leave it out")
        if tonemap is not None:
            raise SettingsError(f"{path}: --tonemap applies to movies, found numbered pictures; leave it out")
        if deinterlace not in (None, "off"):
            raise SettingsError(
                f"{path}: --deinterlace {deinterlace} applies to movies, found pictures; leave it out, or make a movie "
                "of them first, with a lossless codec such as ffv1"
            )
        if alpha is not None:
            raise SettingsError(
                f"{path}: --alpha applies to movies, found pictures, whose formats state it (PNG is straight, EXR "
                "premultiplied); leave it out"
            )
        return _open_sequence(path, frames, rate, layer, strict)
    if not path.is_file():
        raise _missing_error(path)
    if layer is not None:
        raise SettingsError(f"{path}: --exr-layer applies to EXR, found a movie; leave it out")
    return _open_movie(path, frames, rate, start_number, strict, tonemap, deinterlace, alpha)


def assumption(shot: Shot) -> str | None:
    """Return the message that the rate of a sequence is assumed; None if it is known, and for a still."""
    if not shot.assumed_rate or len(shot.frames) == 1:
        return None
    return (
        f"{shot.path}: the headers declare no rate; {shot.rate} frames per second are assumed, give --rate to choose "
        "another one"
    )


def read_frames(shot: Shot) -> Iterator[tuple[int, Pixels]]:
    """Yield (frame number, pixels) of each frame in order, one at a time.

    Pixels: RGB (H, W, 3), or RGBA (H, W, 4) if `shot.alpha`; uint8, or uint16 if `shot.depth` is 16; display-encoded,
    straight alpha. Raises ShotError or InputError if the source has changed since it was opened.
    """
    if shot.kind == "sequence":
        for number, file in zip(shot.frames, shot.files, strict=True):
            yield number, read_plate(file, shot)
        return
    from stylize.media.decoder import decode
    from stylize.media.images.transfer import unpremultiply

    numbers = iter(shot.frames)
    for _, pixels in decode(shot.path, shot.positions, shot.frame_map, shot.deinterlacing):
        # The curve applies to straight colour, not to light that alpha has already reduced.
        straight = unpremultiply(pixels, straight=not shot.premultiplied)
        yield next(numbers), straight if shot.tonemap is None else shot.tonemap.apply(straight)


def read_plate(file: Path, shot: Shot) -> Pixels:
    """Read a picture with the shot's depth and channels, as in `read_frames`.

    Raises InputError if it is unreadable, SequenceError if it has another size.
    """
    from stylize.media.images import read_image, widen

    # Unpacked plates are PNG, and show the view already.
    original = shot.kind == "sequence" and file.suffix.lower() != ".png"
    if original and shot.view:
        pixels = read_view(file, shot)
    else:
        pixels = read_image(file, shot.colour, untagged=shot.colour, layer=shot.layer if original else None)
    pixels = widen(pixels, shot.depth, shot.alpha)
    height, width = pixels.shape[:2]
    if (width, height) != shot.size:
        raise _size_error(file, (width, height), shot.size)
    return pixels


def read_view(file: Path, shot: Shot) -> Pixels:
    """Read a picture in linear light in the view of a shot. Raises InputError if it is unreadable, or has integers."""
    from stylize.media.images import read_scene_frame
    from stylize.media.views import view_pixels

    assert shot.view is not None
    return view_pixels(read_scene_frame(file, shot.layer), shot.view)


def _check_name(path: Path) -> None:
    """Raise ShotError if the absolute path is not UTF-8, which libraries and project files require."""
    for one in (path.absolute(), path.resolve()):
        if not is_utf8(str(one)):
            raise ShotError(f"{visible(str(one))}: expected a path in UTF-8; rename the parts that contain \\x..")


def _is_sequence(path: Path) -> bool:
    if path.is_file():
        return not is_movie_file(path)
    return path.is_dir() or parse_pattern(path, READ_SUFFIXES) is not None


def is_movie_file(path: Path) -> bool:
    """Return whether a file is opened as a movie: by its suffix, or because it is an animated picture."""
    return path.suffix.lower() not in READ_SUFFIXES or _is_animation(path)


def _is_animation(path: Path) -> bool:
    from stylize.media.images import has_several_pictures

    try:
        return has_several_pictures(path) if path.suffix.lower() in _ANIMATED else is_animated_png(path)
    except (OSError, InputError):
        return False  # reading reports why


def _missing_error(path: Path) -> ShotError:
    if "#" in path.name or "%" in path.name:
        kinds = " ".join(READ_SUFFIXES)
        return ShotError(f"{path}: no such file, and not a pattern of pictures ({kinds}); check the name")
    return ShotError(f"{path}: no such file, expected a movie, a folder of pictures or name.####.png; check the path")


def _open_sequence(path: Path, requested: str | None, rate: Fraction | None, layer: str | None, strict: bool) -> Shot:
    from stylize.media.sequence_headers import sequence_header

    files = find_sequence(path)
    chosen, first = _chosen(files, requested, path), min(files)
    _refuse_animations(files[number] for number in chosen)
    form = _sequence_format([files[number] for number in chosen], layer)
    header = sequence_header(path, chosen, form.headers, rate)
    opaque = missing_alpha(path.name, chosen, form.with_alpha)
    if strict and opaque:
        raise SequenceError(f"{opaque}; write them with alpha, or leave out --strict to use them as they are")
    measured = (opaque, _woven(path, [files[number] for number in chosen], form))
    return Shot(
        path=path,
        name=_sequence_name(path, *next(iter(files.items()))),
        kind="sequence",
        frames=chosen,
        size=form.size,
        rate=header.rate,
        times=tuple(number - chosen[0] for number in chosen),
        time_base=1 / header.rate,
        variable=False,
        depth=form.depth,
        alpha=any(form.with_alpha),
        timecode=header.timecode,
        audio=False,
        warnings=(*header.notes, *form.notes, *(note for note in measured if note is not None)),
        files=tuple(files[number] for number in chosen),
        positions=tuple(number - first for number in chosen),
        source_frames=max(files) - first + 1,
        pixel_aspect=header.pixel_aspect,
        colour=form.colour,
        padding=_padding(files),
        assumed_rate=header.assumed,
        linear=form.linear,
        associated=form.associated,
        layer=layer,
    )


def _woven(path: Path, files: list[Path], form: "_SequenceFormat") -> str | None:
    """Return the warning about woven fields, measured in the middle of a sequence of at most the size of video.

    Scene-linear pictures are not measured. An unreadable picture is reported where it is needed.
    """
    from stylize.media.images import read_image
    from stylize.media.interlacing import RUN, woven_pictures

    if form.size[0] * form.size[1] > _MAX_VIDEO_PIXELS or form.linear:
        return None
    first = max(0, (len(files) - RUN) // 2)
    try:
        return woven_pictures(path.name, map(read_image, files[first : first + RUN]))
    except InputError:
        return None


def _padding(files: Mapping[int, Path]) -> int:
    """Return the minimum number of digits of the frame numbers in file names. files: by frame number."""
    found = (likeliest([one for one in readings(file.stem) if one.number == frame]) for frame, file in files.items())
    return min((len(one.digits) for one in found if one is not None), default=DEFAULT_PADDING)


def _chosen(files: dict[int, Path], requested: str | None, path: Path) -> tuple[int, ...]:
    numbers = tuple(files)
    if requested:
        return parse_range(requested).select(numbers)
    check_no_gaps(numbers, name=path)
    return numbers


@dataclass(frozen=True)
class _SequenceFormat:
    """Common properties of all files of a sequence, the header of each, and messages about their colour."""

    size: tuple[int, int]
    depth: Literal[8, 16]
    with_alpha: list[bool]
    colour: Colour
    linear: bool
    associated: bool
    headers: "tuple[Header, ...]"
    notes: tuple[str, ...]


def _sequence_format(files: list[Path], layer: str | None) -> _SequenceFormat:
    """Return the common properties of all files.

    Raises SequenceError if sizes or colours differ, or only some files hold linear light, ShotError for high dynamic
    range, InputError for a file without a picture.
    """
    from stylize.media.colour_report import report_of
    from stylize.media.images import image_info, picture_layer_note

    for file in files:
        if layer is not None or file.suffix.lower() == ".exr":
            picture_layer_note(file, layer)  # raises InputError for files without a picture
    infos = [image_info(file, layer) for file in files]
    size, colour = infos[0].size, infos[0].colour
    for file, info in zip(files, infos, strict=True):
        if info.size != size:
            raise _size_error(file, info.size, size)
        if (info.colour, info.profile) != (colour, infos[0].profile):
            raise SequenceError(
                f"{file}: its colour tags differ from those of the first frame; use one format for all frames"
            )
        if info.linear != infos[0].linear:
            kinds = ("linear light in floats", "integers")
            expected, found = kinds if infos[0].linear else kinds[::-1]
            raise SequenceError(
                f"{file}: expected {expected} like the first frame, found {found}; use one format for all frames"
            )
    if transfer := HDR_TRANSFERS.get(colour.transfer):
        raise hdr_error(files[0], transfer, movie=False)
    # Programs omit the alpha of opaque frames, so one frame with alpha suffices.
    depth: Literal[8, 16] = 16 if any(info.depth == 16 for info in infos) else 8
    notes = (report_of(file, info, colour) for file, info in zip(files, infos, strict=True))
    return _SequenceFormat(
        size, depth, [info.alpha for info in infos], colour, infos[0].linear, any(info.associated for info in infos),
        tuple(info.header for info in infos), tuple(note for note in notes if note)[:1],
    )  # fmt: skip


def _size_error(file: Path, found: tuple[int, int], expected: tuple[int, int]) -> SequenceError:
    sizes = f"expected {expected[0]}x{expected[1]} like the first frame, found {found[0]}x{found[1]}"
    return SequenceError(f"{file}: {sizes}; make all frames the same size, or choose others with --frames")


def _refuse_animations(files: Iterable[Path]) -> None:
    for file in files:
        if file.suffix.lower() == ".png" and _is_animation(file):
            raise SequenceError(f"{file}: expected one picture, found an animated PNG; give it alone as a movie")


def _sequence_name(path: Path, number: int, first: Path) -> str:
    return base_name(first, number) or (path if path.is_dir() else path.parent).resolve().name or "shot"


def _open_movie(
    path: Path, requested: str | None, rate: Fraction | None, start_number: int, strict: bool, tonemap: str | None,
    deinterlace: str | None, alpha: str | None,
) -> Shot:  # fmt: skip
    from stylize.media.decoder import scan

    _refuse_webp(path)
    movie = scan(path, high_range=tonemap is not None)
    tone_map = None if tonemap is None else _tone_map(path, movie.colour, movie.peak, tonemap)
    count, timecode = len(movie.stamps), movie.header.timecode
    stamps, time_base, notes = _stamps(movie.stamps, movie.header.time_base, movie.header.rates)
    own_rate, variable = find_rate(stamps, time_base, movie.header.rates)
    how, field_notes = deinterlacing_of(path, movie, deinterlace, variable=variable)
    if how is not None:
        timecode = timecode and conform_timecode(timecode, own_rate, how.rate(own_rate))
        stamps, time_base = conform_stamps(how, stamps, time_base, own_rate)
        own_rate = how.rate(own_rate)
    numbers = range(start_number, start_number + len(stamps))
    chosen = parse_range(requested).select(numbers) if requested else tuple(numbers)
    positions = tuple(number - start_number for number in chosen)
    sources = positions if how is None else tuple(dict.fromkeys(how.source(position).frame for position in positions))
    damage = loss_messages(path.name, movie.losses, start_number, sources, count)
    if movie.truncated:
        damage = (truncation_message(path.name, count, movie.header.count), *damage)
    if strict and damage:
        raise ShotError(f"{'; '.join(damage)}; copy or export it again, or leave out --strict to use these frames")
    form = _movie_format(path, movie.formats, sources, range(start_number, start_number + count))
    _check_rate(path, rate, own_rate)
    first = stamps[positions[0]]
    return Shot(
        path=path,
        name=path.stem,
        kind="movie",
        frames=chosen,
        size=form.size,
        rate=own_rate,
        times=tuple(stamps[position] - first for position in positions),
        time_base=time_base,
        variable=variable,
        depth=16 if form.depth == 16 else 8,
        alpha=form.alpha,
        timecode=timecode and offset_timecode(timecode, positions[0], own_rate),
        audio=movie.header.audio,
        audio_channels=movie.header.audio_channels,
        warnings=damage + movie.notes + notes + field_notes + _alpha_notes(path, movie, form.alpha, alpha),
        positions=positions,
        frame_map=movie.frame_map,
        source_frames=len(stamps),
        start=first * time_base,
        pixel_aspect=movie.pixel_aspect,
        colour=movie.colour if tone_map is None else BT709,
        tonemap=tone_map,
        deinterlacing=how,
        premultiplied=alpha == "premultiplied",
    )


def _alpha_notes(path: Path, movie: "Movie", has_alpha: bool, requested: str | None) -> tuple[str, ...]:
    """Return the message about alpha that looks premultiplied. Raises SettingsError for `requested` without alpha."""
    if requested is not None and not has_alpha:
        raise SettingsError(f"{path}: --alpha {requested} is given, but the movie has no alpha; leave it out")
    if requested is not None or not movie.looks_premultiplied:
        return ()
    return (
        f"{path.name}: colour never exceeds alpha, as if premultiplied; its alpha is assumed to be straight: give "
        "--alpha premultiplied, or --alpha straight to confirm it",
    )


def _refuse_webp(path: Path) -> None:
    with contextlib.suppress(OSError):  # decoding reports why
        refuse_animated_webp(path)


def _movie_format(
    path: Path, formats: tuple[tuple[int, FrameFormat], ...], positions: tuple[int, ...], numbers: range
) -> FrameFormat:
    """Return the format of the chosen frames. Raises ShotError if they differ. formats: as in `Movie`."""
    starts = [start for start, _ in formats]
    used = sorted({bisect_right(starts, position) - 1 for position in positions})
    if len(used) == 1:
        return formats[used[0]][1]
    first, second = (formats[run] for run in used[:2])
    ends = [*starts[1:], len(numbers)]
    runs = [f"--frames {numbers[starts[run]]}-{numbers[ends[run] - 1]}" for run in used[:_MAX_LISTED_RUNS]]
    raise ShotError(
        f"{path}: expected {first[1]} in all frames, found {second[1]} from frame {numbers[second[0]]} on; "
        f"choose frames of one format: {' or '.join(runs)}"
    )


def _tone_map(path: Path, colour: Colour, peak: float | None, curve: str) -> ToneMap:
    """Return the conversion that --tonemap requests. Raises SettingsError for a movie without high dynamic range."""
    if peak is None:
        expected = f"--tonemap converts high dynamic range ({' or '.join(HDR_TRANSFERS.values())})"
        raise SettingsError(f"{path}: {expected}, but this movie has standard range; leave it out")
    return ToneMap(curve, colour, peak)


def _stamps(
    stamps: tuple[int | None, ...], time_base: Fraction, rates: tuple[Fraction, ...]
) -> tuple[tuple[int, ...], Fraction, tuple[str, ...]]:
    """Return timestamps, time base and messages. If stamps are missing or not ascending, return regular ones."""
    known = [stamp for stamp in stamps if stamp is not None]
    if len(known) == len(stamps) and all(before < after for before, after in pairwise(known)):
        return tuple(known), time_base, ()
    rate = (rates or (DEFAULT_RATE,))[0]
    note = f"timestamps are missing or not ascending: a constant rate of {rate} frames per second is assumed"
    return *regular_stamps(len(stamps), rate), (note,)


def _check_rate(path: Path, requested: Fraction | None, own: Fraction) -> None:
    if requested is not None and requested != own:
        raise SettingsError(f"{path}: --rate applies to pictures, but this movie has a rate of {own}; leave it out")
