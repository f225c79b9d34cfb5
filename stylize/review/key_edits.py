"""Changes of keys from the page: add or drop a keyframe, or use a picture as a painted key."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import stylize
from stylize.context.keys import check_key, set_aside
from stylize.errors import InputError, PaintedKeyError, ReviewError
from stylize.io_errors import PROJECT_OPTION
from stylize.media.images import read_image, write_image
from stylize.media.plates import plate_pattern
from stylize.media.safe_write import atomic_write
from stylize.media.sequences import READ_SUFFIXES
from stylize.project.layout import LOCK_FILE
from stylize.project.lock import exclusive
from stylize.review.project_state import last_plan
from stylize.review.shown_project import ShownProject
from stylize.settings import OPTIONS, Settings
from stylize.settings.references import shell_word
from stylize.visible_text import visible


@dataclass(frozen=True)
class KeyEdit:
    """Change that was made. command: equivalent command lines; those with options also start a run."""

    command: str


def add_key(project: ShownProject, frame: int) -> KeyEdit:
    """Make a frame a keyframe of the next run. Raises a StylizeError if a run would refuse it."""
    _check_frame(project, frame)
    settings = project.settings
    changes = {
        "add_key": tuple(sorted({*settings.add_key, frame})),
        "drop_key": tuple(one for one in settings.drop_key if one != frame),
    }
    return _store(project, changes)


def drop_key(project: ShownProject, frame: int) -> KeyEdit:
    """Keep a frame from being a keyframe of the next run. A painted key is moved to ``keys/replaced/``.

    Raises a StylizeError if a run would refuse it.
    """
    _check_frame(project, frame)
    part = project.part("")
    key, is_painted = project.keys(part).get(frame), False
    if key is not None and key.is_painted:
        is_painted = True
        with exclusive(project.root / LOCK_FILE):
            set_aside(key.path)
    changes = _without(project.settings, frame)
    is_picked = frame in last_plan(project, part).picked and project.settings.keyframes is None
    if is_picked and frame not in project.settings.drop_key:
        changes["drop_key"] = tuple(sorted({*project.settings.drop_key, frame}))
    if not changes and is_painted and key is not None:
        return KeyEdit(visible(f"mv {shell_word(str(key.path))} {shell_word(str(key.path.parent / 'replaced'))}/"))
    return _store(project, changes or {"drop_key": tuple(sorted({*project.settings.drop_key, frame}))})


def paint_key(project: ShownProject, frame: int, name: str, content: bytes) -> KeyEdit:
    """Use a picture as the painted key of a frame. A key that was painted before is moved to ``keys/replaced/``.

    name: file name of the picture, whose suffix states the format. Raises PaintedKeyError for a picture that cannot be
    read, or has another size than the shot.
    """
    _check_frame(project, frame)
    suffix = Path(name).suffix.lower()
    if suffix not in READ_SUFFIXES:
        raise PaintedKeyError(
            f"expected a picture as {' '.join(READ_SUFFIXES)}, found {visible(suffix) or 'no suffix'}"
        )
    if project.settings.layers:
        raise ReviewError("expected a project without layers; put the picture into layers/NAME/keys instead")
    target = plate_pattern(project.shot, project.root / "keys").path(frame)
    with tempfile.TemporaryDirectory(prefix="stylize-review-") as folder, exclusive(project.root / LOCK_FILE):
        given = Path(folder) / f"picture{suffix}"
        given.write_bytes(content)
        try:
            # The size is checked before the pixels are decoded, which bounds their number.
            check_key(given, frame, project.shot.frames, project.shot.size)
            pixels = read_image(given, project.shot.colour, untagged=project.shot.colour)
        except InputError as error:
            raise PaintedKeyError(str(error).replace(str(given), visible(name))) from error
        older = project.keys(project.part("")).get(frame)
        if older is not None and older.is_painted:
            set_aside(older.path)
        with atomic_write(target, PROJECT_OPTION, keep_suffix=True) as partial:
            if suffix == ".png":
                partial.write_bytes(content)
            else:
                write_image(partial, pixels)
    if frame in project.settings.drop_key:
        _store(project, {"drop_key": tuple(one for one in project.settings.drop_key if one != frame)})
    return KeyEdit(visible(f"cp {shell_word(name)} {shell_word(str(target))}"))


def _check_frame(project: ShownProject, frame: int) -> None:
    if not project.has_frame(frame):
        raise ReviewError(f"expected a frame of the shot, found {frame}; reload the page")


def _without(settings: Settings, frame: int) -> dict[str, Any]:
    """Return the settings that no longer name a frame as a keyframe."""
    changes: dict[str, Any] = {}
    if frame in settings.add_key:
        changes["add_key"] = tuple(one for one in settings.add_key if one != frame)
    if isinstance(settings.keyframes, tuple) and frame in settings.keyframes and len(settings.keyframes) > 1:
        changes["keyframes"] = tuple(one for one in settings.keyframes if one != frame)
    return changes


def _store(project: ShownProject, changes: dict[str, Any]) -> KeyEdit:
    """Store settings in a project as a run would, which also checks them."""
    changed = {name: value for name, value in changes.items() if value != getattr(project.settings, name)}
    with stylize.open(project.root, **changed):
        pass
    flags = [f"{OPTIONS[name].flags[-1]} {','.join(map(str, value))}" for name, value in changed.items() if value]
    return KeyEdit(visible(" ".join(["stylize", shell_word(str(project.root)), *flags])))
