"""Destination and encoding of a result, from `-o` and the output options."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

from stylize.errors import SettingsError
from stylize.media.codecs import Codec, codec_of
from stylize.media.sequences import DEFAULT_PADDING, PICTURE_SUFFIXES, Pattern, parse_pattern

MOVIE_SUFFIXES = (".mp4", ".mov", ".mkv")
# Picture formats with 8 or 16 bits.
_BOTH_DEPTHS = (".png", ".tif", ".tiff")
_LINEAR_SUFFIX = ".exr"
# Characters between the name of a frame and its number.
_SEPARATORS = "._- "


@dataclass(frozen=True)
class Target:
    """Destination of a result.

    path: folder of the frames, or the movie file. pattern: names of the frames; None for a movie.
    """

    kind: Literal["folder", "pattern", "movie"]
    path: Path
    pattern: Pattern | None

    def files(self, frames: Iterable[int]) -> list[Path]:
        """Return the files of these frames, or the movie file."""
        return [self.path] if self.pattern is None else [self.pattern.path(frame) for frame in frames]


@dataclass(frozen=True)
class Encoding:
    """Encoding of a result. None stands for the default.

    codec: for movies, a name in `codecs.CODECS`. bits: for PNG and TIFF, 8 or 16. space: for EXR, one of
    `working_spaces.WORKING_SPACES`. fps: constant rate instead of the source's.
    """

    codec: str | None = None
    bits: int | None = None
    space: str | None = None
    fps: Fraction | None = None


def check_encoding(encoding: Encoding, target: Target, size: tuple[int, int]) -> None:
    """Raise SettingsError if an option does not apply to `target`, or if the codec does not support the size.

    size: (width, height).
    """
    if target.pattern is None:
        _check_size(codec_of(target.path.suffix, encoding.codec), size)
        for flag, unused in (("--bits", encoding.bits), ("--working-space", encoding.space)):
            if unused is not None:
                raise SettingsError(
                    f"{flag} applies to pictures, but {target.path} is a movie; use --codec instead, or leave it out"
                )
        return
    suffix = target.pattern.path(0).suffix.lower()
    for flag, given, takes in (
        ("--codec", encoding.codec, MOVIE_SUFFIXES),
        ("--bits", encoding.bits, _BOTH_DEPTHS),
        ("--working-space", encoding.space, (_LINEAR_SUFFIX,)),
    ):
        if given is not None and suffix not in takes:
            raise SettingsError(
                f"{flag} applies to {_listed(takes)}, but the frames are {suffix}; leave it out, or change -o"
            )


def _check_size(codec: Codec, size: tuple[int, int]) -> None:
    """Raise SettingsError if pictures of `size` (width, height) are too small for the codec."""
    if size[0] < codec.min_size[0] or size[1] < codec.min_size[1]:
        expected, found = ("x".join(map(str, sides)) for sides in (codec.min_size, size))
        raise SettingsError(
            f"--codec {codec.name} requires {expected} or larger, found {found}; use another --codec, or -o FOLDER"
        )


def parse_target(text: str, name: str, flag: str = "-o", *, padding: int = DEFAULT_PADDING) -> Target:
    """Parse the value of an output option.

    A folder (`out`, `out/`) receives `name.####.png`. A pattern (`out/comp.####.exr`, also with `%04d` or `@`) is used
    unchanged. `.mp4`, `.mov` and `.mkv` are movies. name: name of the shot. flag: option in messages. padding: minimum
    number of digits in a folder. Raises SettingsError for other values.
    """
    if not text.strip():
        raise SettingsError(f"{flag} is empty; give a folder, a pattern such as out/{name}.####.png, or a movie file")
    path = Path(text)
    if text.endswith(("/", "\\")) or path.is_dir():
        return _folder(path, name, padding)
    pattern = parse_pattern(text)
    if pattern is not None:
        return Target("pattern", pattern.folder, pattern)
    if path.suffix.lower() in MOVIE_SUFFIXES:
        return Target("movie", path, None)
    if path.suffix.lower() in PICTURE_SUFFIXES:
        numbered = path.with_name(f"{path.stem}.####{path.suffix}")
        raise SettingsError(f"{flag} {text} is a single picture, but a shot has several frames; write {numbered}")
    if path.suffix:
        raise SettingsError(
            f"{flag} {text}: movies are written as {_listed(MOVIE_SUFFIXES)}, frames as {_listed(PICTURE_SUFFIXES)}, "
            f"not {path.suffix!r}; if a folder is meant, write {text}/"
        )
    return _folder(path, name, padding)


def target_of(
    output: str | None, name: str, folder: Path, label: str = "", *, padding: int = DEFAULT_PADDING
) -> Target:
    """Return the target that ``-o`` names; by default a movie in `folder`.

    name: name of the shot. label: label of a draft, which goes into the names of its results: out.draft-1-2.mp4,
    out.draft-1-2/name.0001.png, out/comp.draft-1-2.0001.exr. padding: as in `parse_target`. Raises SettingsError if
    ``-o`` is invalid.
    """
    target = Target("movie", folder / f"{name}.mp4", None)
    if output is not None:
        target = parse_target(output, name, padding=padding)
    return _labelled(target, label) if label else target


def _labelled(target: Target, label: str) -> Target:
    """Return a target whose names contain the label of a draft."""
    if target.pattern is None:
        return replace(target, path=target.path.with_name(f"{target.path.stem}.{label}{target.path.suffix}"))
    if target.kind == "folder":
        name = target.path.name
        # Neither . nor .. has a name that could be extended.
        folder = target.path / label if name in ("", "..") else target.path.with_name(f"{name}.{label}")
        return replace(target, path=folder, pattern=replace(target.pattern, folder=folder))
    prefix = target.pattern.prefix
    stem = prefix.rstrip(_SEPARATORS)
    separator = prefix[len(stem) :] or "."
    named = f"{stem}.{label}{separator}" if stem else f"{label}{separator}"
    return replace(target, pattern=replace(target.pattern, prefix=named))


def _folder(path: Path, name: str, padding: int) -> Target:
    return Target("folder", path, Pattern(path, f"{name}.", padding, ".png"))


def _listed(suffixes: tuple[str, ...]) -> str:
    return ", ".join(suffixes)
