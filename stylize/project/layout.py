"""Names of the folders and files of a project, and the location of a shot's project."""

from pathlib import Path

from stylize.errors import ShotError
from stylize.media.sequences import READ_SUFFIXES, parse_pattern
from stylize.real_path import real_path
from stylize.visible_text import visible

FOLDERS = ("video", "keys", "plan", "mask", "guides", "flow", "out", "passes", "export")
# Default folder of results.
EXPORT = "export"
# Folder of the layers, each in a folder named after it.
LAYERS = "layers"
# Folder of the drafts, each in a folder named after its scale, with the folders of a project.
DRAFTS = "drafts"
# Folder of per-frame inputs under new frame numbers, copied for a new version of a shot.
INPUTS = "inputs"
LAYER_FOLDERS = ("keys", "plan", "out", "passes")
SUFFIX = ".stylize"
SETTINGS_FILE, STATE_FILE, LOCK_FILE = "project.toml", "state.json", "project.lock"
# Folder of the saved versions.
VERSIONS = "versions"
# Folder below passes/ for the drawings of passes that the next run of a draft can reuse.
KEPT_PASSES = "kept"
# Page and data file of a report.
REPORT_FILES = ("report.html", "report.json")
# Sheet and data file of a comparison of two versions.
COMPARISON_FILES = ("comparison.png", "comparison.json")
# File of the notes on frames, and the lock of its writers.
NOTES_FILE, NOTES_LOCK = "notes.json", "notes.lock"
# Folder of the records of tasks.
STATE_FOLDER = "state"


def project_of(shot: Path, project: Path | None) -> Path:
    """Return the project folder of a shot: next to it unless another is requested.

    Raises ShotError for a shot whose path contains NUL.
    """
    if "\0" in str(shot):
        raise ShotError(
            f"{visible(str(shot))}: expected a path, found a NUL character in it; give the path of a file or folder"
        )
    if project is not None:
        return project
    pattern = parse_pattern(shot, READ_SUFFIXES)
    if pattern is not None:
        return pattern.folder / f"{pattern.prefix.rstrip('._- ') or real_path(pattern.folder).name}{SUFFIX}"
    path = real_path(shot)
    if not path.name:
        raise ShotError(f"{shot}: expected a movie or a folder of pictures, found the root folder; give the shot")
    return path.with_name((path.name if path.is_dir() else path.stem) + SUFFIX)


def is_project(path: Path) -> bool:
    """Return whether a folder is a project of stylize."""
    return (path / SETTINGS_FILE).is_file()


def keeps_files(path: Path) -> bool:
    """Return whether a run has worked in a folder; a run that made only mattes leaves no settings."""
    return (path / STATE_FILE).is_file() and ((path / LOCK_FILE).is_file() or is_project(path))
