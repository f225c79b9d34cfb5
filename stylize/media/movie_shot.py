"""Opening of movies: their frames, time stamps, damage, and the conversions that are requested."""

import contextlib
from bisect import bisect_right
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from stylize.errors import SettingsError, ShotError
from stylize.media.animation import refuse_animated_webp
from stylize.media.clock import DEFAULT_RATE, conform_timecode, find_rate, offset_timecode, regular_stamps
from stylize.media.colour import BT709
from stylize.media.conformed_fields import OFF, FieldFootage, deinterlacing_of
from stylize.media.deinterlacing import FILM_RATIO, conform_stamps, film_stamps
from stylize.media.frame_pixels import FrameFormat
from stylize.media.loss_messages import Damage
from stylize.media.premultiplied import alpha_notes
from stylize.media.sequences import parse_range
from stylize.media.shot import Shot
from stylize.media.soft_telecine import soft_telecine_rate
from stylize.media.tonemap import tone_map_of

# Max parts of a movie that a message lists.
_MAX_LISTED_RUNS = 4


def open_movie(
    path: Path, requested: str | None, rate: Fraction | None, start_number: int, strict: bool, tonemap: str | None,
    deinterlace: str | None, alpha: str | None,
) -> Shot:  # fmt: skip
    """Open a movie. See `opening.open_shot`."""
    from stylize.media.decoder import scan, scan_film

    _refuse_webp(path)
    movie = scan(path, high_range=tonemap is not None)
    tone_map = None if tonemap is None else tone_map_of(path, movie.colour, movie.peak, tonemap)
    count, timecode = len(movie.stamps), movie.header.timecode
    stamps, time_base, notes = _stamps(movie.stamps, movie.header.time_base, movie.header.rates)
    own_rate, variable = find_rate(stamps, time_base, movie.header.rates)
    video = soft_telecine_rate(stamps, time_base) if variable and deinterlace != OFF else None
    if video is not None:
        own_rate, variable = video * FILM_RATIO, False
        timecode = timecode and conform_timecode(timecode, video, own_rate)
        stamps, time_base = film_stamps(stamps[0] * time_base, video, count)
        notes += (_soft_telecine_note(path, own_rate),)
    footage = FieldFootage(
        path,
        movie.interlacing,
        lambda order: scan_film(path, order, movie.frame_map),
        variable,
        len(movie.formats) == 1,
        is_film=video is not None,
    )
    how, field_notes = deinterlacing_of(footage, deinterlace)
    if how is not None:
        timecode = timecode and conform_timecode(timecode, own_rate, how.rate(own_rate))
        stamps, time_base = conform_stamps(how, stamps, time_base, own_rate)
        own_rate = how.rate(own_rate)
    numbers = range(start_number, start_number + len(stamps))
    chosen = parse_range(requested).select(numbers) if requested else tuple(numbers)
    positions = tuple(number - start_number for number in chosen)
    sources = positions if how is None else tuple(dict.fromkeys(how.source(position).frame for position in positions))
    damage = Damage(movie.losses, movie.truncated, count, movie.header.count)
    damaged = damage.messages(path.name, lambda position: start_number + position, sources)
    if strict:
        refuse_damage(damaged)
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
        warnings=damaged
        + movie.notes
        + notes
        + field_notes
        + alpha_notes(path, movie.looks_premultiplied, form.alpha, alpha),
        positions=positions,
        frame_map=movie.frame_map,
        source_frames=len(stamps),
        start=first * time_base,
        pixel_aspect=movie.pixel_aspect,
        colour=movie.colour if tone_map is None else BT709,
        tonemap=tone_map,
        deinterlacing=how,
        premultiplied=alpha == "premultiplied",
        damage=damage,
        strict=strict,
    )


def _soft_telecine_note(path: Path, rate: Fraction) -> str:
    return (
        f"{path.name}: film in video, by flags that repeat fields (soft telecine): its frames are timed evenly, at "
        f"{float(rate):.6g} per second; --deinterlace off keeps the times of the fields"
    )


def refuse_damage(messages: tuple[str, ...]) -> None:
    """Raise ShotError for a movie that --strict refuses. messages: about its damage; none if it is whole."""
    if messages:
        raise ShotError(f"{'; '.join(messages)}; copy or export it again, or leave out --strict to use these frames")


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


def _stamps(
    stamps: tuple[int | None, ...], time_base: Fraction, rates: tuple[Fraction, ...]
) -> tuple[tuple[int, ...], Fraction, tuple[str, ...]]:
    """Return time stamps, time base and messages. If stamps are missing or not ascending, return regular ones."""
    known = [stamp for stamp in stamps if stamp is not None]
    if len(known) == len(stamps) and all(before < after for before, after in pairwise(known)):
        return tuple(known), time_base, ()
    rate = (rates or (DEFAULT_RATE,))[0]
    note = f"time stamps are missing or not ascending: a constant rate of {rate} frames per second is assumed"
    return *regular_stamps(len(stamps), rate), (note,)


def _check_rate(path: Path, requested: Fraction | None, own: Fraction) -> None:
    if requested is not None and requested != own:
        raise SettingsError(f"{path}: --rate applies to pictures, but this movie has a rate of {own}; leave it out")
