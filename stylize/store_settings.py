"""Store settings in a project, checked as those of a run, without running anything."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from stylize.errors import ProjectError
from stylize.project import Project, is_project, record_settings
from stylize.reporter import Reporter
from stylize.request import read_request
from stylize.settings import Settings


def store_settings(project: Path, overrides: Mapping[str, Any], reporter: Reporter) -> Settings:
    """Store options in a project, and return its settings; see ``stylize.configure``."""
    if not is_project(project):
        raise ProjectError(f"{project}: expected a project folder, such as shot.stylize; give one that a run made")
    asked = read_request(project, None, overrides, reporter)
    opened = Project(project, message=reporter.message)
    with opened.locked():
        record_settings(project, asked.shot, asked.settings, reporter.message)
        opened.write_settings(asked.shot, asked.settings, version("stylize"))
    return asked.settings
