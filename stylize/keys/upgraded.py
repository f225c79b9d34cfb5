"""Rendered keys of a project of an earlier version, if their inputs have not changed."""

from typing import Any

from stylize.context.context import Context
from stylize.errors import SettingsError
from stylize.project.upgrade import FACT, FIRST_SCHEMA
from stylize.settings import DIFFUSION, OPTIONS, Settings, looks_of, read_settings
from stylize.settings.option import LOOK, MATTE, MOTION

# Options that a key may depend on: groups, and names in other groups.
_GROUPS, _OTHERS = (LOOK, DIFFUSION, MATTE, MOTION), ("style",)


def upgraded_keys(context: Context) -> frozenset[int]:
    """Return the frames of rendered keys of an earlier schema, unless settings, plates or reference have changed.

    If the earlier settings are lost, the keys are kept, because a change cannot be detected.
    """
    old = {
        frame
        for frame, path in context.keys.files().items()
        if any(key.startswith(f"{FIRST_SCHEMA}-") for key in context.project.keys_of(path))
    }
    made_from = context.shot_project.recall(FACT, FIRST_SCHEMA) if old else None
    if (
        not isinstance(made_from, dict)
        or not _same_settings(context, made_from)
        or not _same_contents(context, made_from)
    ):
        return frozenset()
    return frozenset(old)


def _same_settings(context: Context, made_from: dict[str, Any]) -> bool:
    if made_from.get("settings") == {}:
        return True
    try:
        before = read_settings(made_from["settings"], "the earlier settings")
        looks = {look.name: look.settings for look in looks_of(before)}
    except (SettingsError, KeyError, TypeError, AttributeError):
        return False
    return context.name in looks and _stored(looks[context.name]) == _stored(context.settings)


def _stored(settings: Settings) -> dict[str, Any]:
    """Return the options that a key depends on, with absolute paths."""
    return {
        name: OPTIONS[name].resolve(value)
        for name, value in settings.stored().items()
        if OPTIONS[name].group in _GROUPS or name in _OTHERS
    }


def _same_contents(context: Context, made_from: dict[str, Any]) -> bool:
    """Return whether plates and reference have the recorded contents. Files without a record are not compared."""
    contents = made_from.get("contents") or {}
    files = [*context.plates.paths.values(), *context.settings.references]
    known = [(path, contents[str(path.absolute())]) for path in files if str(path.absolute()) in contents]
    return all(context.project.digest(path) == digest for path, digest in known)
