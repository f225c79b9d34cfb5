"""Presets that a page can apply: those next to the project and in the folders given at the start."""

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import stylize
from stylize.errors import ReviewError, StylizeError
from stylize.real_path import real_path
from stylize.review.roots import Roots
from stylize.review.shown_project import ShownProject
from stylize.save_preset import look_of, save_preset
from stylize.settings.preset import Preset, read_preset
from stylize.settings.references import shell_word
from stylize.visible_text import visible

# Folder next to the project that receives presets, and the depth to which folders are searched for them.
FOLDER, _MAX_DEPTH, _MAX_FILES = "presets", 2, 2000


@dataclass(frozen=True)
class FoundPreset:
    """Preset in one of the folders. id: stays the same for its path."""

    id: str
    preset: Preset


def find_presets(roots: Roots, project: ShownProject) -> list[FoundPreset]:
    """Return the presets, by name. Files that are no presets are left out."""
    found = {}
    for path in _files(roots, project):
        try:
            preset = read_preset(path)
        except StylizeError:
            continue
        found[path] = FoundPreset(hashlib.blake2b(os.fsencode(path), digest_size=8).hexdigest(), preset)
    return sorted(found.values(), key=lambda one: (one.preset.name.casefold(), str(one.preset.path)))


def preset_states(roots: Roots, project: ShownProject) -> list[dict[str, Any]]:
    """Return the presets for the page."""
    return [
        {
            "id": one.id, "name": visible(one.preset.name), "version": visible(one.preset.version),
            "path": visible(str(one.preset.path)), "options": sorted(one.preset.values),
        }
        for one in find_presets(roots, project)
    ]  # fmt: skip


def apply_preset(roots: Roots, project: ShownProject, identifier: str) -> str:
    """Apply a preset to a project, and return the command line that does the same.

    Raises ReviewError if there is no such preset, and the errors of ``stylize.configure``.
    """
    for one in find_presets(roots, project):
        if one.id == identifier:
            stylize.configure(project.root, preset=one.preset.path)
            return visible(f"stylize {shell_word(str(project.root))} --preset {shell_word(str(one.preset.path))}")
    raise ReviewError("no such preset in the folders of this review; reload the page")


def save_as_preset(project: ShownProject, name: str) -> str:
    """Save the look of a project as a preset next to it, and return the command line that does the same.

    Raises SettingsError for an unsuitable name, OutputError if a file of that name exists.
    """
    stem = re.sub(r"[^\w-]+", "-", name).strip("-").lower()
    if not stem:
        raise ReviewError(f"expected a preset name with letters or digits, found {visible(repr(name))}")
    file = project.root.parent / FOLDER / f"{stem}.toml"
    save_preset(look_of(project.settings, None), file, name=name.strip())
    words = ["stylize preset save", shell_word(str(project.root)), shell_word(str(file)), "--name", shell_word(name)]
    return visible(" ".join(words))


def _files(roots: Roots, project: ShownProject) -> Iterator[Path]:
    """Yield the TOML files in the folders, without those of projects, and without following links."""
    seen = set[Path]()
    near, own = project.root.parent, project.root.parent / FOLDER
    for folder in dict.fromkeys([near, *([] if own.is_symlink() else [own]), *roots.folders]):
        for path in _below(real_path(folder), 0 if folder == near else _MAX_DEPTH):
            if path not in seen and len(seen) < _MAX_FILES:
                seen.add(path)
                yield path


def _below(folder: Path, depth: int) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    if any(entry.name == "project.toml" for entry in found):
        return
    for entry in found:
        if entry.is_file(follow_symlinks=False) and entry.name.endswith(".toml"):
            yield folder / entry.name
        elif depth and entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
            yield from _below(folder / entry.name, depth - 1)
