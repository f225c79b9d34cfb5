"""Options stored in a project for its next runs, without starting one."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from stylize.errors import ProjectError
from stylize.project import Project, is_project
from stylize.project.trust import record_settings
from stylize.reporter import Reporter
from stylize.request import read_request
from stylize.settings import Settings


def store_options(root: Path, options: Mapping[str, Any], reporter: Reporter) -> Settings:
    """Store options in a project, and return its settings. The shot is not read.

    options: by name; those that a project does not store have no effect. Raises ProjectError for a folder that is no
    project or is not trusted, SettingsError for invalid options, TypeError for an unknown one.
    """
    if not is_project(root):
        raise ProjectError(f"{root}: expected a project folder, such as shot.stylize, found none; run on a shot first")
    asked = read_request(root, None, options, reporter)
    project = Project(root, message=reporter.message)
    with project.locked():
        record_settings(root, asked.shot, asked.settings, reporter.message)
        project.write_settings(asked.shot, asked.settings, version("stylize"))
    return asked.settings
