"""Propagate a painted look through a live-action shot from a few keyframes.

import stylize
result = stylize.run("shot.mp4", style="ref.png")
print(result.frames[12])

Options are keyword arguments with the names of ``Settings``. Every function takes ``on_event``, which receives the
events of ``stylize.events`` as they happen, and ``cancel``, a ``threading.Event`` or a callable that is polled during
the work. When it is set or returns True, the work ends with CancelledError, after any download of a model in progress;
the same call continues from there. All errors are StylizeErrors with a one-line message. ``on_progress(stage, done,
total)`` and ``on_message(text)`` receive progress and messages as plain values.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Unpack

from stylize import errors, events
from stylize.errors import CancelledError, StylizeError
from stylize.events import Event, FrameFinished, KeyRendered, Message, StageProgress, TaskDone, TaskStarted
from stylize.reporter import Cancel, CancelFlag, OnEvent, OnMessage, OnProgress, make_reporter
from stylize.settings import (
    LooksSettings,
    LooksSettingsDict,
    MatteSettings,
    MatteSettingsDict,
    Settings,
    SettingsDict,
)

if TYPE_CHECKING:
    from stylize.approval import Approval
    from stylize.look_comparison.painted_look import LooksResult, PaintedLook
    from stylize.matting.matte_pipeline import MatteResult
    from stylize.pending_work import PendingWork
    from stylize.project import Note, Version
    from stylize.quality.golden import Verdict
    from stylize.result import LayerResult, Result
    from stylize.run_session import RunSession

__all__ = [
    "NOTE_EXPORTS",
    "Approval",
    "CancelFlag",
    "CancelledError",
    "Event",
    "FrameFinished",
    "KeyRendered",
    "LayerResult",
    "LooksResult",
    "LooksSettings",
    "LooksSettingsDict",
    "MatteResult",
    "MatteSettings",
    "MatteSettingsDict",
    "Message",
    "Note",
    "PaintedLook",
    "PendingWork",
    "Result",
    "RunSession",
    "Settings",
    "SettingsDict",
    "StageProgress",
    "StylizeError",
    "TaskDone",
    "TaskStarted",
    "Verdict",
    "Version",
    "add_note",
    "approve",
    "check",
    "configure",
    "edit_note",
    "errors",
    "events",
    "export_notes",
    "looks",
    "make_mattes",
    "notes",
    "open",
    "pick",
    "plan",
    "remove_note",
    "report",
    "run",
    "save_version",
]

# Kinds of files that notes can be exported as.
NOTE_EXPORTS = ("otio", "edl", "aftereffects", "sheet")

_Path = str | os.PathLike[str]


def run(
    shot: _Path,
    settings: Settings | None = None,
    *,
    on_event: OnEvent | None = None,
    cancel: Cancel | None = None,
    on_progress: OnProgress | None = None,
    on_message: OnMessage | None = None,
    **overrides: Unpack[SettingsDict],
) -> "Result":
    """Stylise a shot and return the result.

    shot: a movie, a folder of frames, a pattern (``name.####.png``), or a project to continue, whose stored settings
    apply unless ``settings`` is given. overrides: options such as ``style="ref.png", keyframes=(12, 40)``, which take
    precedence. The project folder caches results: a second run regenerates only what has changed. Raises StylizeError,
    and TypeError for an unknown option.
    """
    reporter = make_reporter(on_event, cancel, on_progress, on_message)

    from stylize import pipeline, request

    asked = request.read_request(shot, settings, overrides, reporter)
    return pipeline.run(asked.shot, asked.settings, asked.project, reporter)


def open(
    shot: _Path,
    settings: Settings | None = None,
    *,
    on_event: OnEvent | None = None,
    cancel: Cancel | None = None,
    **overrides: Unpack[SettingsDict],
) -> "RunSession":
    """Open a shot for a step-by-step run. Takes the arguments of ``run``; the result is a context manager.

    with stylize.open("shot.mp4", style="ref.png") as session:
        print([key.frame for key in session.keys])
        for frame in session:
            print(frame.frame, frame.path)
    """
    from stylize import request, run_session

    reporter = make_reporter(on_event, cancel)
    return run_session.RunSession(request.read_request(shot, settings, overrides, reporter), reporter)


def plan(
    shot: _Path,
    settings: Settings | None = None,
    *,
    on_event: OnEvent | None = None,
    cancel: Cancel | None = None,
    on_progress: OnProgress | None = None,
    on_message: OnMessage | None = None,
    **overrides: Unpack[SettingsDict],
) -> "Result":
    """Find cuts and keyframes, returned in ``result.shots``, without rendering. Takes the arguments of ``run``."""
    from stylize import pipeline, request

    reporter = make_reporter(on_event, cancel, on_progress, on_message)
    asked = request.read_request(shot, settings, overrides, reporter)
    return pipeline.plan(asked.shot, asked.settings, asked.project, reporter)


def make_mattes(
    shot: _Path,
    settings: MatteSettings | None = None,
    *,
    on_event: OnEvent | None = None,
    cancel: Cancel | None = None,
    on_progress: OnProgress | None = None,
    on_message: OnMessage | None = None,
    **overrides: Unpack[MatteSettingsDict],
) -> "MatteResult":
    """Make a matte for every frame of a shot from painted ones, by keying, or by a network. Raises as ``run``."""
    from stylize import request
    from stylize.matting import matte_pipeline

    asked = request.read_matte_request(settings, overrides)
    reporter = make_reporter(on_event, cancel, on_progress, on_message)
    return matte_pipeline.make_mattes(request.shot_path(shot), asked, reporter)


def looks(
    shot: _Path,
    settings: LooksSettings | None = None,
    *,
    on_event: OnEvent | None = None,
    cancel: Cancel | None = None,
    on_progress: OnProgress | None = None,
    on_message: OnMessage | None = None,
    **overrides: Unpack[LooksSettingsDict],
) -> "LooksResult":
    """Paint a frame of a shot with every combination of references, presets and seeds, and arrange all on one sheet.

    shot: as of ``run``; a project contributes its stored look, and is not changed. The result has the path of each
    picture, and the command that paints it again. The folder of the comparison caches the pictures. Raises as ``run``,
    and SettingsError for too many combinations.
    """
    from stylize import request
    from stylize.look_comparison import comparison

    asked = request.read_looks_request(settings, overrides)
    reporter = make_reporter(on_event, cancel, on_progress, on_message)
    return comparison.compare_looks(request.shot_path(shot), asked, reporter)


def report(
    project: _Path,
    *,
    trust: bool = False,
    allow: Sequence[str] = (),
    on_event: OnEvent | None = None,
    cancel: Cancel | None = None,
    on_progress: OnProgress | None = None,
    on_message: OnMessage | None = None,
) -> tuple[Path, ...]:
    """Measure the results of a project, write an HTML page and JSON into it, and return their paths.

    trust, allow: as the options of a run. Raises StylizeError if the project does not exist, is not trusted, or lacks
    frames.
    """
    from stylize import pipeline

    reporter = make_reporter(on_event, cancel, on_progress, on_message)
    return pipeline.report(Path(project), reporter, trust=trust, allow=allow)


def pick(
    project: _Path,
    choices: Mapping[int, int | None] | Collection[int],
    *,
    layer: str | None = None,
    lock: bool | None = None,
    seed: int | Literal["own"] | None = None,
    prompt: str | None = None,
    trust: bool = False,
    allow: Sequence[str] = (),
    on_event: OnEvent | None = None,
    cancel: Cancel | None = None,
    on_progress: OnProgress | None = None,
    on_message: OnMessage | None = None,
) -> Path:
    """Choose candidates, seeds and prompts for single keys in the next run, as in ``stylize.pick("shot.stylize", {40:
    3})``.

    choices: number of a candidate by frame; 1 is the key with its own seed, and None clears the choice. Frames alone,
    as in ``[40]``, leave it unchanged. layer: name of the layer, in a project with layers. lock: True to lock these
    keys, so that no run renders them again, False to unlock them. seed, prompt: of these keys alone; "own" and an empty
    prompt stand for those of the settings. trust, allow: as the options of a run. Returns the path of the table that
    holds the choices. Raises StylizeError if the project or a candidate does not exist, or a key is locked.
    """
    from stylize.pick_candidates import KeyWishes, pick_candidates

    reporter, wishes = make_reporter(on_event, cancel, on_progress, on_message), KeyWishes(lock, seed, prompt)
    return pick_candidates(
        Path(project), choices, wishes, layer=layer, trust=trust, allow=allow, message=reporter.message
    )


def configure(
    shot: _Path,
    *,
    on_event: OnEvent | None = None,
    cancel: Cancel | None = None,
    on_progress: OnProgress | None = None,
    on_message: OnMessage | None = None,
    **overrides: Unpack[SettingsDict],
) -> Settings:
    """Store options in a project for its next run, without running anything, and return its settings.

    shot: the project. Raises SettingsError for options that a run would refuse, and ProjectError while a run uses the
    project, or if an input that the settings name is missing. The run checks everything that depends on the footage.
    """
    from stylize.store_settings import store_settings

    reporter = make_reporter(on_event, cancel, on_progress, on_message)
    return store_settings(Path(shot), overrides, reporter)


def check(
    folder: _Path,
    *,
    update: bool = False,
    trust: bool = False,
    allow: Sequence[str] = (),
    on_event: OnEvent | None = None,
    cancel: Cancel | None = None,
    on_progress: OnProgress | None = None,
    on_message: OnMessage | None = None,
) -> "tuple[Verdict, ...]":
    """Regenerate the golden projects in a folder, and compare them with the approved frames.

    update: approve the results instead. trust, allow: as the options of a run. Raises StylizeError if there is no
    golden project or a damaged one.
    """
    from stylize import pipeline

    reporter = make_reporter(on_event, cancel, on_progress, on_message)
    return pipeline.check(Path(folder), update=update, reporter=reporter, trust=trust, allow=allow)


def approve(
    project: _Path,
    golden: _Path | None = None,
    *,
    trust: bool = False,
    allow: Sequence[str] = (),
    on_event: OnEvent | None = None,
    cancel: Cancel | None = None,
    on_progress: OnProgress | None = None,
    on_message: OnMessage | None = None,
) -> "Approval":
    """Approve a finished project: lock its keys against rendering, and write a golden project for ``check``.

    golden: folder of golden projects; the default is ``golden`` next to the project. trust, allow: as the options of a
    run. If frames do not match the present keys and settings, they are regenerated, and ProjectError is raised: nothing
    is approved unseen. Also raises StylizeError if the project does not exist or is unfinished.
    """
    from stylize import approval

    reporter = make_reporter(on_event, cancel, on_progress, on_message)
    folder = None if golden is None else Path(golden)
    return approval.approve(Path(project), folder, reporter, trust=trust, allow=allow)


def notes(project: _Path) -> "tuple[Note, ...]":
    """Return the notes on frames of a project, by frame, then number. Raises StylizeError if they cannot be read."""
    from stylize.project import read_notes, read_project

    read_project(Path(project))
    return read_notes(Path(project))


def add_note(
    project: _Path,
    frame: int,
    text: str,
    *,
    box: Sequence[float] | None = None,
    trust: bool = False,
    allow: Sequence[str] = (),
) -> "Note":
    """Write a note on a frame of a project, even while a run uses it.

    box: left, top, width and height of the area that the note is about, as fractions of the picture from 0 to 1; None
    for the whole frame. trust, allow: as the options of a run. Raises StylizeError if the shot does not have the frame,
    if the text is empty or longer than 1000 characters, or if the box extends beyond the picture.
    """
    from stylize.project.notes import add_note
    from stylize.shot_frames import check_frame

    check_frame(Path(project), frame, trust=trust, allow=allow)
    return add_note(Path(project), frame, text, box)


def edit_note(project: _Path, number: int, text: str) -> "Note":
    """Replace the text of a note. Raises StylizeError for an unknown number, and as ``add_note``."""
    from stylize.project import read_project
    from stylize.project.notes import edit_note

    read_project(Path(project))
    return edit_note(Path(project), number, text)


def remove_note(project: _Path, number: int) -> "Note":
    """Remove a note, and return it. Raises StylizeError if there is no such note."""
    from stylize.project import read_project
    from stylize.project.notes import remove_note

    read_project(Path(project))
    return remove_note(Path(project), number)


def export_notes(
    project: _Path,
    output: _Path | None = None,
    *,
    kinds: Sequence[str] = NOTE_EXPORTS,
    overwrite: bool = False,
    trust: bool = False,
    allow: Sequence[str] = (),
    on_event: OnEvent | None = None,
    cancel: Cancel | None = None,
    on_progress: OnProgress | None = None,
    on_message: OnMessage | None = None,
) -> tuple[Path, ...]:
    """Write the notes of a project as markers on timelines and as a sheet of pictures, and return the files.

    output: folder; the default is ``export`` in the project. kinds: some of NOTE_EXPORTS. overwrite, trust, allow: as
    the options of a run. Markers need the finished frames. Raises StylizeError.
    """
    from stylize.interchange import notes

    reporter = make_reporter(on_event, cancel, on_progress, on_message)
    folder = None if output is None else Path(output)
    return notes.export_notes(Path(project), kinds, folder, reporter, overwrite=overwrite, trust=trust, allow=allow)


def save_version(project: _Path, name: str, *, frames: bool = False) -> "Version":
    """Save the settings, keys, tables and picks of a project under a name, and return the version.

    frames: also save the finished frames, for comparison with later ones. Raises StylizeError if the name is taken, or
    a run is using the project.
    """
    from stylize.project import Project, read_project, save_version

    read_project(Path(project))
    opened = Project(Path(project))
    with opened.locked():
        return save_version(opened, name, frames=frames)


# Result classes are imported at their first use, because their dependencies are heavy.
_LAZY = {
    "Approval": "stylize.approval",
    "LayerResult": "stylize.result",
    "LooksResult": "stylize.look_comparison.painted_look",
    "MatteResult": "stylize.matting.matte_pipeline",
    "Note": "stylize.project",
    "PaintedLook": "stylize.look_comparison.painted_look",
    "PendingWork": "stylize.pending_work",
    "Result": "stylize.result",
    "RunSession": "stylize.run_session",
    "Verdict": "stylize.quality.golden",
    "Version": "stylize.project",
}


if not TYPE_CHECKING:  # hidden from type checkers, which would accept every name

    def __getattr__(name: str) -> object:
        from importlib import import_module

        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
