"""Choice of the deinterlacing of footage: as requested, or as its frames need it, with what there is to report."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from propagate.combing import FieldOrder
from stylize.errors import SettingsError, ShotError
from stylize.media.deinterlacing import FILM_RATIO, Deinterlacing, FilmFrame, Method
from stylize.media.interlacing import Interlacing

AUTO, OFF = "auto", "off"


@dataclass(frozen=True)
class FieldFootage:
    """Footage that may consist of fields.

    interlacing: as flagged and measured. find_film: returns the frames of the film that it carries, for an order of
    fields. variable: its rate is. alike: its frames have one format. is_film: its frames are those of a film already.
    """

    path: Path
    interlacing: Interlacing
    find_film: Callable[[FieldOrder], tuple[FilmFrame, ...]]
    variable: bool = False
    alike: bool = True
    is_film: bool = False


def deinterlacing_of(footage: FieldFootage, requested: str | None) -> tuple[Deinterlacing | None, tuple[str, ...]]:
    """Return how frames are conformed, None for as they are, and messages.

    requested: a method, `AUTO` or `OFF`; None reports only. Raises SettingsError for film at a variable rate, and
    ShotError if the frames cannot be deinterlaced.
    """
    path, found = footage.path, footage.interlacing
    if footage.is_film and requested in (None, AUTO, "film"):
        return None, ()
    if requested is None or requested == OFF:
        warning = found.warning(path.name) if requested is None else None
        return None, () if warning is None else (warning,)
    method = found.method if requested == AUTO else requested
    if method is None:
        return None, ()
    if not footage.alike:
        raise ShotError(
            f"{path}: --deinterlace requires frames of one format, but that of the movie changes; leave it out, or "
            "split the movie"
        )
    if method == "film":
        return _film(footage)
    how: Method = "fields" if method == "fields" else "frames"
    return Deinterlacing(how, found.order), _notes(path, found, requested)


def _film(footage: FieldFootage) -> tuple[Deinterlacing, tuple[str, ...]]:
    path, found = footage.path, footage.interlacing
    if footage.variable:
        raise SettingsError(
            f"{path}: --deinterlace film requires a constant rate, but that of the movie is variable; give "
            "--deinterlace frames"
        )
    film = footage.find_film(found.order)
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
