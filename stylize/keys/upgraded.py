"""Rendered keys of a project that an earlier version made, whose inputs have not changed since."""

from typing import Any

from stylize.context.context import Context
from stylize.errors import SettingsError
from stylize.project.upgrade import FACT, FIRST_SCHEMA
from stylize.settings import DIFFUSION, OPTIONS, Settings, looks_of, read_settings
from stylize.settings.option import LOOK, MATTE, MOTION

# Options that a key may depend on, by group, and outside of these groups.
_GROUPS, _OTHERS = (LOOK, DIFFUSION, MATTE, MOTION), ("style",)


def upgraded_keys(context: Context) -> frozenset[int]:
    """Return the frames of rendered keys of an earlier schema, unless settings, plates or reference have changed.

    Where the settings of that time are lost, the keys are kept too: nobody can say that they do not fit.
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
    """Return whether plates and reference have the contents that were recorded, as far as any were."""
    contents = made_from.get("contents") or {}
    files = [*context.plates.paths.values(), *([context.settings.style] if context.settings.style else [])]
    known = [(path, contents[str(path.absolute())]) for path in files if str(path.absolute()) in contents]
    return all(context.project.digest(path) == digest for path, digest in known)
