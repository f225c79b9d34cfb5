"""Files of a plan in the project: the table of its frames, and a picture that explains the choice of keyframes.

A file that was edited since we wrote it belongs to the user: the plan is written alongside, under the next free number.
"""

from collections.abc import Sequence
from functools import partial
from itertools import count
from pathlib import Path

from stylize.context.context import Context
from stylize.io_errors import PROJECT_OPTION, output_error
from stylize.media.clock import offset_timecode
from stylize.media.images import write_image
from stylize.media.sequences import frame_number
from stylize.media.shot import Shot
from stylize.planning.keys_csv import Row, table
from stylize.planning.picking import ShotPlan, heat_map_file
from stylize.planning.plan_picture import Card, Chart, plan_picture
from stylize.settings.input_files import inputs_of
from stylize.stages import cache_key

# Start of footage without timecode.
FIRST_TIMECODE = "00:00:00:00"


def write_plan(context: Context, shots: Sequence[ShotPlan]) -> tuple[Path, Path]:
    """Write keys.csv and plan.png into the project, and return their paths.

    shots: with their coverage. A file that the user edited stays, unless ``--overwrite`` is given.
    """
    _remove_stale_heat_maps(context, shots)
    codes = timecodes(context.shot)
    text = table(rows(shots, codes))
    sheet = _target(context, "keys", ".csv")
    key = cache_key("plan_report", text)
    if not context.project.fresh(sheet, key):
        context.project.place(sheet, key, partial(_write_text, text))
    drawing = chart(context, shots, codes)
    picture = _target(context, "plan", ".png")
    key = cache_key(
        "plan_report", text, drawing.title, drawing.target,
        context.plate_digests([card.frame for card in drawing.cards]),
        [context.project.digest(card.heat) for card in drawing.cards],
    )  # fmt: skip
    if not context.project.fresh(picture, key):
        context.project.place(picture, key, lambda path: write_image(path, plan_picture(drawing)))
    return sheet, picture


def timecodes(shot: Shot) -> dict[int, str]:
    """Return the timecode of every frame: the footage's own, or counted from zero at its beginning."""
    start = shot.timecode or offset_timecode(FIRST_TIMECODE, shot.positions[0] if shot.positions else 0, shot.rate)
    counts = (round(time * shot.time_base * shot.rate) for time in shot.times)
    return {
        frame: offset_timecode(start, elapsed, shot.rate) for frame, elapsed in zip(shot.frames, counts, strict=True)
    }


def rows(shots: Sequence[ShotPlan], codes: dict[int, str]) -> list[Row]:
    """Return one row for every frame, in order."""
    found = []
    for number, plan in enumerate(shots, 1):
        reasons = {key.frame: key.reason for key in plan.keyframes}
        found += [
            Row(number, frame, codes[frame], plan.coverage.get(frame, 0.0), reasons.get(frame)) for frame in plan.frames
        ]
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
    facts = [_count(len(frames), "frame"), f"{float(context.shot.rate):.6g} fps", _count(len(shots), "shot")]
    return Chart(
        f"{context.shot.name}   {',  '.join([*facts, _count(len(keys), 'keyframe')])}",
        frames, shares, context.settings.coverage, starts, cards,
    )  # fmt: skip


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _target(context: Context, name: str, suffix: str) -> Path:
    """Return a path for a file of the plan. It never replaces a file that the user edited, except with
    ``--overwrite``, nor an input of the run, except a table of ``--keyframes``: the plan's content is the same."""
    first = context.project.root / f"{name}{suffix}"
    paths = (first if number == 1 else first.with_stem(f"{name}.{number}") for number in count(1))
    inputs = {
        path.resolve() for path in inputs_of(context.settings).files if not _is_keyframes_table(context, path.resolve())
    }
    target = next(
        path for path in paths
        if path not in inputs and (context.settings.overwrite or not path.exists() or context.project.ours(path))
    )  # fmt: skip
    if first in inputs:
        context.message(f"{first} is read by this run and stays as it is; this plan is written to {target.name}")
    elif target != first:
        context.message(
            f"{first} was edited by hand and stays as it is; this plan is written to {target.name}, or over it with "
            "--overwrite"
        )
    if (
        first.exists()
        and not context.project.ours(first)
        and suffix == ".csv"
        and not _is_keyframes_table(context, first)
    ):
        context.message(f"to use the edited table, give it back with --keyframes {first}")
    return target


def _is_keyframes_table(context: Context, path: Path) -> bool:
    table_option = context.settings.keyframes
    return isinstance(table_option, Path) and table_option.resolve() == path


def _remove_stale_heat_maps(context: Context, shots: Sequence[ShotPlan]) -> None:
    """Remove the heat maps of frames that are no longer keyframes."""
    kept = {frame for plan in shots for frame in plan.keys}
    for path in context.project.folder("plan").glob("*.png"):
        if frame_number(path) not in kept and context.project.ours(path):
            context.project.forget(path)


def _write_text(text: str, path: Path) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        path.unlink(missing_ok=True)
        raise output_error(error, path, PROJECT_OPTION) from error
