"""Refusal of results that would replace an input of the run or go among the files that a project keeps."""

from collections.abc import Collection
from pathlib import Path

from stylize.errors import OutputError
from stylize.media.overwrite_guard import refuse_folders, refuse_sources
from stylize.media.sequences import PICTURE_SUFFIXES
from stylize.media.shot import Shot
from stylize.project.layout import FOLDERS, LAYERS, keeps_files
from stylize.project.project import Project
from stylize.settings.input_files import Inputs

_EXPORT = "export"


def refuse_inputs(targets: Collection[Path], inputs: Inputs, shot: Shot, project: Project) -> None:
    """Raise OutputError, even with permission to overwrite, if a target is an input or would be read as one.

    Pictures in an input folder would be read as inputs, as would any file among those that the project keeps.
    """
    refuse_sources(targets, shot, inputs.files)
    pictures = [target for target in targets if target.suffix.lower() in PICTURE_SUFFIXES]
    refuse_folders(pictures, inputs.folders, "what lies there is read by this run")
    kept = [project.folder(name) for name in (*FOLDERS, LAYERS) if name != _EXPORT]
    refuse_folders(targets, [project.root], "the project keeps its own files there")
    refuse_folders(targets, kept, "the project keeps its own files there", below=True)


def refuse_other_projects(targets: Collection[Path], project: Project) -> None:
    """Raise OutputError if a target would be in the folder of another project, at any depth."""
    for parent in {target.resolve().parent for target in targets}:
        nearest = next((one for one in (parent, *parent.parents) if one == project.root or keeps_files(one)), None)
        if nearest not in (None, project.root):
            raise OutputError(
                f"{nearest} is another project, expected a folder of this shot's own; choose another place, or write "
                "there with --overwrite"
            )
