"""Take over the keys, mattes and results of a project for a new version of its shot, such as shot_v002.mov.

The new version gets a project of its own, and the old one stays as it is. Frames of both versions are aligned by their
contents. Painted keys are always kept, rendered keys only if their frames are equal up to compression. Results are
copied with their records, so a run regenerates only what depends on changes.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from stylize.errors import ProjectError
from stylize.ingest.replaced_inputs import copy_inputs, plan_inputs, report_other_inputs
from stylize.ingest.replaced_keys import take_keys
from stylize.ingest.replaced_results import record_same_pixels, take_results
from stylize.ingest.scene_view import record_light, take_last_view
from stylize.ingest.shot_versions import Replacement, Versions, compare, report
from stylize.project import Project
from stylize.project.upgrade import FACT, FIRST_SCHEMA
from stylize.real_path import real_path
from stylize.settings import Settings, looks_of
from stylize.settings.shifted_frames import map_looks, shifted_settings


def replace_shot(asked: Versions, message: Callable[[str], None]) -> Settings:
    """Create the project of a new version of a shot, and return its settings.

    The old shot may be missing if its plates are in the project. Raises ShotError if the versions do not fit,
    ProjectError for the projects, and errors of reading and writing.
    """
    if real_path(asked.target) == real_path(asked.source):
        raise ProjectError(
            f"{asked.target} is the project of the old version, which stays as it is; choose another for the new one "
            "with --project FOLDER"
        )
    old_project = Project(asked.source)
    with old_project.locked():
        found, settings = compare(old_project, asked, message)
        report(found, message)
        settings = _renumbered(found, asked, settings)
        # Everything that may be missing is found before the new project is created.
        inputs = plan_inputs(found, asked.before, settings, asked.given, old_project, asked.target)
        _report_boil(found, inputs.settings, message)
        report_other_inputs(found, inputs.settings, asked.given, message)
        new_project = Project(asked.target, message=message)
        with new_project.locked():
            copy_inputs(found, inputs, new_project, message)
            settings = take_keys(found, inputs.settings, asked.given, old_project, new_project, message)
            for look in looks_of(settings):
                old, new = (one.layer(look.name) if look.name else one for one in (old_project, new_project))
                asked.take_choices(old, new, look.settings, found.new_number)
            new_project.remember(FACT, FIRST_SCHEMA, {"settings": settings.stored(), "contents": {}})
            take_last_view(old_project, new_project)
            if found.light is not None:
                record_light(found.new, found.light, new_project)
            record_same_pixels(found, old_project, new_project)
            take_results(found, settings, old_project, new_project, message)
    return settings


def _renumbered(found: Replacement, asked: Versions, settings: Settings) -> Settings:
    """Return the settings with the new frame numbers. A table of keyframes becomes their numbers."""

    def numbered(name: str, value: Any) -> Any:
        is_table = name == "keyframes" and isinstance(value, Path)
        return asked.read_table(value, found.old.frames) if is_table and found.frames != identity else value

    identity = {frame: frame for frame in found.old.frames}
    return shifted_settings(map_looks(settings, numbered, asked.given), found.shift, found.new.frames, asked.given)


def _report_boil(found: Replacement, settings: Settings, message: Callable[[str], None]) -> None:
    """Report that line boil depends on frame numbers, so that no frame can be taken over under another one."""
    if found.shift and any(look.settings.boil > 0 for look in looks_of(settings)):
        message(
            "note: --boil moves the lines of each frame by its number, so frames with new numbers are regenerated; a "
            f"movie keeps its old numbers with --start-number {found.new.frames[0] - found.shift}"
        )
