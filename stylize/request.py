"""Request of a caller: the shot, its project and its settings, from given and stored values.

``_sources`` returns all sources of settings, in the order in which they override each other: studio defaults or an
existing project, a key to reproduce, a preset, and the caller's own options. Studio defaults apply only to a new
project; an existing project keeps its own settings.
"""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stylize.errors import ProjectError, SettingsError, ShotError
from stylize.events import Message
from stylize.project import Project, is_project, project_of, trusted_settings
from stylize.project.layout import EXPORT
from stylize.real_path import real_path
from stylize.reporter import SILENT, Reporter
from stylize.settings import (
    LOOKS_OPTIONS,
    MATTE_OPTIONS,
    OPTIONS,
    LooksSettings,
    MatteSettings,
    Settings,
    current_names,
)
from stylize.settings.comparison_options import COMPARED_OPTIONS
from stylize.settings.missing_inputs import refuse_missing
from stylize.settings.options import STORED_OPTIONS
from stylize.settings.sources import Source, build_settings
from stylize.shared_settings import preset_source, studio_source


@dataclass(frozen=True)
class Request:
    """Shot, settings of its run, and project folder; None for the default folder, next to the shot."""

    shot: Path
    settings: Settings
    project: Path | None


def read_request(
    shot: str | os.PathLike[str],
    settings: Settings | None = None,
    overrides: Mapping[str, Any] | None = None,
    reporter: Reporter = SILENT,
) -> Request:
    """Return the request for a run. shot: may be a project to continue.

    settings: replace those stored in the project or the studio defaults. overrides: options by name, which override all
    others. Raises a StylizeError for a project, a key or a settings file that is unreadable or untrusted, SettingsError
    for incompatible options, TypeError for an unknown option.
    """
    _check_type(settings, Settings)
    path, given = shot_path(shot), current_names(overrides or {}, OPTIONS)
    footage, sources = _sources(path, settings, given, reporter)
    merged, notes = build_settings(sources)
    for note in notes:
        reporter.message(f"note: {note}")
    if merged.replace_shot is not None:
        # Without settings of the caller, the first source is the project.
        before, own = (sources[:1], sources[1:]) if settings is None else (sources, sources)
        return _replaced(path, footage, before, own, merged, reporter)
    if is_project(path):
        refuse_missing(path, footage, merged)
        return Request(footage, merged, path)
    return Request(footage, merged, merged.project)


def _replaced(
    path: Path, footage: Path, before: Sequence[Source], own: Sequence[Source], settings: Settings, reporter: Reporter
) -> Request:
    """Return the request for the new version of a project's shot, whose project is created unless it exists.

    before: sources of the settings of the old version. own: those that the caller gives. settings: of all sources.
    """
    from stylize.ingest.replaced_shot import replace_shot
    from stylize.ingest.shot_versions import Versions

    new = settings.replace_shot
    assert new is not None
    if not is_project(path):
        raise SettingsError(f"--replace-shot applies to a project, found {path}; give the project instead of the shot")
    target, settings = project_of(new, settings.project), replace(settings, replace_shot=None)
    if is_project(target) and real_path(target) != real_path(path):
        shot, stored = trusted_settings(target, {}, reporter.message)
        if shot != real_path(new):
            raise ProjectError(f"{target} is the project of {shot}; choose another with --project FOLDER")
        reporter.message(f"note: {target} has already taken over from {path}, and continues")
        merged, _ = build_settings([Source("", stored.stored()), own[-1]])
        return Request(new, replace(merged, replace_shot=None), target)
    given = frozenset(name for source in own for name in source.values)
    if settings.output is not None and "output" not in given:
        reporter.message(
            f"note: the result goes to {target / EXPORT} instead of {settings.output}; choose another place with -o"
        )
        settings = replace(settings, output=None)
    settings_before = replace(build_settings(before)[0], replace_shot=None)
    asked = Versions(path, footage, settings_before, new, target, settings, given, _read_table, _take_choices)
    return Request(new, replace_shot(asked, reporter.message), target)


def _read_table(path: Path, frames: Collection[int]) -> tuple[int, ...]:
    """Return the keyframes of a table among some frames. Raises PlanError."""
    from stylize.planning.keys_csv import read_keys

    return read_keys(path, sorted(frames), is_partial=True)


def _take_choices(old: Project, new: Project, look: Settings, new_number: Callable[[int], int | None]) -> None:
    from stylize.planning.key_choices import take_choices

    take_choices(old, new, look, new_number)


def read_matte_request(settings: MatteSettings | None, overrides: Mapping[str, Any]) -> MatteSettings:
    """Return the settings for ``stylize matte``, updated by ``overrides``. Raises as ``read_request``."""
    _check_type(settings, MatteSettings)
    base = {} if settings is None else {name: getattr(settings, name) for name in MATTE_OPTIONS}
    return MatteSettings(**base | current_names(overrides, MATTE_OPTIONS))


def read_looks_request(settings: LooksSettings | None, overrides: Mapping[str, Any]) -> LooksSettings:
    """Return the settings for ``stylize looks``, updated by ``overrides``. Raises as ``read_request``."""
    _check_type(settings, LooksSettings)
    base: dict[str, Any] = {}
    if settings is not None:
        base = {name: getattr(settings, name) for name in COMPARED_OPTIONS} | dict(settings.shared)
    return LooksSettings(**base | current_names(overrides, LOOKS_OPTIONS))


def shot_path(shot: str | os.PathLike[str]) -> Path:
    """Return the path of a shot. Raises ShotError for an empty text, which would mean the current folder."""
    if not os.fspath(shot):
        raise ShotError("expected a movie, a folder of pictures or name.####.png, found an empty path; give the shot")
    return Path(shot)


def _check_type(settings: object, expected: type) -> None:
    """Raise TypeError for settings of another type."""
    if settings is not None and not isinstance(settings, expected):
        raise TypeError(
            f"settings must be {expected.__name__}, not {type(settings).__name__}; give single options by name"
        )


def _sources(
    path: Path, settings: Settings | None, given: Mapping[str, Any], reporter: Reporter
) -> tuple[Path, list[Source]]:
    """Return the shot and all sources of its settings; later sources override earlier ones."""
    explicit = {} if settings is None else _changed(settings)
    own = {**explicit, **given}
    sources: list[Source] = []
    if is_project(path):
        # Settings that replace the stored ones leave no stored ones to trust.
        unused = dict.fromkeys(STORED_OPTIONS) if settings is not None else {}
        path, stored = trusted_settings(path, {**unused, **own}, reporter.message)
        sources = [Source("", stored.stored())] if settings is None else []
    elif settings is None and (studio := studio_source(path, own)) is not None:
        reporter.send(Message(f"{studio.name}: {', '.join(studio.values) or 'none'}", is_detail=True))
        sources = [studio]
    if "like" in own:
        from stylize.keys.reproduce import settings_from_key

        sources.append(Source("", settings_from_key(Path(own["like"]), own)))
    if "preset" in own:
        before = {name: value for source in sources for name, value in source.values.items()}
        sources.append(preset_source(Path(own["preset"]), before, own))
    return path, [*sources, Source("", explicit), Source("", given)]


def _changed(settings: Settings) -> dict[str, Any]:
    """Return the options that differ from their defaults."""
    values = {name: getattr(settings, name) for name in OPTIONS}
    return {name: value for name, value in values.items() if value != OPTIONS[name].default}
