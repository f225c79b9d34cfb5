"""Choice of the deinterlacing of a movie: as requested, or as its frames need it, with what there is to report."""

from pathlib import Path
from typing import TYPE_CHECKING

from stylize.errors import SettingsError, ShotError
from stylize.media.deinterlacing import FILM_RATIO, Deinterlacing, Method
from stylize.media.frame_map import FrameMap
from stylize.media.interlacing import Interlacing

if TYPE_CHECKING:
    from stylize.media.decoder import Movie

AUTO, OFF = "auto", "off"


def deinterlacing_of(
    path: Path, movie: "Movie", requested: str | None, *, variable: bool
) -> tuple[Deinterlacing | None, tuple[str, ...]]:
    """Return how the frames of a movie are conformed, None for as they are, and messages.

    requested: a method, `AUTO` or `OFF`; None reports only. variable: the movie has a variable rate. Raises
    SettingsError for film at a variable rate, and ShotError if the frames cannot be deinterlaced.
    """
    found = movie.interlacing
    if requested is None or requested == OFF:
        warning = found.warning(path.name) if requested is None else None
        return None, () if warning is None else (warning,)
    method = found.method if requested == AUTO else requested
    if method is None:
        return None, ()
    if len(movie.formats) > 1:
        raise ShotError(
            f"{path}: --deinterlace requires frames of one format, but that of the movie changes; leave it out, or "
            "split the movie"
        )
    if method == "film":
        return _film(path, found, movie.frame_map, variable=variable)
    how: Method = "fields" if method == "fields" else "frames"
    return Deinterlacing(how, found.order), _notes(path, found, requested)


def _film(
    path: Path, found: Interlacing, frame_map: FrameMap | None, *, variable: bool
) -> tuple[Deinterlacing, tuple[str, ...]]:
    from stylize.media.decoder import scan_film

    if variable:
        raise SettingsError(
            f"{path}: --deinterlace film requires a constant rate, but that of the movie is variable; give "
            "--deinterlace frames"
        )
    film = scan_film(path, found.order, frame_map)
    notes = () if found.verdict.film else (
        f"{path.name}: no film cadence was found in it: --deinterlace film drops every "
        f"{FILM_RATIO.denominator}th frame all the same; give --deinterlace frames for interlaced video",
    )  # fmt: skip
    return Deinterlacing("film", found.order, film), notes


def _notes(path: Path, found: Interlacing, requested: str) -> tuple[str, ...]:
    if requested != AUTO and found.verdict.film:
        return (f"{path.name}: film carried by interlaced video; --deinterlace film restores its frames",)
    if requested != AUTO and found.moving and found.verdict.order is None:
        return (
            f"{path.name}: no frame is combed; --deinterlace {requested} only loses fine detail: leave it out",
        )  # fmt: skip
    return ()
