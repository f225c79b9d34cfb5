"""Targets: destination and encoding of a result, from `-o` and the output options."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from stylize.errors import SettingsError
from stylize.media.codecs import Codec, codec_of
from stylize.media.sequences import PICTURE_SUFFIXES, Pattern, parse_pattern

MOVIE_SUFFIXES = (".mp4", ".mov", ".mkv")
# Pictures that have 8 or 16 bits, and those that declare a rate.
_BOTH_DEPTHS, _TIMED = (".png", ".tif", ".tiff"), (".exr", ".dpx")
_LINEAR_SUFFIX = ".exr"


@dataclass(frozen=True)
class Target:
    """Destination of a result.

    `path` is the folder that takes the frames, or the movie file.
    `pattern` names the frames inside the folder; None for a movie.
    """

    kind: Literal["folder", "pattern", "movie"]
    path: Path
    pattern: Pattern | None

    def files(self, frames: Iterable[int]) -> list[Path]:
        """Return the files of these frames: the movie alone, where it is one."""
        return [self.path] if self.pattern is None else [self.pattern.path(frame) for frame in frames]


@dataclass(frozen=True)
class Encoding:
    """Encoding of a result; None is the default.

    `codec`: of a movie, a name in `codecs.CODECS`. `bits`: 8 or 16, of PNG and TIFF. `space`: one of
    `working_spaces.WORKING_SPACES`, of EXR. `fps`: a constant rate instead of the source's.
    """

    codec: str | None = None
    bits: int | None = None
    space: str | None = None
    fps: Fraction | None = None


def check_encoding(
    encoding: Encoding, target: Target, size: tuple[int, int], *, fps_used_elsewhere: bool = False
) -> None:
    """Raise SettingsError for an option that does not apply to `target`, or that it cannot carry out.

    size: (width, height). fps_used_elsewhere: whether other outputs have a rate, to which `fps` applies.
    """
    if target.pattern is None:
        _check_size(codec_of(target.path.suffix, encoding.codec), size)
        for flag, unused in (("--bits", encoding.bits), ("--working-space", encoding.space)):
            if unused is not None:
                raise SettingsError(
                    f"{flag} is for pictures, and {target.path} is a movie; choose a --codec, or leave it"
                )
        return
    suffix = target.pattern.path(0).suffix.lower()
    for flag, given, takes in (
        ("--codec", encoding.codec, MOVIE_SUFFIXES),
        ("--bits", encoding.bits, _BOTH_DEPTHS),
        ("--working-space", encoding.space, (_LINEAR_SUFFIX,)),
        ("--fps", encoding.fps, (*MOVIE_SUFFIXES, *_TIMED)),
    ):
        if given is not None and suffix not in takes and not (fps_used_elsewhere and given is encoding.fps):
            raise SettingsError(
                f"{flag} is for {_listed(takes)}, and the frames are {suffix}; leave it out, or change -o"
            )


def _check_size(codec: Codec, size: tuple[int, int]) -> None:
    """Raise SettingsError if pictures of `size` (width, height) are too small for the codec."""
    if size[0] < codec.min_size[0] or size[1] < codec.min_size[1]:
        expected, found = ("x".join(map(str, sides)) for sides in (codec.min_size, size))
        raise SettingsError(
            f"--codec {codec.name} needs pictures of {expected} or larger, and these are {found}: "
            "use another --codec, or -o FOLDER"
        )


def parse_target(text: str, name: str, flag: str = "-o") -> Target:
    """Return the target that `text`, the value of `flag`, means for a shot called `name`.

    A folder (`out`, `out/`) takes `name.####.png`; a pattern (`out/comp.####.exr`, `%04d` and `@` as well) is
    used unchanged; `.mp4`, `.mov` and `.mkv` are movies. Raises SettingsError for anything else.
    """
    if not text.strip():
        raise SettingsError(f"{flag} is empty: give a folder, a pattern such as out/{name}.####.png, or a movie file")
    path = Path(text)
    if text.endswith(("/", "\\")) or path.is_dir():
        return _folder(path, name)
    pattern = parse_pattern(text)
    if pattern is not None:
        return Target("pattern", pattern.folder, pattern)
    if path.suffix.lower() in MOVIE_SUFFIXES:
        return Target("movie", path, None)
    if path.suffix.lower() in PICTURE_SUFFIXES:
        numbered = path.with_name(f"{path.stem}.####{path.suffix}")
        raise SettingsError(f"{flag} {text} names one picture but a shot has many frames: write {numbered}")
    if path.suffix:
        raise SettingsError(
            f"{flag} {text}: movies are written as {_listed(MOVIE_SUFFIXES)}, frames as {_listed(PICTURE_SUFFIXES)}, "
            f"not {path.suffix!r}; if a folder is meant, write {text}/"
        )
    return _folder(path, name)


def target_of(output: str | None, name: str, folder: Path) -> Target:
    """Return the target that ``-o`` names, or a movie in `folder`. name: of the shot. Raises SettingsError."""
    return Target("movie", folder / f"{name}.mp4", None) if output is None else parse_target(output, name)


def _folder(path: Path, name: str) -> Target:
    return Target("folder", path, Pattern(path, f"{name}.", 4, ".png"))


def _listed(suffixes: tuple[str, ...]) -> str:
    return ", ".join(suffixes)
