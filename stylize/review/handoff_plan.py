"""Hand-off from the page: an allowed folder, a format, and the files for other programs.

The browser names a folder by its place in the list that the server sent, and a folder in it by a plain name. No path
of the browser is opened.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stylize.errors import ReviewError
from stylize.extensions.built_in import BUILT_IN
from stylize.extensions.discovery import usable
from stylize.extensions.registrations import EXPORTERS, ExporterRegistration
from stylize.real_path import real_path
from stylize.review.roots import Roots
from stylize.review.shown_project import ShownProject
from stylize.settings import looks_of
from stylize.visible_text import visible

# Characters of a new folder: it cannot leave the one that it is in, nor hide in it.
_NAME = re.compile(r"[\w][\w .-]{0,63}")


@dataclass(frozen=True)
class Format:
    """Format of a result. suffix: of the movie, or of the pictures. codec: of a movie, if it is not the default."""

    name: str
    label: str
    suffix: str
    is_movie: bool = False
    codec: str | None = None


FORMATS = (
    Format("mp4", "Movie, H.264 (.mp4)", ".mp4", is_movie=True),
    Format("prores", "Movie, ProRes 4444 (.mov)", ".mov", is_movie=True, codec="prores-4444"),
    Format("png", "Pictures, PNG", ".png"),
    Format("tiff", "Pictures, TIFF", ".tif"),
    Format("exr", "Pictures, OpenEXR", ".exr"),
    Format("dpx", "Pictures, DPX", ".dpx"),
)


def allowed_folders(project: ShownProject, roots: Roots) -> list[Path]:
    """Return the folders into which results may be handed over: that of the project, then those of the server."""
    return list(dict.fromkeys([project.root / "export", *roots.deliveries, *roots.folders]))


def handoff_choices(project: ShownProject, roots: Roots) -> dict[str, Any]:
    """Return the choices of the page, as values that JSON can represent."""
    return {
        "folders": [visible(str(folder)) for folder in allowed_folders(project, roots)],
        "formats": [{"name": one.name, "label": one.label} for one in FORMATS],
        "exports": [
            {"name": one.name, "label": visible(one.description), "needs_matte": one.needs_matte}
            for one in _exporters()
        ],
        "has_matte": any(look.settings.matte is not None for look in looks_of(project.settings)),
        "name": visible(project.shot.name),
    }


def handoff_options(project: ShownProject, roots: Roots, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a run that hands over as a request asks. values: of the request.

    Raises ReviewError for a folder that is not allowed, also by a link, and for an unknown format or export.
    """
    chosen = next((one for one in FORMATS if one.name == values.get("format")), None)
    exports, known = values.get("exports"), [one.name for one in _exporters()]
    if chosen is None or not isinstance(exports, list) or not all(one in known for one in exports):
        raise ReviewError("expected a format and exports from the list; reload the page")
    folder = _folder(project, roots, values)
    name = project.shot.name
    target = folder / f"{name}{chosen.suffix}" if chosen.is_movie else folder / f"{name}.####{chosen.suffix}"
    options: dict[str, Any] = {"output": str(target)}
    if exports:
        options["export"] = exports
    if chosen.codec is not None:
        options["codec"] = chosen.codec
    return options


def _folder(project: ShownProject, roots: Roots, values: Mapping[str, Any]) -> Path:
    folders, number, name = allowed_folders(project, roots), values.get("folder"), values.get("name", "")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < len(folders):
        raise ReviewError("expected one of the folders in the list; reload the page")
    if name == "":
        return folders[number]
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name.endswith((".", " ")):
        raise ReviewError(
            f"expected a folder name of letters, digits, spaces, dots, - and _, found {visible(str(name))!r}; change it"
        )
    folder = folders[number] / name
    if folder.is_symlink() or not real_path(folder).is_relative_to(real_path(folders[number])):
        raise ReviewError(f"{visible(str(folder))} leads out of its folder; choose another name")
    return folder


def _exporters() -> list[ExporterRegistration]:
    """Return the exporters that are installed and pass their checks."""
    found, _ = usable((EXPORTERS,))
    every = [*BUILT_IN[EXPORTERS].values(), *found]
    return [one for one in every if isinstance(one, ExporterRegistration)]
