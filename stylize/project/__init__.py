"""The project folder: settings, records of tasks, lock and atomic writes."""

from stylize.project.digests import digest_of
from stylize.project.layout import FOLDERS, LAYERS, SUFFIX, is_project, keeps_files, project_of
from stylize.project.project import Project
from stylize.project.settings_file import read_asked

__all__ = [
    "FOLDERS",
    "LAYERS",
    "SUFFIX",
    "Project",
    "digest_of",
    "is_project",
    "keeps_files",
    "project_of",
    "read_asked",
]
