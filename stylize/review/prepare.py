"""Preparation of a shot's project for the page: unpacks the plates, and stores the options of a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import stylize
from stylize.project import is_project, project_of
from stylize.reporter import OnEvent
from stylize.request import shot_path


def prepare_project(shot: Path, given: Mapping[str, Any], on_event: OnEvent) -> Path:
    """Return the project of a shot, or the project itself.

    given: options of a run, which are stored in the project as a run would. Without any, an existing project is left as
    it is, even while a run uses it. Raises a StylizeError for a shot or options that a run would refuse.
    """
    shot = shot_path(shot)
    project = shot if is_project(shot) else project_of(shot, given.get("project"))
    if is_project(project) and not given:
        return project
    # Without a look, only the plates can be shown.
    stages = given if given else {"to_stage": "conform"}
    with stylize.open(shot, on_event=on_event, **stages) as session:
        return session.project
