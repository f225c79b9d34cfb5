"""Changes to keyframes from the page: add, drop and move them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import stylize
from stylize.context.keys import set_aside
from stylize.errors import PlanError, ReviewError
from stylize.key_painting import forget_painting
from stylize.keys.candidates import candidate_seed
from stylize.keys.key_choice import NO_CHOICE
from stylize.media.plates import plate_pattern
from stylize.project.layout import LOCK_FILE
from stylize.project.lock import exclusive
from stylize.review.choose_key import choices_of, pick_key
from stylize.review.key_change import KeyChange, check_frame
from stylize.review.key_files import key_file
from stylize.review.project_state import last_plan
from stylize.review.shown_project import Part, ShownProject
from stylize.settings import OPTIONS, Settings
from stylize.settings.layers import LayerSpec
from stylize.settings.references import shell_word
from stylize.visible_text import visible


def add_key(project: ShownProject, frame: int, part: str = "") -> KeyChange:
    """Make a frame a keyframe of the next run. Raises a StylizeError if a run would refuse it."""
    check_frame(project, frame)
    shown = project.part(part)
    settings = shown.look.settings
    changes = {
        "add_key": tuple(sorted({*settings.add_key, frame})),
        "drop_key": tuple(one for one in settings.drop_key if one != frame),
    }
    return store(project, shown, changes)


def drop_key(project: ShownProject, frame: int, part: str = "") -> KeyChange:
    """Drop a frame from the keyframes of the next run. A painted key is moved to ``keys/replaced/``.

    Raises a StylizeError if a run would refuse it, or the key is locked.
    """
    check_frame(project, frame)
    shown = project.part(part)
    _refuse_locked(project, shown, frame)
    with exclusive(project.root / LOCK_FILE):
        moved = [line for one in _parts(project, shown) if (line := set_aside_painted(project, one, frame))]
    settings = shown.look.settings
    changes = _without(settings, frame)
    is_picked = frame in last_plan(project, shown).picked and settings.keyframes is None
    if is_picked and frame not in settings.drop_key:
        changes["drop_key"] = tuple(sorted({*settings.drop_key, frame}))
    if not changes and moved:
        return KeyChange(" && ".join(moved))
    return store(project, shown, changes or {"drop_key": tuple(sorted({*settings.drop_key, frame}))})


def move_key(project: ShownProject, frame: int, to: int, part: str = "") -> KeyChange:
    """Move a keyframe to another frame, with its seed, its prompt and its painted picture. Raises ReviewError if it is
    not a keyframe, or the other frame already is, PlanError for a locked key.
    """
    check_frame(project, frame)
    check_frame(project, to)
    shown = project.part(part)
    _refuse_locked(project, shown, frame)
    settings, keys, picked = shown.look.settings, project.keys(shown), last_plan(project, shown).picked
    named = settings.keyframes if isinstance(settings.keyframes, tuple) else tuple(picked)
    planned = {*named, *settings.add_key} - {*settings.drop_key}
    if to == frame or to in planned or (to in keys and keys[to].is_painted):
        raise ReviewError(f"expected a frame that is not a key yet, found {to}; choose another")
    if frame not in planned | keys.keys():
        raise ReviewError(f"frame {frame} is not a key; reload the page")
    changes = _without(settings, frame)
    if isinstance(settings.keyframes, tuple):
        changes["keyframes"] = tuple(sorted({*settings.keyframes, to} - {frame}))
    else:
        changes["add_key"] = tuple(sorted({*settings.add_key, to} - {frame}))
        dropped = {*settings.drop_key} - {to}
        is_picked = frame in picked or isinstance(settings.keyframes, Path)
        changes["drop_key"] = tuple(sorted(dropped | {frame} if is_picked else dropped))
    stored = store(project, shown, changes)  # first, because it is what may be refused
    with exclusive(project.root / LOCK_FILE):
        moved = [line for one in _parts(project, shown) if (line := _rename_painted(project, one, frame, to))]
    return KeyChange(" && ".join([*moved, *_move_choice(project, shown, frame, to), stored.command]))


def _refuse_locked(project: ShownProject, part: Part, frame: int) -> None:
    if choices_of(project, part).get(frame, NO_CHOICE).lock:
        raise PlanError(f"frame {frame} is locked; unlock it first")


def _parts(project: ShownProject, part: Part) -> list[Part]:
    """Return a part, and that of its look at full size, from which drafts take painted keys."""
    full = project.full_part(part)
    return [part] if full is part else [part, full]


def set_aside_painted(project: ShownProject, part: Part, frame: int) -> str:
    """Move a painted key to ``keys/replaced/``, and return the command that does the same; empty without one.

    The project must be locked.
    """
    file = key_file(project, part, frame)
    if file is None or not file.is_painted:
        return ""
    set_aside(file.path)
    forget_painting(file)
    return visible(f"mv {shell_word(str(file.path))} {shell_word(str(file.path.parent / 'replaced'))}/")


def _rename_painted(project: ShownProject, part: Part, frame: int, to: int) -> str:
    """Give a painted key the number of another frame, and return the command that does the same; empty without one."""
    file = key_file(project, part, frame)
    if file is None or not file.is_painted:
        return ""
    target = plate_pattern(project.shot, file.path.parent).path(to).with_suffix(file.path.suffix)
    file.path.replace(target)
    forget_painting(file)
    return visible(f"mv {shell_word(str(file.path))} {shell_word(str(target))}")


def _move_choice(project: ShownProject, part: Part, frame: int, to: int) -> list[str]:
    """Move the seed and the prompt of a key to another frame. A picked candidate becomes a seed."""
    choice = choices_of(project, part).get(frame, NO_CHOICE)
    if choice.seed is None and choice.prompt is None and choice.pick is None:
        return []
    own = part.look.settings.seed if choice.seed is None else choice.seed
    seed = choice.seed if choice.pick is None else candidate_seed(own, frame, choice.pick)
    lines = [
        pick_key(project, part, {frame: None}, seed="own", prompt=""),
        pick_key(project, part, [to], seed=seed, prompt=choice.prompt),
    ]
    return [one.command for one in lines]


def _without(settings: Settings, frame: int) -> dict[str, Any]:
    """Return the settings that no longer name a frame as a keyframe."""
    changes: dict[str, Any] = {}
    if frame in settings.add_key:
        changes["add_key"] = tuple(one for one in settings.add_key if one != frame)
    if isinstance(settings.keyframes, tuple) and frame in settings.keyframes and len(settings.keyframes) > 1:
        changes["keyframes"] = tuple(one for one in settings.keyframes if one != frame)
    return changes


def store(project: ShownProject, part: Part, changes: dict[str, Any]) -> KeyChange:
    """Store settings of a look in a project as a run would, which also checks them. Raises a StylizeError."""
    changed = {name: value for name, value in changes.items() if value != getattr(part.look.settings, name)}
    flags = [f"{OPTIONS[name].flags[-1]} {','.join(map(str, value))}" for name, value in changed.items() if value]
    if part.look.name:
        layers = tuple(
            _with_values(layer, changed) if _name(layer, place) == part.look.name else layer
            for place, layer in enumerate(project.settings.layers, 1)
        )
        flags = [f"--layer {shell_word(str(layer))}" for layer in layers]
        changed = {"layers": layers} | _overridden(layers, changed)
    with stylize.open(project.root, **changed):
        pass
    return KeyChange(visible(" ".join(["stylize", shell_word(str(project.root)), *flags])))


def _overridden(layers: tuple[LayerSpec, ...], changed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that every layer now overrides, at their defaults, because a run refuses them for the shot."""
    return {name: OPTIONS[name].default for name in changed if all(name in dict(layer.values) for layer in layers)}


def _name(layer: LayerSpec, place: int) -> str:
    return str(place) if layer.name is None else layer.name


def _with_values(layer: LayerSpec, changed: Mapping[str, Any]) -> LayerSpec:
    return LayerSpec(layer.name, tuple({**dict(layer.values), **changed}.items()))
