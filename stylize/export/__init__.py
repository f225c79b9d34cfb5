"""Where results go: one file a kind of target, and the words after `-o` that choose it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stylize.errors import SettingsError
from stylize.sequences import PICTURE_SUFFIXES, Pattern, parse_pattern

MOVIE_SUFFIXES = (".mp4", ".mov")


@dataclass(frozen=True)
class Target:
    """Where a result goes.

    `path` is the folder that takes the frames, or the movie file.
    `pattern` names the frames inside the folder; None for a movie.
    """

    kind: Literal["folder", "pattern", "movie"]
    path: Path
    pattern: Pattern | None


def parse_target(text: str, name: str) -> Target:
    """The target that `text` (the words after `-o`) means for a shot called `name`.

    A folder (`out`, `out/`) takes `name.####.png`; a pattern (`out/comp.####.exr`, `%04d` and `@` as well) is
    taken as it is; `.mp4` and `.mov` are movies. Raises SettingsError for anything else.
    """
    if not text.strip():
        raise SettingsError(f"-o is empty: give a folder, a pattern such as out/{name}.####.png, or a movie file")
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
        raise SettingsError(f"-o {text} names one picture but a shot has many frames: write {numbered}")
    if path.suffix:
        raise SettingsError(
            f"-o {text}: movies are written as {_listed(MOVIE_SUFFIXES)}, frames as {_listed(PICTURE_SUFFIXES)}, "
            f"not {path.suffix!r}; if a folder is meant, write {text}/"
        )
    return _folder(path, name)


def _folder(path: Path, name: str) -> Target:
    return Target("folder", path, Pattern(path, f"{name}.", 4, ".png"))


def _listed(suffixes: tuple[str, ...]) -> str:
    return ", ".join(suffixes)
