"""Project folder: settings, records of tasks, lock and atomic writes."""

from stylize.project.clean import Cleaned, check_present_schema, clean
from stylize.project.digests import digest_of
from stylize.project.edits import FileKeeper, check_edited, is_damaged, is_edited
from stylize.project.layout import FOLDERS, LAYERS, REPORT_FILES, SUFFIX, is_project, keeps_files, project_of
from stylize.project.links import refuse_links
from stylize.project.notes import Note, add_note, edit_note, read_notes, remove_note
from stylize.project.project import MOTION, Project
from stylize.project.saved_versions import (
    Restored,
    matching_version,
    present_state,
    restore_version,
    save_version,
)
from stylize.project.settings_file import read_project
from stylize.project.trust import (
    check_references,
    is_allowed,
    outward_references,
    record_settings,
    trusted_settings,
    trusts_look,
)
from stylize.project.version_store import SavedFile, Version, VersionStore

__all__ = [
    "FOLDERS",
    "LAYERS",
    "MOTION",
    "REPORT_FILES",
    "SUFFIX",
    "Cleaned",
    "FileKeeper",
    "Note",
    "Project",
    "Restored",
    "SavedFile",
    "Version",
    "VersionStore",
    "add_note",
    "check_edited",
    "check_present_schema",
    "check_references",
    "clean",
    "digest_of",
    "edit_note",
    "is_allowed",
    "is_damaged",
    "is_edited",
    "is_project",
    "keeps_files",
    "matching_version",
    "outward_references",
    "present_state",
    "project_of",
    "read_notes",
    "read_project",
    "record_settings",
    "refuse_links",
    "remove_note",
    "restore_version",
    "save_version",
    "trusted_settings",
    "trusts_look",
]
