"""Opening of numbered pictures: their common format, and what their headers declare."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from stylize.errors import InputError, SequenceError
from stylize.media.animation import is_animation
from stylize.media.colour import HDR_TRANSFERS, Colour, hdr_error
from stylize.media.frame_numbers import likeliest, readings
from stylize.media.missing_alpha import missing_alpha
from stylize.media.sequences import DEFAULT_PADDING, base_name, check_no_gaps, find_sequence, parse_range
from stylize.media.shot import Shot, size_error

if TYPE_CHECKING:
    from stylize.media.images import Header

# Pixels of the largest interlaced video, 1920x1088.
_MAX_VIDEO_PIXELS = 1920 * 1088


def open_sequence(path: Path, requested: str | None, rate: Fraction | None, layer: str | None, strict: bool) -> Shot:
    """Open a folder of numbered pictures, a pattern or a single picture. See `opening.open_shot`."""
    from stylize.media.sequence_headers import sequence_header

    files = find_sequence(path)
    chosen, first = _chosen(files, requested, path), min(files)
    _refuse_animations(files[number] for number in chosen)
    form = _sequence_format([files[number] for number in chosen], layer)
    header = sequence_header(path, chosen, form.headers, rate)
    opaque = missing_alpha(path.name, chosen, form.with_alpha)
    if strict and opaque:
        raise SequenceError(f"{opaque}; write them with alpha, or leave out --strict to use them so")
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
        strict=strict,
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
            raise size_error(file, info.size, size)
        if (info.colour, info.profile) != (colour, infos[0].profile):
            raise SequenceError(f"{file}: its colour tags differ from those of the first frame; make all frames alike")
        if info.linear != infos[0].linear:
            kinds = ("linear light in floats", "integers")
            expected, found = kinds if infos[0].linear else kinds[::-1]
            raise SequenceError(
                f"{file}: expected {expected} like the first frame, found {found}; make all frames alike"
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


def _refuse_animations(files: Iterable[Path]) -> None:
    for file in files:
        if file.suffix.lower() == ".png" and is_animation(file):
            raise SequenceError(f"{file}: expected one picture, found an animated PNG; give it alone as a movie")


def _sequence_name(path: Path, number: int, first: Path) -> str:
    return base_name(first, number) or (path if path.is_dir() else path.parent).resolve().name or "shot"
