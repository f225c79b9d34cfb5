"""Pictures for comparison: other parts of a project, its saved versions, and other projects in the roots."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stylize.errors import StylizeError
from stylize.media.plates import plate_pattern
from stylize.media.sequences import READ_SUFFIXES, Pattern, frame_number
from stylize.project import Version, VersionStore, read_project
from stylize.project.layout import DRAFTS, LAYERS
from stylize.real_path import real_path
from stylize.review.frame_pictures import KEY, PLATE, RESULT, FramePicture, kept_picture
from stylize.review.roots import Roots, project_id
from stylize.review.shown_project import Part, ShownProject
from stylize.visible_text import visible

# Max number of other projects that are offered.
MAX_PROJECTS = 100


@dataclass(frozen=True)
class Source:
    """Sequence of pictures to compare. kind: plate, result or key. version: name of a saved version, or empty.

    group: heading in a list. project: id of the project. part: its part.
    """

    group: str
    label: str
    project: str
    part: str
    kind: str
    version: str = ""


def sources(project: ShownProject, part: Part, roots: Roots) -> list[Source]:
    """Return everything that a part can be compared with, the nearest first."""
    own = project_id(project.root)
    found = [Source("This one", "Plate", own, part.name, PLATE), Source("This one", "Result", own, part.name, RESULT)]
    if _has_pictures(part.root / "keys"):
        found.append(Source("This one", "Keys", own, part.name, KEY))
    for other in project.parts.values():
        if other.name != part.name and _has_pictures(other.root / "out"):
            found.append(Source("Layers and drafts", visible(other.label), own, other.name, RESULT))
    found += _versions(project, part, own)
    found += _projects(project, roots)
    return found


def version_picture(
    project: ShownProject, part: Part, name: str, frame: int, width: int, media_type: str
) -> FramePicture | None:
    """Return the picture of a frame in a saved version: its frame, or its key if it was saved without frames.

    None if it has neither. Raises ProjectError for an unknown or damaged version, SettingsError for its name.
    """
    store = VersionStore(project.root)
    version = store.read(name)
    kept = version.frames or version.files
    folder = f"{part.name}/".lstrip("/") + ("out" if version.frames else "keys")
    pattern = plate_pattern(project.shot, Path(folder))
    files = [one for one in kept if one.name.rpartition("/")[0] == folder and _number(pattern, one.name) == frame]
    path = next((store.path(one) for one in files if store.path(one).is_file()), None)
    if path is None or path.is_symlink() or not real_path(path).is_relative_to(project.root):
        return None
    return kept_picture(project, path, width, media_type)


def _number(pattern: Pattern, name: str) -> int | None:
    """Return the frame of a picture of a version; None for another file."""
    path = Path(name)
    if path.suffix.lower() not in READ_SUFFIXES:
        return None
    matched = pattern.match(path.name)
    return frame_number(path) if matched is None else matched


def _versions(project: ShownProject, part: Part, own: str) -> Iterator[Source]:
    store = VersionStore(project.root)
    for name in store.names():
        try:
            version = store.read(name)
        except StylizeError:
            continue  # a damaged one is reported by the command
        label = visible(name) if _has_frames(version, part) else f"{visible(name)}, keys"
        if _has_frames(version, part) or not version.frames:
            yield Source("Versions", label, own, part.name, RESULT, name)


def _has_frames(version: Version, part: Part) -> bool:
    prefix = f"{part.name}/".lstrip("/") + "out/"
    return any(one.name.startswith(prefix) for one in version.frames)


def _projects(project: ShownProject, roots: Roots) -> Iterator[Source]:
    """Yield the other projects in the roots, those of the same shot first. None of them is opened."""
    others = [(identifier, root) for identifier, root in roots.projects().items() if root != project.root]
    same = [(one, root) for one, root in others if _shot_of(root) == project.shot.path]
    rest = [one for one in others if one not in same]
    for group, some in (("Other projects of this shot", same), ("Projects of other shots", rest)):
        for identifier, root in some[:MAX_PROJECTS]:
            yield from _parts_of(group, identifier, root)


def _shot_of(root: Path) -> Path | None:
    try:
        return real_path(read_project(root)[0])
    except StylizeError:
        return None


def _parts_of(group: str, identifier: str, root: Path) -> Iterator[Source]:
    folders = [root, *_subfolders(root / LAYERS)]
    for draft in _subfolders(root / DRAFTS):
        folders += [draft, *_subfolders(draft / LAYERS)]
    for folder in folders:
        part = "" if folder == root else folder.relative_to(root).as_posix()
        label = visible(f"{root.name}, {part}" if part else root.name)
        if _has_pictures(folder / "out"):
            yield Source(group, label, identifier, part, RESULT)
        elif _has_pictures(folder / "keys"):
            yield Source(group, f"{label}, keys", identifier, part, KEY)


def _subfolders(folder: Path) -> list[Path]:
    if not folder.is_dir() or folder.is_symlink():
        return []
    return [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.is_symlink()]


def _has_pictures(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(Path(entry.name).suffix.lower() in READ_SUFFIXES for entry in entries)
    except OSError:
        return False
