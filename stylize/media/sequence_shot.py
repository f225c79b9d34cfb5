"""Opening of numbered pictures: their common format, and what their headers declare."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from propagate.arrays import Pixels
from stylize.errors import InputError, SequenceError, SettingsError
from stylize.media.animation import is_animation
from stylize.media.clock import conform_timecode, offset_timecode
from stylize.media.colour import BT709, HDR_TRANSFERS, Colour, hdr_error
from stylize.media.conformed_fields import OFF, FieldFootage, deinterlacing_of
from stylize.media.deinterlacing import conform_stamps
from stylize.media.frame_numbers import likeliest, readings
from stylize.media.missing_alpha import missing_alpha
from stylize.media.premultiplied import MAX_FRAMES, STEP, alpha_notes, look_premultiplied
from stylize.media.sequences import DEFAULT_PADDING, base_name, check_no_gaps, find_sequence, parse_range
from stylize.media.shot import Shot, read_stored, size_error
from stylize.media.tonemap import declared_peak, tone_map_of
from stylize.real_path import real_path

if TYPE_CHECKING:
    from stylize.media.images import Header

# Pixels of the largest interlaced video, 1920x1088.
_MAX_VIDEO_PIXELS = 1920 * 1088


def open_sequence(
    path: Path, requested: str | None, rate: Fraction | None, layer: str | None, strict: bool, tonemap: str | None,
    deinterlace: str | None, alpha: str | None,
) -> Shot:  # fmt: skip
    """Open a folder of numbered pictures, a pattern or a single picture. See `opening.open_shot`."""
    from stylize.media.sequence_headers import sequence_header

    files = find_sequence(path)
    deinterlaces = deinterlace not in (None, OFF)
    # Every field may be needed.
    chosen, first = _chosen(files, None if deinterlaces else requested, path), min(files)
    _refuse_animations(files[number] for number in chosen)
    form = _sequence_format([files[number] for number in chosen], layer, high_range=tonemap is not None)
    header = sequence_header(path, chosen, form.headers, rate)
    opaque = missing_alpha(path.name, chosen, form.with_alpha)
    if strict and opaque:
        raise SequenceError(f"{opaque}; write them with alpha, or leave out --strict to use them so")
    tone_map = None if tonemap is None else tone_map_of(path, form.colour, _peak(files[chosen[0]], form), tonemap)
    shot = Shot(
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
        warnings=(*header.notes, *form.notes, *([opaque] if opaque else [])),
        files=tuple(files[number] for number in chosen),
        positions=tuple(number - first for number in chosen),
        source_frames=max(files) - first + 1,
        pixel_aspect=header.pixel_aspect,
        colour=form.colour if tone_map is None else BT709,
        padding=_padding(files),
        assumed_rate=header.assumed,
        linear=form.linear,
        associated=form.associated and tone_map is None,
        layer=layer,
        tonemap=tone_map,
        premultiplied=alpha == "premultiplied",
        strict=strict,
    )
    shot = replace(shot, warnings=shot.warnings + _alpha_notes(shot, form, alpha))
    if not deinterlaces:
        woven = None if deinterlace == OFF else _woven(shot)
        return shot if woven is None else replace(shot, warnings=(*shot.warnings, woven))
    conformed = _deinterlaced(shot, deinterlace, requested)
    return conformed or open_sequence(path, requested, rate, layer, strict, tonemap, OFF, alpha)


def _deinterlaced(shot: Shot, method: str | None, requested: str | None) -> Shot | None:
    """Return the conformed frames of all of a sequence, or those requested of them; None if it is progressive.

    They are numbered from the first picture on. Raises as `conformed_fields.deinterlacing_of`.
    """
    from stylize.media.field_pictures import film_of_pictures, interlacing_of_pictures

    def pictures() -> Iterator[Pixels]:
        return (read_stored(file, shot) for file in shot.files)

    footage = FieldFootage(
        shot.path, interlacing_of_pictures(pictures()), lambda order: film_of_pictures(pictures(), order)
    )
    how, notes = deinterlacing_of(footage, method)
    if how is None:
        return None
    stamps, time_base = conform_stamps(how, shot.times, shot.time_base, shot.rate)
    rate, start = how.rate(shot.rate), shot.frames[0]
    numbers = range(start, start + len(stamps))
    chosen = parse_range(requested).select(numbers) if requested else tuple(numbers)
    positions = tuple(number - start for number in chosen)
    timecode = shot.timecode and conform_timecode(shot.timecode, shot.rate, rate)
    return replace(
        shot,
        frames=chosen,
        rate=rate,
        times=tuple(stamps[position] - stamps[positions[0]] for position in positions),
        time_base=time_base,
        timecode=timecode and offset_timecode(timecode, positions[0], rate),
        warnings=shot.warnings + notes,
        files=(),
        sources=shot.files,
        positions=positions,
        source_frames=len(stamps),
        associated=False,
        deinterlacing=how,
    )


def _peak(first: Path, form: "_SequenceFormat") -> float | None:
    """Return the brightest light of pictures in high dynamic range, as the first declares it; None of others."""
    from stylize.media.images import declared_light

    transfer = form.colour.transfer
    return declared_peak(transfer, declared_light(first)) if transfer in HDR_TRANSFERS else None


def _alpha_notes(shot: Shot, form: "_SequenceFormat", requested: str | None) -> tuple[str, ...]:
    """Return the message about alpha that looks premultiplied in a format that does not declare it.

    Raises SettingsError for `requested` where it does not apply. An unreadable picture is reported where it is needed.
    """
    if requested is not None and (form.linear or form.associated):
        raise SettingsError(
            f"{shot.path}: --alpha applies to footage that does not declare it, such as PNG and movies, found "
            f"{shot.files[0].suffix} with premultiplied alpha; leave it out"
        )
    if requested is not None or not shot.alpha or form.linear or form.associated:
        return alpha_notes(shot.path, False, shot.alpha, requested)
    from stylize.media.images import read_image

    sampled = [file for file, alpha in zip(shot.files, form.with_alpha, strict=True) if alpha]
    try:
        looks = look_premultiplied(map(read_image, sampled[: STEP * MAX_FRAMES : STEP]))
    except InputError:
        return ()
    return alpha_notes(shot.path, looks, shot.alpha, requested)


def _woven(shot: Shot) -> str | None:
    """Return the warning about woven fields, measured in the middle of a sequence of at most the size of video.

    Scene-linear pictures are not measured. An unreadable picture is reported where it is needed.
    """
    from stylize.media.field_pictures import interlacing_of_pictures
    from stylize.media.interlacing import RUN

    if shot.size[0] * shot.size[1] > _MAX_VIDEO_PIXELS or shot.linear:
        return None
    first = max(0, (len(shot.files) - RUN) // 2)
    try:
        measured = interlacing_of_pictures(read_stored(file, shot) for file in shot.files[first : first + RUN])
    except InputError:
        return None
    return measured.warning(shot.path.name)


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


def _sequence_format(files: list[Path], layer: str | None, *, high_range: bool) -> _SequenceFormat:
    """Return the common properties of all files. high_range: accept high dynamic range.

    Raises SequenceError if sizes or colours differ, or only some files hold linear light, ShotError for high dynamic
    range that is not accepted, InputError for a file without a picture.
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
    transfer = HDR_TRANSFERS.get(colour.transfer)
    if transfer and not high_range:
        raise hdr_error(files[0], transfer)
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
    return base_name(first, number) or real_path(path if path.is_dir() else path.parent).name or "shot"
