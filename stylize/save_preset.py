"""Save the look of a project as a preset: one file, with its reference pictures next to it."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stylize.errors import OutputError, SettingsError, StyleError
from stylize.io_errors import output_error
from stylize.media.safe_write import atomic_write
from stylize.project import digest_of, is_project, outward_references
from stylize.real_path import real_path
from stylize.settings import Settings, looks_of
from stylize.settings.look_options import LOOK_OPTIONS
from stylize.settings.preset import NOT_SAVED, preset_content
from stylize.settings.references import references_of

# Alternative to suggest in error messages.
_ELSEWHERE = "name for the preset"


@dataclass(frozen=True)
class SavedPreset:
    """Saved preset. files: the preset, and the reference pictures that were copied.

    left_out: options of the project that are not saved. outward: options that name something outside the preset's
    folder, which users of the preset must confirm.
    """

    files: tuple[Path, ...]
    left_out: tuple[str, ...]
    outward: tuple[str, ...]


def look_of(settings: Settings, layer: str | None) -> Settings:
    """Return the settings of a layer, or of a shot without layers. Raises SettingsError for an unknown layer."""
    looks = {look.name: look.settings for look in looks_of(settings)}
    if layer is None and len(looks) == 1:
        return next(iter(looks.values()))
    if layer is None or layer not in looks:
        named = [name for name in looks if name]
        found = f"found {layer!r}, and " if layer is not None else ""
        there = f"the layers are {', '.join(named)}" if named else "the project has no layers; leave --layer out"
        raise SettingsError(f"a preset has one look; give its layer with --layer NAME; {found}{there}")
    return looks[layer]


def save_preset(
    look: Settings, file: Path, *, name: str | None = None, version: str = "1", overwrite: bool = False
) -> SavedPreset:
    """Write a look to a file, and copy its reference pictures next to it unless they are already there.

    name: name of the look; the default is the file name. Raises OutputError if a file already exists, SettingsError for
    a name that is not a line of text, StyleError for a missing reference picture.
    """
    import tomli_w

    _check_target(file, overwrite)
    for text in (name or file.stem, version):
        if not text.strip() or not text.isprintable():
            raise SettingsError(f"the name and the version of a preset must each be a line of text, not {text!r}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(error, file, _ELSEWHERE) from error
    # A link is replaced, and its target is not changed: the preset is in the folder of the link.
    folder = real_path(file.parent)
    values = {key: option.resolve(value) for key, option, value in _changed(look) if key not in NOT_SAVED}
    # Saved even at its default, because a preset replaces the renderer of the project that it is used on.
    values["renderer"] = look.renderer
    pictures = _references(look, folder, file.stem, overwrite)
    if pictures:
        values["style"] = LOOK_OPTIONS["style"].store(LOOK_OPTIONS["style"].read(pictures))
    outward = sorted({one.option for one in outward_references(file.parent, references_of(values))})
    written = {key: _relative(key, value, folder) for key, value in values.items()}
    both = zip(pictures, look.references, strict=True)
    copied = {copy: original for copy, original in both if copy != real_path(original)}
    for copy, original in copied.items():
        with atomic_write(copy, _ELSEWHERE) as partial:
            shutil.copyfile(original, partial)
    with atomic_write(file, _ELSEWHERE) as partial:
        partial.write_text(tomli_w.dumps(preset_content(name or file.stem, version, written)), encoding="utf-8")
    return SavedPreset((file, *copied), tuple(key for key, _, _ in _changed(look) if key in NOT_SAVED), tuple(outward))


def _changed(look: Settings) -> list[tuple[str, Any, Any]]:
    """Return name, option and stored value of the options of a look that differ from their defaults."""
    return [
        (key, option, option.store(getattr(look, key)))
        for key, option in LOOK_OPTIONS.items()
        if getattr(look, key) != option.default
    ]


def _check_target(file: Path, overwrite: bool) -> None:
    if file.suffix != ".toml":
        raise OutputError(
            f"expected a name for the preset that ends in .toml, such as look.toml, found {file}; choose another"
        )
    if is_project(file.parent):
        raise OutputError(
            f"{file.parent} is a project folder, which must not receive presets; choose another {_ELSEWHERE}"
        )
    if file.exists() and not overwrite:
        raise OutputError(f"{file} already exists; choose another {_ELSEWHERE}, or replace it with --overwrite")


def _references(look: Settings, folder: Path, name: str, overwrite: bool) -> list[Path]:
    """Return the path of each reference picture for the preset: see ``_reference``.

    name: name of the copies in the folder, without suffix; from the second picture on, its number follows.
    """
    return [
        _reference(path, folder, name if number == 1 else f"{name}-{number}", overwrite)
        for number, path in enumerate(look.references, 1)
    ]


def _reference(path: Path, folder: Path, name: str, overwrite: bool) -> Path:
    """Return the path of a reference picture for the preset: unchanged if it is below the preset's folder, else a
    copy.

    name: name of its copy in the folder, without suffix.

    Raises StyleError for a missing picture, OutputError if another file is in the place of its copy.
    """
    style = real_path(path)
    if not style.is_file():
        raise StyleError(
            f"the reference {path} of this look no longer exists; put it back, or give the project another"
        )
    if style.is_relative_to(folder):
        return style
    copy = folder / f"{name}{style.suffix}"
    if copy.exists() and not overwrite and digest_of(copy) != digest_of(style):
        raise OutputError(f"{copy} already exists; choose another {_ELSEWHERE}, or replace it with --overwrite")
    return copy


def _relative(key: str, value: Any, folder: Path) -> Any:
    """Return a stored value with the paths below a folder made relative to it, if they resolve from there."""
    prefix = f"{folder}{os.sep}"
    if isinstance(value, str):
        shorter: Any = value.replace(prefix, "", 1)
    elif isinstance(value, list):
        shorter = [one.replace(prefix, "", 1) if isinstance(one, str) else one for one in value]
    else:
        return value
    return shorter if LOOK_OPTIONS[key].resolve(shorter, folder) == value else value
