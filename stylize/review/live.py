"""Live mode: when a key of a project changes, a draft regenerates its spans, nearest frames first."""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stylize.context.context import scale_name
from stylize.drafting import draft_scale
from stylize.errors import ReviewError
from stylize.project.layout import DRAFTS
from stylize.review.actions import command_of, read_action_options
from stylize.review.roots import project_id
from stylize.review.runs import Runs
from stylize.review.shown_project import ShownProject
from stylize.settings import Settings

# Keys of a project as files: size and time of change by path.
_Keys = Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class _LiveProject:
    """Project in live mode. options: of its drafts. part: name of the part that they make. keys: at the last check."""

    options: Mapping[str, Any]
    part: str
    keys: _Keys


class Live:
    """Projects in live mode, which ends with the server."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._projects: dict[Path, _LiveProject] = {}
        self._lock = threading.Lock()

    def turn_on(self, project: ShownProject, scale: str | None) -> None:
        """Turn live mode on, and bring its draft up to date. scale: of the draft, None for the default.

        Raises SettingsError for a scale that no draft has, ReviewError for a project that has nothing to propagate.
        """
        options = {"draft": True, "to_stage": "propagate"} | ({} if scale is None else {"scale": scale})
        given = read_action_options("run", options)
        chosen = draft_scale(Settings(draft=True, scale=given.get("scale")), project.shot.size)
        if chosen is None:
            raise ReviewError("expected the scale of a draft; reload the page")
        with self._lock:
            part = f"{DRAFTS}/{scale_name(chosen)}"
            self._projects[project.root] = _LiveProject(given, part, _keys_of(project))
        self._runs.start(project.root, "run", given, is_live=True)

    def turn_off(self, root: Path) -> None:
        """Turn live mode off, and end its run."""
        with self._lock:
            if self._projects.pop(root, None) is None:
                return
        for task in self._runs.tasks(root):
            if task.is_live:
                self._runs.remove(root, task.id)

    def is_on(self, root: Path) -> bool:
        """Return whether a project is in live mode."""
        with self._lock:
            return root in self._projects

    def look(self, project: ShownProject) -> bool:
        """Start a draft if a key has changed since the last check. Return whether one has."""
        with self._lock:
            known = self._projects.get(project.root)
            if known is None or (keys := _keys_of(project)) == known.keys:
                return False
            self._projects[project.root] = _LiveProject(known.options, known.part, keys)
        self._runs.start(project.root, "run", known.options, is_live=True)
        return True

    def command_of(self, root: Path) -> str:
        """Return the command line that a change of a key runs; empty if live mode is off."""
        with self._lock:
            known = self._projects.get(root)
        return "" if known is None else command_of(root, "run", known.options)

    def parts(self) -> dict[str, str]:
        """Return the part that shows the drafts of each project in live mode, by its id."""
        with self._lock:
            return {project_id(root): one.part for root, one in self._projects.items()}


def _keys_of(project: ShownProject) -> _Keys:
    """Return the keys of a project at full size, and of its layers."""
    found = dict[str, tuple[int, int]]()
    for part in project.parts.values():
        if part.base == project.root:
            found |= _files_in(part.root / "keys")
    return found


def _files_in(folder: Path) -> _Keys:
    try:
        with os.scandir(folder) as entries:
            states = [(entry.path, entry.stat()) for entry in entries if entry.is_file()]
    except OSError:
        return {}
    return {path: (state.st_size, state.st_mtime_ns) for path, state in states}
