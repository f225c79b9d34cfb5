"""Projects that the server has opened; reopened when their settings or their shot change."""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stylize.project.digests import status_of
from stylize.project.layout import SETTINGS_FILE
from stylize.review.shown_project import ShownProject, show_project


@dataclass
class OpenProjects:
    """Projects by folder. Opening one reads its whole movie, and is therefore done once."""

    _opened: dict[Path, tuple[list[Any], ShownProject]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self, root: Path) -> ShownProject:
        """Return a project with its current settings. Raises as ``show_project``."""
        with self._lock:
            known = self._opened.get(root)
            if known is not None and known[0] == _state_of(root, known[1].shot.path):
                return known[1]
            project = show_project(root, lambda text: None)
            self._opened[root] = _state_of(root, project.shot.path), project
            return project


def _state_of(root: Path, shot: Path) -> list[Any]:
    """Return the settings and the status of the shot of a project; empty for a file that does not exist.

    Runs write the same settings again, which is no reason to open the shot again.
    """
    settings = root / SETTINGS_FILE
    return [settings.read_bytes() if settings.exists() else b"", status_of(shot.stat()) if shot.exists() else []]
