"""Input files and folders that settings name. Results must not replace them or be written among them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stylize.media.sequences import READ_SUFFIXES, parse_pattern
from stylize.settings.compound import GuideSpec, MatteKey
from stylize.settings.conditions import ControlSpec, WeightsSpec
from stylize.settings.ebsynth_folder import folders_of
from stylize.settings.extension_options import EXTENSION_OPTIONS, paths_in
from stylize.settings.matte_options import MATTE_OPTIONS, MatteSettings
from stylize.settings.option_types import (
    DEPTH_AUTO,
    DEPTH_SOURCE,
    MATTE_MODEL,
    MATTE_SOURCE,
    MODEL,
    OCIO_CONFIG,
    OptionType,
    is_matte_keyword,
    is_ocio_name,
)
from stylize.settings.options import OPTIONS, Settings, looks_of

# Options whose folders are read as numbered pictures: a picture written there would be mistaken for an input.
_NUMBERED = (
    "keys",
    "matte",
    "guide",
    "control",
    "depth",
    "vectors",
    "vectors_back",
    "vectors_forward",
    "clean",
    "cryptomatte",
)
_SUFFIXES = (*READ_SUFFIXES, ".flo")


@dataclass(frozen=True)
class Inputs:
    """Input files other than the shot's. files: all that are read. folders: those read as numbered pictures."""

    files: tuple[Path, ...]
    folders: tuple[Path, ...]


def inputs_of(settings: Settings | MatteSettings, path: Path | None = None) -> Inputs:
    """Return the inputs of all layers, without the shot. path: the shot as given, which may be an EbSynth folder."""
    all_settings = [settings] if isinstance(settings, MatteSettings) else [look.settings for look in looks_of(settings)]
    files, folders = list[Path](), list[Path]()
    for one in all_settings:
        look_files, look_folders = _inputs_of_look(one)
        files += look_files
        folders += look_folders
    folders += folders_of(path) if path is not None else ()
    return Inputs(tuple(files), tuple(folders))


def _inputs_of_look(settings: Settings | MatteSettings) -> tuple[list[Path], list[Path]]:
    """Return the input files of a look, and its folders of numbered pictures."""
    options = MATTE_OPTIONS if isinstance(settings, MatteSettings) else OPTIONS
    named = {name: list(paths_of(option.type, getattr(settings, name))) for name, option in options.items()}
    files = [one for paths in named.values() for one in paths if one.is_file()]
    numbered = [one for name in _NUMBERED for one in named.get(name, ()) if not one.is_file()]
    files += [file for one in numbered for file in _pictures(one)]
    return files, [one for one in numbered if one.is_dir()]


def paths_of(option_type: OptionType, value: Any) -> Iterator[Path]:
    """Yield the paths in the value of an option that will be read."""
    for one in value if isinstance(value, tuple) else (value,):
        if isinstance(one, Path):
            yield one
        elif option_type is EXTENSION_OPTIONS:
            yield from paths_in(one)
        elif isinstance(one, GuideSpec | MatteKey | WeightsSpec | ControlSpec) and one.path is not None:
            yield one.path
        elif (
            option_type in (MATTE_SOURCE, MATTE_MODEL, DEPTH_SOURCE, MODEL, OCIO_CONFIG)
            and one is not None
            and not _is_keyword(option_type, one)
        ):
            yield Path(one)


def _is_keyword(option_type: OptionType, text: str) -> bool:
    """Return whether a value is a keyword, not a path."""
    if option_type is OCIO_CONFIG:
        return is_ocio_name(text)
    return text == DEPTH_AUTO if option_type is DEPTH_SOURCE else option_type is MATTE_SOURCE and is_matte_keyword(text)


def _pictures(path: Path) -> list[Path]:
    """Return the pictures in a folder or of a pattern; none if the folder does not exist."""
    pattern = None if path.is_dir() else parse_pattern(path, _SUFFIXES)
    folder = path if pattern is None else pattern.folder
    if not folder.is_dir():
        return []
    there = [file for file in folder.iterdir() if file.suffix.lower() in _SUFFIXES]
    return [file for file in there if pattern is None or pattern.match(file.name) is not None]
