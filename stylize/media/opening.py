"""Opening of footage: a movie, a folder of numbered pictures, a pattern or a single picture."""

from fractions import Fraction
from pathlib import Path

from stylize.errors import SettingsError, ShotError
from stylize.media.animation import is_animation
from stylize.media.movie_shot import open_movie
from stylize.media.sequence_shot import open_sequence
from stylize.media.sequences import READ_SUFFIXES, parse_pattern
from stylize.media.shot import Shot
from stylize.real_path import real_path
from stylize.visible_text import is_utf8, visible


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
    `picture_layer.choose_layer` selects it. tonemap: curve that converts high dynamic range to Rec. 709, one of
    `tone_curve_names.TONE_CURVES`. deinterlace: `frames`, `fields`, `film`, `auto` or `off`; None reports interlaced
    footage in `warnings` and uses its frames as they are. alpha: `straight` or `premultiplied`, of movies and of
    pictures whose format does not declare it; None takes it as straight, and reports in `warnings` what looks
    premultiplied.

    Raises ShotError if the source is missing, unreadable or empty, or damaged and `strict` is true; SequenceError for
    gaps, duplicate numbers or mixed sizes; FrameRangeError for frames that do not exist; SettingsError if `frames`,
    `rate`, `start_number`, `tonemap`, `deinterlace` or `alpha` is invalid or does not apply.
    """
    if rate is not None and rate <= 0:
        raise SettingsError(f"the rate is {rate}, expected frames per second above 0, such as 24 or 24000/1001")
    path = Path(path)
    _check_name(path)
    if is_sequence(path):
        if start_number != 1:
            raise SettingsError(f"{path}: --start-number applies to movies, found numbered pictures; leave it out")
        return open_sequence(path, frames, rate, layer, strict, tonemap, deinterlace, alpha)
    if not path.is_file():
        raise _missing_error(path)
    if layer is not None:
        raise SettingsError(f"{path}: --exr-layer applies to EXR, found a movie; leave it out")
    return open_movie(path, frames, rate, start_number, strict, tonemap, deinterlace, alpha)


def _check_name(path: Path) -> None:
    """Raise ShotError if the absolute path is not UTF-8, which libraries and project files require."""
    for one in (path.absolute(), real_path(path)):
        if not is_utf8(str(one)):
            raise ShotError(f"{visible(str(one))}: expected a path in UTF-8; rename the parts that contain \\x..")


def is_sequence(path: Path) -> bool:
    """Return whether a path is opened as a sequence: a folder, a pattern, or a single picture."""
    if path.is_file():
        return not is_movie_file(path)
    return path.is_dir() or parse_pattern(path, READ_SUFFIXES) is not None


def is_movie_file(path: Path) -> bool:
    """Return whether a file is opened as a movie: by its suffix, or because it is an animated picture."""
    return path.suffix.lower() not in READ_SUFFIXES or is_animation(path)


def _missing_error(path: Path) -> ShotError:
    if "#" in path.name or "%" in path.name:
        kinds = " ".join(READ_SUFFIXES)
        return ShotError(f"{path}: no such file, and not a pattern of pictures ({kinds}); check the name")
    if path.exists():
        return ShotError(
            f"{path}: expected a movie, a folder of pictures or name.####.png, found a device or pipe; give a file"
        )
    return ShotError(f"{path}: no such file, expected a movie, a folder of pictures or name.####.png; check the path")
