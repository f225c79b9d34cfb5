"""Keys of a project for a new version of its shot."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from stylize.ingest.copies import copy_contents, copy_new
from stylize.ingest.shot_versions import Replacement
from stylize.media.key_numbers import number_keys
from stylize.media.plates import plate_pattern
from stylize.media.sequences import READ_SUFFIXES, Pattern, format_frames
from stylize.project import Project
from stylize.project.upgrade import REPLACED_SHOT, TASK
from stylize.settings import OPTIONS, Look, Settings, looks_of
from stylize.settings.shifted_frames import map_looks


@dataclass
class TakenKeys:
    """Keys taken over. rendered: frames of the rendered keys, by look. elsewhere: old frames of keys that the new
    version lacks. doubtful: frames of painted keys whose plates have changed.
    """

    rendered: dict[str, list[int]] = field(default_factory=dict)
    elsewhere: list[int] = field(default_factory=list)
    doubtful: list[int] = field(default_factory=list)


def take_keys(
    found: Replacement, settings: Settings, given: Collection[str], old_project: Project, new_project: Project,
    message: Callable[[str], None],
) -> Settings:  # fmt: skip
    """Copy the keys of all looks. Return the settings, with the rendered keys as requested keyframes.

    If frame numbers are unchanged and no key is of a frame that is gone, the folder of --keys is used again; otherwise
    its keys are taken from the project. given: options that the user has given for the new version. Raises OutputError,
    PaintedKeyError.
    """
    taken, looks = TakenKeys(), looks_of(settings)
    folders = {look.name: _imported(found, look, given, old_project) for look in looks}
    reuse = not found.renumbered and all(
        found.new_number(one) is not None for numbers in folders.values() for one in numbers
    )
    for look in looks:
        old, new = (one.layer(look.name) if look.name else one for one in (old_project, new_project))
        _take_look(found, look, folders[look.name], old, new, taken, reuse=reuse)
    if taken.elsewhere:
        message(
            f"keys of old frames that are not in the new version stay in {old_project.root}: "
            f"{format_frames(taken.elsewhere)}"
        )
    if taken.doubtful:
        message(f"painted keys of changed frames are kept: {format_frames(taken.doubtful)}; check them")
    if not reuse:
        settings = map_looks(settings, lambda name, value: None if name == "keys" else value, given)
    return _with_keyframes(settings, taken.rendered, given, message)


def take_draft_keys(found: Replacement, old: Project, new: Project) -> None:
    """Copy the keys of a look of a draft; rendered ones are regenerated if any of their inputs differ."""
    names = plate_pattern(found.new, new.folder("keys"))
    for file, number in _numbered(old.folder("keys"), plate_pattern(found.old, old.folder("keys")), found).items():
        moved = found.new_number(number)
        if moved is None:
            continue
        if made := old.keys_of(file):
            if not new.is_changed(names.path(moved)):
                new.place(names.path(moved), made[-1], partial(copy_contents, file))
        else:
            copy_new(file, names.path(moved).with_suffix(file.suffix))


def _imported(found: Replacement, look: Look, given: Collection[str], project: Project) -> set[int]:
    """Return the old frames of the keys in the folder of --keys. A folder that is given again has the new numbers."""
    folder = None if _is_given(look, "keys", given) else look.settings.keys
    if folder is None:
        return set()
    return set(_numbered(folder, plate_pattern(found.old, project.folder("keys")), found).values())


def _take_look(
    found: Replacement, look: Look, imported: Collection[int], old: Project, new: Project, taken: TakenKeys, *,
    reuse: bool,
) -> None:  # fmt: skip
    """Copy the keys of a look. imported: old frames of the keys of --keys. reuse: that folder is used again."""
    names, patterns = plate_pattern(found.new, new.folder("keys")), plate_pattern(found.old, old.folder("keys"))
    for file, number in _numbered(old.folder("keys"), patterns, found).items():
        moved = found.new_number(number)
        if moved is None:
            taken.elsewhere.append(number)
        elif number in imported or not old.ours(file):
            taken.doubtful += [moved] if moved not in found.alike else []
            if not (reuse and number in imported):
                copy_new(file, names.path(moved).with_suffix(file.suffix))
        elif moved in found.alike and not new.is_changed(names.path(moved)):
            # If no plate differs at all, the key's own cache key is still valid.
            new.place(names.path(moved), old.keys_of(file)[-1], partial(copy_contents, file))
            new.during(TASK).relabel(names.path(moved), REPLACED_SHOT)
            taken.rendered.setdefault(look.name, []).append(moved)


def _numbered(folder: Path, pattern: Pattern, found: Replacement) -> dict[Path, int]:
    files = [
        file
        for file in sorted(folder.iterdir() if folder.is_dir() else ())
        if file.suffix.lower() in READ_SUFFIXES and not file.name.startswith(".") and file.is_file()
    ]
    return number_keys(files, (pattern,), found.old.frames)


def _is_given(look: Look, option: str, given: Collection[str]) -> bool:
    """Return whether the user has given an option of a look for the new version."""
    return option in given or (bool(look.name) and "layers" in given)


# Keyframes


def _with_keyframes(
    settings: Settings, rendered: dict[str, list[int]], given: Collection[str], message: Callable[[str], None]
) -> Settings:
    """Return the settings with the rendered keys among the requested keyframes, unless keyframes are named.

    Keys that --refine has added are among them, so it is not repeated.
    """
    changes = {look.name: _keyframe_changes(look, rendered.get(look.name, []), given) for look in looks_of(settings)}
    if any("refine" in values for values in changes.values()):
        message("note: the keys that --refine has added are kept, and no more are added; give --refine N for that")
    if not settings.layers:
        return replace(settings, **changes[""])
    layers = tuple(
        replace(spec, values=tuple((dict(spec.values) | changes[look.name]).items()))
        for spec, look in zip(settings.layers, looks_of(settings), strict=True)
    )
    # An option that all layers override must not be given for all of them.
    overridden = {
        name: OPTIONS[name].default
        for name in ("add_key", "max_keyframes", "refine")
        if all(name in dict(spec.values) for spec in layers)
    }
    return replace(settings, layers=layers, **overridden)


def _keyframe_changes(look: Look, rendered: list[int], given: Collection[str]) -> dict[str, Any]:
    settings, changes = look.settings, dict[str, Any]()
    if not rendered or settings.keyframes:
        return changes
    changes["add_key"] = requested = tuple(sorted({*settings.add_key, *rendered}))
    if settings.max_keyframes is not None and settings.max_keyframes < len(requested):
        changes["max_keyframes"] = len(requested)
    if settings.refine is not None and not _is_given(look, "refine", given):
        changes["refine"] = None
    return changes
