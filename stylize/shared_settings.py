"""Settings that people share: a preset and studio defaults, as far as the user trusts them.

Either file may come from an untrusted author. It may name anything below its own folder. Anything that reads, writes or
sends data elsewhere needs confirmation: the option given again, ``--trust``, ``--allow PATH``, or, for studio defaults,
the environment variable that names the file.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stylize.errors import ProjectError, SettingsError
from stylize.project import check_references
from stylize.settings import OPTIONS
from stylize.settings.preset import read_preset, replaced_by
from stylize.settings.references import references_of
from stylize.settings.sources import Source
from stylize.settings.studio import STUDIO_VARIABLE, find_studio_defaults


def studio_source(shot: Path, given: Mapping[str, Any]) -> Source | None:
    """Return the studio defaults for a shot, if any. given: options of this call, which override them.

    Raises SettingsError that names the file if it is unreadable, invalid, or reaches outside its folder.
    """
    defaults = find_studio_defaults(shot)
    if defaults is None:
        return None
    if not defaults.chosen:
        what = f"{defaults.path} is not trusted unless {STUDIO_VARIABLE} names it, and reaches outside its folder"
        _check(defaults.path, defaults.values, given, what)
    return Source(f"defaults from {defaults.path}", defaults.values, yields=True)


def preset_source(path: Path, stored: Mapping[str, Any], given: Mapping[str, Any]) -> Source:
    """Return the settings of a preset. stored: settings that it overrides. given: options of this call.

    Raises SettingsError that names the preset if it is unreadable, invalid, or reaches outside its folder.
    """
    preset = read_preset(path)
    _check(path, preset.values, given, f"{path} may be from an untrusted source, and reaches outside its folder")
    return Source(f"preset {path}", preset.values, replaces=replaced_by(preset, stored))


def _check(path: Path, values: Mapping[str, Any], given: Mapping[str, Any], what: str) -> None:
    """Raise SettingsError for values that name something outside the file's folder and are not given again."""
    if given.get("trust"):
        return
    references = {one for one in references_of(values) if ("layers" if one.layer else one.option) not in given}
    try:
        check_references(path.absolute().parent, references, OPTIONS["allow"].read(given.get("allow", ())), what)
    except ProjectError as error:
        raise SettingsError(str(error)) from error
