"""Files of a plan in the project: a table of its frames, and a picture that explains the choice of keyframes.

Files that the user has edited are kept. The plan is then written alongside, with the next free number in its name.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from types import MappingProxyType

from stylize.context.context import Context
from stylize.context.shot_facts import footage, look_facts, look_references
from stylize.keys.key_choice import NO_CHOICE, KeyChoice
from stylize.media.clock import offset_timecode
from stylize.media.images import write_image
from stylize.media.sequences import frame_number
from stylize.media.shot import Shot
from stylize.planning.key_choices import read_key_choices, write_table
from stylize.planning.keys_csv import Row, table
from stylize.planning.picking import ShotPlan, heat_map_file
from stylize.planning.plan_picture import Card, Chart, plan_sheet
from stylize.real_path import real_path
from stylize.settings.input_files import inputs_of
from stylize.sheets import draw_sheet
from stylize.sheets.cache_inputs import sheet_inputs
from stylize.stages import cache_key

# First timecode of footage without one.
FIRST_TIMECODE = "00:00:00:00"


def write_plan(context: Context, shots: Sequence[ShotPlan]) -> tuple[Path, Path]:
    """Write keys.csv and plan.png to the project, and return their paths.

    Files that the user has edited are kept unless ``--overwrite`` is given. shots: with measured coverage.
    """
    _remove_stale_heat_maps(context, shots)
    codes = timecodes(context.shot)
    text = table(rows(shots, codes, read_key_choices(context)))
    sheet = _target(context, "keys", ".csv")
    key = cache_key("plan_report", text)
    if not context.project.fresh(sheet, key):
        context.project.place(sheet, key, partial(write_table, text))
    picture = _target(context, "plan", ".png")
    drawing = plan_sheet(chart(context, shots, codes))
    key = cache_key("plan_report", sheet_inputs(drawing, context.project.plate_digest))
    if not context.project.fresh(picture, key):
        context.project.place(picture, key, lambda path: write_image(path, draw_sheet(drawing)))
    return sheet, picture


def timecodes(shot: Shot) -> dict[int, str]:
    """Return the timecode of each frame. A movie without one is counted from zero."""
    start = shot.timecode or offset_timecode(FIRST_TIMECODE, shot.positions[0] if shot.positions else 0, shot.rate)
    counts = (round(time * shot.time_base * shot.rate) for time in shot.times)
    return {
        frame: offset_timecode(start, elapsed, shot.rate) for frame, elapsed in zip(shot.frames, counts, strict=True)
    }


def rows(
    shots: Sequence[ShotPlan], codes: dict[int, str], choices: Mapping[int, KeyChoice] = MappingProxyType({})
) -> list[Row]:
    """Return one row for each frame, in order. choices: those of a person, by frame."""
    found = []
    for number, plan in enumerate(shots, 1):
        reasons = {key.frame: key.reason for key in plan.keyframes}
        found += [
            Row(
                number, frame, codes[frame], plan.coverage.get(frame, 0.0), reasons.get(frame),
                choices.get(frame, NO_CHOICE),
            )
            for frame in plan.frames
        ]  # fmt: skip
    return found


def chart(context: Context, shots: Sequence[ShotPlan], codes: dict[int, str]) -> Chart:
    """Return the content of the picture of a plan."""
    frames = [frame for plan in shots for frame in plan.frames]
    keys = [key for plan in shots for key in plan.keyframes]
    cards = [
        Card(
            key.frame,
            codes[key.frame],
            key.reason,
            key.gained,
            context.plates.paths[key.frame],
            heat_map_file(context, key.frame),
        )
        for key in keys
    ]
    shares = [plan.coverage.get(frame, 0.0) for plan in shots for frame in plan.frames]
    starts = [plan.frames[0] for plan in shots]
    return Chart(
        f"Plan of {context.shot.name}" if not context.name else f"Plan of {context.shot.name}, layer {context.name}",
        frames, shares, context.settings.coverage, starts, cards, context.shot.pixel_aspect,
        footage(context.shot, len(shots)), look_facts(context.settings), look_references(context.settings),
    )  # fmt: skip


def _target(context: Context, name: str, suffix: str) -> Path:
    """Return the path for a file of the plan.

    It is never a file that the user has edited, except with ``--overwrite``. It is never an input of the run, except
    the table of ``--keyframes``, which has the same content.
    """
    first = context.project.root / f"{name}{suffix}"
    paths = (first if number == 1 else first.with_stem(f"{name}.{number}") for number in count(1))
    inputs = {
        real_path(path)
        for path in inputs_of(context.settings).files
        if not _is_keyframes_table(context, real_path(path))
    }
    target = next(
        path for path in paths
        if path not in inputs and (context.settings.overwrite or not path.exists() or context.project.ours(path))
    )  # fmt: skip
    if first in inputs:
        context.message(f"{first} is an input of this run and is kept; this plan is written to {target.name}")
    elif target != first:
        context.message(
            f"{first} was changed by hand and is kept; this plan is written to {target.name}; give --overwrite to "
            "replace the file"
        )
    if (
        first.exists()
        and not context.project.ours(first)
        and suffix == ".csv"
        and not _is_keyframes_table(context, first)
    ):
        context.message(f"to use the edited table, give --keyframes {first}")
    return target


def _is_keyframes_table(context: Context, path: Path) -> bool:
    table_option = context.settings.keyframes
    return isinstance(table_option, Path) and real_path(table_option) == path


def _remove_stale_heat_maps(context: Context, shots: Sequence[ShotPlan]) -> None:
    """Remove the heat maps of frames that are no longer keyframes."""
    kept = {frame for plan in shots for frame in plan.keys}
    for path in context.project.folder("plan").glob("*.png"):
        if frame_number(path) not in kept and context.project.ours(path):
            context.project.forget(path)
