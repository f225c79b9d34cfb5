"""Project folder: settings, records of tasks, lock and atomic writes."""

from stylize.project.clean import Cleaned, check_present_schema, clean
from stylize.project.digests import digest_of
from stylize.project.edits import FileKeeper, check_edited, is_damaged, is_edited
from stylize.project.layout import FOLDERS, LAYERS, REPORT_FILES, SUFFIX, is_project, keeps_files, project_of
from stylize.project.project import MOTION, Project
from stylize.project.settings_file import read_project
from stylize.project.trust import (
    check_references,
    is_allowed,
    outward_references,
    record_settings,
    trusted_settings,
    trusts_look,
)

__all__ = [
    "FOLDERS",
    "LAYERS",
    "MOTION",
    "REPORT_FILES",
    "SUFFIX",
    "Cleaned",
    "FileKeeper",
    "Project",
    "check_edited",
    "check_present_schema",
    "check_references",
    "clean",
    "digest_of",
    "is_allowed",
    "is_damaged",
    "is_edited",
    "is_project",
    "keeps_files",
    "outward_references",
    "project_of",
    "read_project",
    "record_settings",
    "trusted_settings",
    "trusts_look",
]
