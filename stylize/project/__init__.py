"""The project folder: settings, records of tasks, lock and atomic writes."""

from stylize.project.clean import Cleaned, check_present_schema, clean
from stylize.project.digests import digest_of
from stylize.project.layout import FOLDERS, LAYERS, REPORT_FILES, SUFFIX, is_project, keeps_files, project_of
from stylize.project.project import Project
from stylize.project.settings_file import read_project

__all__ = [
    "FOLDERS",
    "LAYERS",
    "REPORT_FILES",
    "SUFFIX",
    "Cleaned",
    "Project",
    "check_present_schema",
    "clean",
    "digest_of",
    "is_project",
    "keeps_files",
    "project_of",
    "read_project",
]
