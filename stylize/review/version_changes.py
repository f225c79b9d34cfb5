"""Saved versions from the page: save one, restore one, and compare two in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import stylize
from stylize.project import Project, restore_version
from stylize.project.version_names import PRESENT
from stylize.quality.version_comparison import compare_versions
from stylize.settings.command_words import shell_command
from stylize.summary import comparison_lines, restored_lines, saved_lines
from stylize.visible_text import visible


@dataclass(frozen=True)
class VersionChange:
    """Finished change of versions. lines: the report of the command. command: the equivalent command line."""

    lines: tuple[str, ...]
    command: str


def save(root: Path, name: str, *, frames: bool) -> VersionChange:
    """Save the present state of a project under a name. frames: with the finished frames. Raises a StylizeError."""
    saved = stylize.save_version(root, name, frames=frames)
    words = ["stylize", "version", "save", str(root), name, *(["--with-frames"] if frames else [])]
    return _change(saved_lines(saved), words)


def restore(root: Path, name: str) -> VersionChange:
    """Restore a version; the present state is saved first. Raises a StylizeError."""
    project = Project(root)
    with project.locked():
        restored = restore_version(project, name)
    return _change(restored_lines(restored), ["stylize", "version", "restore", str(root), name])


def compare(root: Path, name: str) -> VersionChange:
    """Compare a version with the present state, and write the sheet of their keys. Raises a StylizeError."""
    project = Project(root)
    with project.locked():
        found = compare_versions(project, name, PRESENT)
    return _change(comparison_lines(found), ["stylize", "version", "compare", str(root), name])


def _change(lines: Iterable[str], words: list[str]) -> VersionChange:
    return VersionChange(tuple(map(visible, lines)), visible(shell_command(words)))
