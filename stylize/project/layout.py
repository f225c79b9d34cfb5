"""Names of the folders and files of a project, and the location of a shot's project."""

from pathlib import Path

from stylize.media.sequences import parse_pattern

FOLDERS = ("video", "keys", "plan", "mask", "guides", "flow", "out", "passes", "export")
# Each layer has folders of its own, in a folder of its name below this one.
LAYERS = "layers"
LAYER_FOLDERS = ("keys", "plan", "out", "passes")
SUFFIX = ".stylize"
SETTINGS_FILE, STATE_FILE, LOCK_FILE = "project.toml", "state.json", "project.lock"
# Page and figures of a report.
REPORT_FILES = ("report.html", "report.json")
# Folder of the records of tasks.
STATE_FOLDER = "state"


def project_of(shot: Path, project: Path | None) -> Path:
    """Return the project folder of a shot: alongside it unless another is requested."""
    if project is not None:
        return project
    pattern = parse_pattern(shot)
    if pattern is not None:
        return pattern.folder / f"{pattern.prefix.rstrip('._- ') or pattern.folder.resolve().name}{SUFFIX}"
    path = shot.resolve()
    return path.with_name((path.name if path.is_dir() else path.stem) + SUFFIX)


def is_project(path: Path) -> bool:
    """Return whether a folder is a project of ours."""
    return (path / SETTINGS_FILE).is_file()


def keeps_files(path: Path) -> bool:
    """Return whether a run has worked in a folder: one that made only mattes leaves no settings."""
    return (path / STATE_FILE).is_file() and ((path / LOCK_FILE).is_file() or is_project(path))
