"""Paint all looks of a comparison, and arrange them on a sheet with the commands that paint each again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from stylize import pipeline
from stylize.context.model_store import ModelStore
from stylize.drafting import draft_scale
from stylize.errors import InputError, SettingsError
from stylize.events import Event, Message, StageProgress
from stylize.ingest.open_footage import open_footage
from stylize.keys.rendering import check_reference
from stylize.look_comparison.combinations import Combination, check_number, combine, size_options
from stylize.look_comparison.files import ComparisonFolder, default_folder
from stylize.look_comparison.look_sheet import look_sheet
from stylize.look_comparison.painted_look import LooksResult, PaintedLook
from stylize.media.sequences import name_frames
from stylize.media.shot import Shot
from stylize.project import is_project, trusted_settings
from stylize.renderers import plates_destination
from stylize.reporter import Reporter
from stylize.request import Request, read_request
from stylize.settings import LooksSettings, Settings
from stylize.settings.comparison_options import SHARED_OPTIONS
from stylize.settings.ebsynth_folder import open_ebsynth_folder

# Folder of the project that picks the frame, in the folder of a comparison.
PICKING = "frame"
# Beginning of messages about options that a run ignores or assumes.
_NOTE = "note: "


def compare_looks(shot: Path, settings: LooksSettings, reporter: Reporter) -> LooksResult:
    """Paint a frame with every combination of references, presets and seeds; see ``stylize.looks``."""
    check_number(settings)
    footage, shared = _shared_options(shot, settings, reporter)
    footage = footage.absolute()
    folder = ComparisonFolder((settings.output or default_folder(footage)).absolute(), overwrite=settings.overwrite)
    folder.check(footage, [*settings.style, *settings.preset])
    opened = _check(footage, settings, shared, folder.root, reporter)
    with folder.locked():
        frames = settings.frames or (_picked_frame(footage, settings, shared, folder.root, reporter),)
        combinations = combine(footage, settings, shared, frames, folder.root)
        # Notes have been reported by the check.
        requests = [read_request(footage, None, one.options) for one in combinations]
        _report_sending(requests, frames, reporter)
        with ModelStore() as models:
            looks = tuple(_painted(footage, combinations, requests, reporter, models))
        sheet = look_sheet(opened.name, looks, opened.pixel_aspect)
        written = folder.write(sheet, looks, footage)
    return LooksResult(folder.root, *written, looks)


def _shared_options(shot: Path, settings: LooksSettings, reporter: Reporter) -> tuple[Path, dict[str, Any]]:
    """Return the footage, and the options that all looks share: those of a project, if one is given, and the user's.

    Raises SettingsError for a project with layers.
    """
    if not is_project(shot):
        return shot, dict(settings.shared)
    footage, stored = trusted_settings(shot, settings.shared, reporter.message)
    if stored.layers:
        raise SettingsError(f"{shot} has layers, and a comparison has one look per picture; give the shot instead")
    values = {name: value for name, value in stored.stored().items() if name in SHARED_OPTIONS}
    for name in ("style", "seed"):
        if name in stored.stored() and not getattr(settings, name):
            values[name] = stored.stored()[name]
    return footage, {**values, **settings.shared}


def _picked_frame(
    shot: Path, settings: LooksSettings, shared: Mapping[str, Any], folder: Path, reporter: Reporter
) -> int:
    """Return the frame that covers the most of the longest shot. Raises SettingsError without one."""
    options = {**shared, **size_options(settings), "max_keyframes": 1, "project": folder / PICKING}
    request = read_request(shot, None, options, _quiet(reporter))
    planned = pipeline.plan(request.shot, request.settings, request.project, _quiet(reporter, progress=True))
    longest = max(planned.shots, key=lambda one: len(one.frames))
    if not longest.keys:
        raise SettingsError("the matte is black in all frames, so that nothing is painted; choose another --matte")
    return longest.keys[0]


def _check(shot: Path, settings: LooksSettings, shared: Mapping[str, Any], folder: Path, reporter: Reporter) -> Shot:
    """Check everything that can be checked before anything is written, and return the shot.

    Raises SettingsError without a look, and for pictures that are too small, StyleError for an unreadable reference,
    FrameRangeError for a missing frame, and any error of reading the settings and the footage.
    """
    trials = combine(shot, settings, shared, settings.frames[:1] or (0,), folder)
    requests = [read_request(shot, None, one.look, _quiet(reporter)) for one in trials]
    for request in requests:
        if not request.settings.paints:
            raise SettingsError("there is no look to paint; give references with --style PICTURE, or --preset FILE")
        if request.settings.layers:
            raise SettingsError("a comparison has one look per picture, found layers; leave them out")
    for path in dict.fromkeys(path for request in requests for path in request.settings.references):
        check_reference(path)
    footage, own = open_ebsynth_folder(shot, requests[0].settings)
    opened = open_footage(footage, own, frames=",".join(map(str, settings.frames)) or None)
    try:
        draft_scale(Settings(**size_options(settings)), opened.size)
    except SettingsError as error:
        raise SettingsError(f"{str(error).partition(';')[0]}; give --scale 1") from error
    return opened


def _report_sending(requests: Sequence[Request], frames: Sequence[int], reporter: Reporter) -> None:
    """Report, before painting, which plates are sent to servers, and their addresses."""
    for destination in dict.fromkeys(filter(None, (plates_destination(one.settings) for one in requests))):
        reporter.message(f"plates are sent to {destination}: {name_frames(frames)}")


def _painted(
    shot: Path, combinations: Sequence[Combination], requests: Sequence[Request], reporter: Reporter, models: ModelStore
) -> Iterator[PaintedLook]:
    """Paint all looks whose inputs have changed, one after the other, and yield each. models: those that they share."""
    total = len(combinations)
    reporter.progress("looks", 0, total)
    for number, (one, request) in enumerate(zip(combinations, requests, strict=True), 1):

        def on_part(part: float, done: int = number - 1) -> None:
            reporter.progress("looks", done, total, part)

        of_look = _of_look(reporter, on_part)
        with pipeline.open_run(request.shot, request.settings, request.project, of_look, models) as run:
            result = run.run()
            context = run.session.looks[0]
            picture = context.keys.files().get(one.frame)
            if picture is None:
                raise InputError(f"frame {one.frame}: the matte is black, so that nothing is painted; choose another")
            yield PaintedLook(
                number, one.frame, request.settings.references, one.preset, request.settings.seed,
                context.plates.paths[one.frame], picture, one.command(shot), one.shot_command(shot),
                one.frame in result.rendered,
            )  # fmt: skip
        reporter.progress("looks", number, total)


def _quiet(reporter: Reporter, *, progress: bool = False) -> Reporter:
    """Return a reporter that passes on warnings and notes, other messages as details, and progress if asked for."""

    def receive(event: Event) -> None:
        if isinstance(event, Message):
            important = event.is_warning or event.text.startswith(_NOTE)
            reporter.on_event(event if important else replace(event, is_detail=True))
        elif progress and isinstance(event, StageProgress):
            reporter.on_event(event)

    return Reporter(receive, reporter.is_cancelled)


def _of_look(reporter: Reporter, on_part: Callable[[float], None]) -> Reporter:
    """Return the reporter for the run of one look, whose key is a part of the progress of all looks."""
    quiet = _quiet(reporter)

    def receive(event: Event) -> None:
        quiet.on_event(event)
        if isinstance(event, StageProgress) and event.label == "render":
            on_part(min(1.0, event.done + event.part))

    return Reporter(receive, reporter.is_cancelled)
