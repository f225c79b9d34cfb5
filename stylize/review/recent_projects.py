"""Projects in the roots for the start page, the most recently run first."""

from pathlib import Path
from typing import Any

from stylize.project.layout import SETTINGS_FILE
from stylize.real_path import real_path
from stylize.review.roots import Roots, project_id
from stylize.visible_text import visible

# Number of files after which frames are no longer counted, so that the page appears quickly.
_MAX_COUNTED = 100_000


def recent_projects(roots: Roots) -> dict[str, Any]:
    """Return the roots and their projects.

    Nothing but names and times is read, so that this also works for projects that the user has not trusted.
    """
    return {
        "roots": [visible(str(root)) for root in roots.folders],
        "projects": [_described(identifier, path) for identifier, path in roots.projects().items()],
    }


def shown_projects(roots: Roots) -> list[str]:
    """Return the ids of the projects that the user named at the start."""
    return [project_id(real_path(path)) for path in roots.shown]


def _described(identifier: str, path: Path) -> dict[str, Any]:
    return {
        "id": identifier, "name": visible(path.name.removesuffix(".stylize")), "folder": visible(str(path.parent)),
        "changed": _changed(path), "frames": _count(path / "out"), "drafts": _names(path / "drafts"),
    }  # fmt: skip


def _changed(path: Path) -> float | None:
    """Return the time of the last run or change of settings, in seconds since 1970."""
    try:
        return (path / SETTINGS_FILE).stat().st_mtime
    except OSError:
        return None


def _count(folder: Path) -> int:
    """Return the number of finished frames."""
    try:
        return sum(1 for number, _ in zip(range(_MAX_COUNTED), folder.iterdir(), strict=False))
    except OSError:
        return 0


def _names(folder: Path) -> list[str]:
    try:
        return sorted(visible(one.name.replace("-", "/")) for one in folder.iterdir() if one.is_dir())
    except OSError:
        return []
