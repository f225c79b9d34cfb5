"""Reference pictures that are dropped on the page, stored in the project, and used by its look."""

import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import stylize
from stylize.errors import InputError, ReviewError, StyleError
from stylize.io_errors import PROJECT_OPTION
from stylize.media.colour import BT709
from stylize.media.images import read_image
from stylize.media.safe_write import atomic_write, make_folder
from stylize.media.sequences import READ_SUFFIXES
from stylize.review.actions import command_of
from stylize.review.shown_project import ShownProject
from stylize.visible_text import visible

# Folder of the project for references.
FOLDER = "references"
# Max length of a file name without its suffix.
_MAX_NAME = 80


def add_reference(project: ShownProject, name: str, content: bytes) -> str:
    """Add a picture to the references of a project, and return the command line that does the same.

    name: file name of the picture, whose suffix states the format. Raises StyleError for a picture that cannot be read,
    and the errors of ``stylize.configure``.
    """
    if project.settings.layers:
        raise ReviewError("expected a project without layers; set the reference of each layer with --layer")
    path = _keep(project.root / FOLDER, name, content)
    kept = [one for one in project.settings.references if one != path]
    return _use(project, [*kept, path])


def remove_reference(project: ShownProject, number: int) -> str:
    """Remove a reference from the look of a project, and return the command line that does the same.

    number: its place, from 0. Its file is kept. Raises ReviewError if there is none, and the errors of
    ``stylize.configure``.
    """
    kept = list(project.settings.references)
    if not 0 <= number < len(kept):
        raise ReviewError("the look has no such reference; reload the page")
    del kept[number]
    return _use(project, kept)


def _use(project: ShownProject, paths: Sequence[Path]) -> str:
    stylize.configure(project.root, style=list(paths) or None)
    return command_of(project.root, "run", {"style": list(map(str, paths))} if paths else {})


def _keep(folder: Path, name: str, content: bytes) -> Path:
    """Write a picture into a folder, unless an identical one exists, and return its path."""
    suffix = Path(name).suffix.lower()
    if suffix not in READ_SUFFIXES:
        raise StyleError(f"expected a picture as {' '.join(READ_SUFFIXES)}, found {visible(suffix) or 'no suffix'}")
    with tempfile.TemporaryDirectory(prefix="stylize-review-") as scratch:
        given = Path(scratch) / f"picture{suffix}"
        given.write_bytes(content)
        try:
            read_image(given, BT709, untagged=BT709)  # within the limits of all pictures
        except InputError as error:
            raise StyleError(str(error).replace(str(given), visible(name))) from error
    make_folder(folder)
    stem = re.sub(r"[^\w. -]", "_", Path(name.replace("\\", "/")).stem).strip(" .")[:_MAX_NAME]
    for number in range(1, 10_000):
        path = folder / f"{stem or 'reference'}{f'-{number}' if number > 1 else ''}{suffix}"
        if not os.path.lexists(path):
            with atomic_write(path, PROJECT_OPTION, keep_suffix=True) as partial:
                partial.write_bytes(content)
            return path
        if path.is_file() and not path.is_symlink() and path.read_bytes() == content:
            return path
    raise ReviewError(f"{folder} has too many pictures named {stem}; rename the picture")
