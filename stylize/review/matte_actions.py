"""Work on mattes that the page starts: propagate painted mattes, and find clicked subjects with SAM 2.

All calls take their inputs from the project, so that they can be repeated after the server has stopped.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import stylize
from masks.prompts import Box, Point, Prompt
from stylize.context.mattes import check_prompts, read_matte
from stylize.errors import MatteError, SettingsError, StylizeError
from stylize.io_errors import PROJECT_OPTION
from stylize.matting.networks import open_segmentation
from stylize.matting.sam2_model import DEFAULT_MODEL
from stylize.media.safe_write import atomic_write, make_folder
from stylize.project import trusted_settings
from stylize.project.digests import status_of
from stylize.project.layout import SETTINGS_FILE
from stylize.reporter import Cancel, OnEvent
from stylize.review.painted_mattes import MATTES, check_inside, matte_folders, painted_frames, take_matte
from stylize.review.shown_project import Part, ShownProject, show_project
from stylize.settings import MATTE_OPTIONS, OPTIONS, MatteKey, MatteSettings, looks_of
from stylize.settings.layers import LayerSpec
from stylize.settings.network_matte import (
    NetworkMatte,
    format_network_matte,
    is_network_matte,
    read_network_matte,
)
from stylize.settings.option import is_given
from stylize.settings.reading_options import READING_OPTIONS
from stylize.settings.references import shell_word
from stylize.visible_text import visible


def propagate_mattes(root: Path, *, on_event: OnEvent | None = None, cancel: Cancel | None = None) -> None:
    """Propagate the painted mattes of every look of a project, and let its runs use the result.

    Only frames next to painted mattes that have changed are propagated again. Raises MatteError if no matte is painted,
    and the errors of ``stylize.make_mattes``.
    """
    project = _opened(root)
    parts = [part for part in _parts(project) if painted_frames(project, part.look.name)]
    if not parts:
        raise MatteError(f"{root}: expected a painted matte, found none; paint one on the page first")
    for part in parts:
        stylize.make_mattes(_shot(root), propagation(project, part), on_event=on_event, cancel=cancel)
        use_mattes(root, part.look.name, str(matte_folders(project, part.look.name).tracked))


def find_clicked(root: Path, *, on_event: OnEvent | None = None, cancel: Cancel | None = None) -> None:
    """Find the clicked subject in every frame with clicks, and use the results as painted mattes.

    Raises MatteError if nothing was clicked, and the errors of ``stylize.make_mattes``, as for a model that is missing.
    """
    project = _opened(root)
    clicked = [(part, frames) for part in _parts(project) if (frames := clicks_by_frame(project, part))]
    if not clicked:
        raise MatteError(f"{root}: expected a click, found none; click on the subject on the page first")
    for part, frames in clicked:
        for frame in frames:
            made = stylize.make_mattes(_shot(root), finding(project, part, frame), on_event=on_event, cancel=cancel)
            take_matte(project, part, frame, read_matte(made.frames[frame], project.shot.size))


def propagation(project: ShownProject, part: Part) -> MatteSettings:
    """Return the settings of ``stylize matte`` that propagate the painted mattes of a look."""
    keys = tuple(MatteKey(frame, path) for frame, path in painted_frames(project, part.look.name).items())
    return _matte_settings(project, {"key": keys, "output": _target(matte_folders(project, part.look.name).tracked)})


def finding(project: ShownProject, part: Part, frame: int) -> MatteSettings:
    """Return the settings of ``stylize matte`` that find the clicked subject in a frame."""
    prompts = clicks_by_frame(project, part)[frame]
    given = {
        "click": tuple(one for one in prompts if isinstance(one, Point) and one.inside),
        "exclude": tuple(one for one in prompts if isinstance(one, Point) and not one.inside),
        "box": tuple(one for one in prompts if isinstance(one, Box)),
    }
    folder = matte_folders(project, part.look.name).clicked
    return _matte_settings(
        project,
        {
            **given, "matte_model": model_of(part), "segmenter": part.look.settings.segmenter,
            "segmenter_options": part.look.settings.segmenter_options, "frames": str(frame), "output": _target(folder),
        },
    )  # fmt: skip


def matte_command(root: Path, settings: MatteSettings) -> str:
    """Return the command line of ``stylize matte`` with some settings."""
    words = list[str]()
    for name, option in MATTE_OPTIONS.items():
        if name == "segmenter_options" or not is_given(settings, name):
            continue
        stored = option.store(getattr(settings, name))
        for value in stored if isinstance(stored, list) else [stored]:
            words += [option.flags[-1]] if value is True else [option.flags[-1], str(value)]
    return visible(" ".join(["stylize matte", *map(shell_word, [str(_shot(root)), *words])]))


def propagation_command(root: Path) -> str:
    """Return the command lines that do the same as ``propagate_mattes``."""
    return _command(root, _propagations, *_status(root))


def finding_command(root: Path) -> str:
    """Return the command lines that find the clicked subjects; their results are not painted mattes yet."""
    return _command(root, _findings, *_status(root))


def use_mattes(root: Path, layer: str, matte: str, model: str | None = None) -> str:
    """Let runs use a matte. Return the command line that does the same and starts a run.

    layer: name of the look, empty without layers. matte: as of ``--matte``; options of another kind of matte are reset.
    model: of ``--matte-model``.
    """
    project = _opened(root)
    given: dict[str, Any] = {"matte": matte, "matte_model": model, "cryptomatte": None}
    if not is_network_matte(matte):
        given |= {"segmenter": None, "segmenter_options": None}
    words = [word for name, value in given.items() if value is not None
             for word in (OPTIONS[name].flags[-1], shell_word(str(value)))]  # fmt: skip
    if layer:
        layers = tuple(
            _with_values(spec, given) if look.name == layer else spec
            for spec, look in zip(project.settings.layers, looks_of(project.settings), strict=True)
        )
        stylize.configure(root, layers=layers)
        return visible(
            " ".join(["stylize", shell_word(str(root)), *(f"--layer {shell_word(str(one))}" for one in layers)])
        )
    if any(getattr(project.settings, name) != value for name, value in given.items()):
        stylize.configure(root, **given)
    return visible(" ".join(["stylize", shell_word(str(root)), *words]))


# Clicks


def clicks_of(project: ShownProject, part: Part) -> tuple[Prompt, ...]:
    """Return the clicks and boxes of a look that are stored in the project; none if the file is damaged."""
    path = matte_folders(project, part.look.name).clicks
    try:
        text = path.read_text(encoding="utf-8") if project.holds(path) else ""
        return read_network_matte(" ".join(text.split())).prompts if text.strip() else ()
    except (OSError, UnicodeDecodeError, SettingsError):
        return ()


def clicks_by_frame(project: ShownProject, part: Part) -> Mapping[int, tuple[Prompt, ...]]:
    """Return the clicks and boxes of a look, by frame, ascending."""
    clicks = clicks_of(project, part)
    return {
        frame: tuple(one for one in clicks if one.frame == frame) for frame in sorted({one.frame for one in clicks})
    }


def store_clicks(project: ShownProject, part: Part, texts: Sequence[str]) -> str:
    """Store the clicks and boxes of a look, such as ``click:320,200@12``. Return how to give them to a command.

    Raises SettingsError for one that cannot be read, or contradicts others, FrameRangeError or MatteError for one
    outside of the shot or its pictures.
    """
    path = matte_folders(project, part.look.name).clicks
    prompts = read_network_matte(" ".join(texts)).prompts if texts else ()
    check_prompts(prompts, project.shot)
    check_inside(project, path)
    make_folder(path.parent)
    with atomic_write(path, PROJECT_OPTION) as partial:
        partial.write_text(
            "".join(f"{format_network_matte(NetworkMatte(prompts=(one,)))}\n" for one in prompts), "utf-8"
        )
    return " ".join(f"--matte {format_network_matte(NetworkMatte(prompts=(one,)))}" for one in prompts)


def model_of(part: Part) -> str | None:
    """Return the model that finds clicked subjects: that of the settings, or the smallest published one."""
    settings = part.look.settings
    return settings.matte_model or (None if settings.segmenter is not None else DEFAULT_MODEL)


def model_problem(part: Part) -> str:
    """Return why clicks cannot be used, in one line; empty if they can."""
    settings = part.look.settings
    request = NetworkMatte(prompts=read_network_matte("click:0,0@1").prompts)
    try:
        open_segmentation(model_of(part), request, settings.segmenter, settings.segmenter_options)
    except StylizeError as error:
        return visible(str(error))
    return ""


# Parts and settings


def _propagations(project: ShownProject) -> Iterator[MatteSettings]:
    for part in _parts(project):
        if painted_frames(project, part.look.name):
            yield propagation(project, part)


def _findings(project: ShownProject) -> Iterator[MatteSettings]:
    for part in _parts(project):
        for frame in clicks_by_frame(project, part):
            yield finding(project, part, frame)


@lru_cache(16)
def _command(root: Path, all_settings: Callable[[ShownProject], Iterator[MatteSettings]], *status: object) -> str:
    """Return the command lines of some settings. status: changes when they may."""
    return " && ".join(matte_command(root, settings) for settings in all_settings(_opened(root)))


def _status(root: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the status of the settings, and of the folders and files of painted mattes and clicks."""
    mattes = root / MATTES
    for path in (root / SETTINGS_FILE, *sorted(mattes.glob("**/painted")), *sorted(mattes.glob("**/clicks.txt"))):
        if path.exists():
            yield str(path), tuple(status_of(path.stat()))


def _matte_settings(project: ShownProject, given: Mapping[str, Any]) -> MatteSettings:
    reading = {name: getattr(project.settings, name) for name in READING_OPTIONS}
    own = {"frames": project.settings.frames, "threads": project.settings.threads, "project": project.root}
    return MatteSettings(**{**reading, **own, **given})


def _parts(project: ShownProject) -> Iterator[Part]:
    """Yield the looks of a project at full size."""
    for part in project.parts.values():
        if part.base == project.root and bool(part.look.name) == bool(project.settings.layers):
            yield part


def _with_values(layer: LayerSpec, changed: Mapping[str, Any]) -> LayerSpec:
    values = {**dict(layer.values), **changed}
    return replace(layer, values=tuple((name, value) for name, value in values.items() if value is not None))


def _target(folder: Path) -> str:
    """Return a folder as the target of ``-o``."""
    return f"{folder}/"


def _opened(root: Path) -> ShownProject:
    return show_project(root, lambda text: None)


def _shot(root: Path) -> Path:
    return trusted_settings(root, {}, lambda text: None)[0]
