"""The project folder: settings, state, lock and atomic writes."""

from stylize.project.project import (
    FOLDERS,
    LAYERS,
    SUFFIX,
    Project,
    digest_of,
    fingerprint,
    is_project,
    keeps_files,
    project_of,
    read_asked,
)

__all__ = [
    "FOLDERS",
    "LAYERS",
    "SUFFIX",
    "Project",
    "digest_of",
    "fingerprint",
    "is_project",
    "keeps_files",
    "project_of",
    "read_asked",
]
