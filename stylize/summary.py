"""Summaries of results, line by line, as the command prints them."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from stylize.context.matte_confidence import review_line
from stylize.look_comparison.files import describe
from stylize.media.sequences import format_frames, name_frames
from stylize.result import LayerResult, Result
from stylize.settings import Settings, looks_of

if TYPE_CHECKING:
    from stylize.look_comparison.painted_look import LooksResult
    from stylize.matting.matte_pipeline import MatteResult
    from stylize.planning.picking import ShotPlan
    from stylize.project import Cleaned

# Max decimal places of a percentage.
_MAX_DIGITS = 6


def plan_lines(planned: Result) -> Iterator[str]:
    """Yield the summary of a plan: shots, keyframes with reasons, counts, and files written."""
    for name, one, settings in _looks(planned):
        if name:
            yield f"layer {name}:"
        for number, shot in enumerate(one.shots, 1):
            yield from _shot_lines(number, shot, planned.timecodes, settings)
    frames = sum(len(shot.frames) for shot in planned.shots)
    keys = sum(len(shot.keyframes) for _, one, _ in _looks(planned) for shot in one.shots)
    counts = [_count(frames, "frame"), _count(len(planned.shots), "shot"), _count(keys, "keyframe")]
    yield f"{', '.join(counts)}; {_cost(planned)}"
    yield from (f"wrote: {path}" for path in planned.outputs)


def _cost(planned: Result) -> str:
    """Return the estimated time of a plan in words."""
    if planned.run_seconds is None:
        return "the time is unknown until a run with such settings has measured it on this machine"
    cost = f"about {_at_least_a_second(planned.run_seconds)} to make"
    if planned.scale is not None:
        cost += f" at {planned.scale}"
    if planned.full_seconds is not None:
        cost += f", {_at_least_a_second(planned.full_seconds)} at full size"
    return f"{cost}, without refinement" if planned.settings.refine else cost


def _at_least_a_second(seconds: float) -> str:
    return format_duration(max(1.0, seconds))


def run_lines(result: Result, seconds: float) -> Iterator[str]:
    """Yield the summary of a run: keyframes, counts, and files written. seconds: duration of the run."""
    for name, one, settings in _looks(result):
        if name:
            yield f"layer {name}:"
        for number, shot in enumerate(one.shots, 1):
            yield _shot_line(number, shot)
            yield from (f"  keyframe {key.frame}: {key.reason}" for key in shot.keyframes)
        yield from _key_lines(one, settings)
    if result.settings.runs("propagate"):
        # The numbers, where not all frames were made.
        which = f" ({format_frames(result.redone)})" if result.redone and result.reused else ""
        yield f"frames: {len(result.redone)} made{which}, {len(result.reused)} reused, in {format_duration(seconds)}"
    yield f"project: {result.project}"
    yield from (f"wrote: {path}" for path in result.outputs)


def matte_lines(result: "MatteResult", seconds: float) -> Iterator[str]:
    """Yield the summary of mattes: counts, frames to paint, and files written. seconds: duration of the run."""
    made, reused = len(result.redone), len(result.frames) - len(result.redone)
    yield f"mattes: {made} made, {reused} reused, in {format_duration(seconds)}"
    review = review_line(result.confidence)
    if review is not None:
        yield f"review: {review}"
    for frame in result.suggested_keyframes:
        yield f"suggestion: paint a matte for frame {frame} (confidence {result.confidence[frame]:.2f})"
    yield from (f"wrote: {folder}" for folder in result.folders)


def looks_lines(result: "LooksResult", seconds: float) -> Iterator[str]:
    """Yield the summary of a comparison of looks: the command of each, counts, and files written."""
    for look in result.looks:
        yield f"{look.number}: {describe(look)}"
        yield f"   {look.command}"
    new = sum(look.is_new for look in result.looks)
    yield f"looks: {new} painted, {len(result.looks) - new} reused, in {format_duration(seconds)}"
    yield from (f"wrote: {path}" for path in (result.sheet, result.text, result.data))


def clean_lines(cleaned: "Cleaned", *, dry_run: bool) -> Iterator[str]:
    """Yield the summary of files that were removed from a project, or would be."""
    for folder, count in cleaned.files.items():
        yield f"{folder}/: {_count(count, 'file')}, {_format_bytes(cleaned.bytes[folder])}"
    yield f"{'would remove' if dry_run else 'removed'}: {_format_bytes(cleaned.total)}"


def format_duration(seconds: float) -> str:
    """Format a duration in minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _looks(result: Result) -> list[tuple[str, Result | LayerResult, Settings]]:
    """Return name, result and settings of every layer, or of the whole shot with an empty name."""
    results: tuple[Result | LayerResult, ...] = result.layers or (result,)
    return [(look.name, one, look.settings) for look, one in zip(looks_of(result.settings), results, strict=True)]


def _shot_line(number: int, shot: "ShotPlan") -> str:
    first, last = shot.frames[0], shot.frames[-1]
    return f"shot {number}: frame {first}" if first == last else f"shot {number}: frames {first}-{last}"


def _shot_lines(number: int, shot: "ShotPlan", timecodes: Mapping[int, str], settings: Settings) -> Iterator[str]:
    line = _shot_line(number, shot)
    if not shot.coverage:
        yield line
        return
    lowest = min(shot.frames, key=lambda frame: shot.coverage[frame])
    mean = sum(shot.coverage.values()) / len(shot.coverage)
    least = _percentage(shot.coverage[lowest], settings.coverage)
    yield f"{line}, coverage {mean:.0%} on average, {least} at minimum (frame {lowest})"
    rows = [(str(key.frame), timecodes[key.frame], f"{key.gained:.1%}", key.reason) for key in shot.keyframes]
    head = ("keyframe", "timecode", "gains", "reason")
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(3)]
    for row in (head, *rows):
        frame, code, gains = (text.rjust(width) for text, width in zip(row[:3], widths, strict=True))
        yield f"  {frame}  {code}  {gains}  {row[3]}"
    below = [frame for frame in shot.frames if shot.coverage[frame] < settings.coverage]
    if below:
        yield f"  {name_frames(below)}: covered by less than {100 * settings.coverage:g}%"


def _percentage(value: float, target: float) -> str:
    """Format a share as a percentage, with the digits it takes to be below the target if, and only if, it is."""
    texts = (f"{value:.{digits}%}" for digits in range(_MAX_DIGITS))
    below = value < target
    return next((text for text in texts if (float(text[:-1]) / 100 < target) == below), f"{value:.{_MAX_DIGITS}%}")


def _key_lines(result: Result | LayerResult, settings: Settings) -> Iterator[str]:
    """Yield the counts of a look's keys, and its refinement rounds."""
    painted, rendered = len(result.painted), len(result.rendered)
    keys = sum(len(shot.keyframes) for shot in result.shots)
    if settings.runs("render"):
        yield f"keyframes: {rendered} rendered, {painted} painted, {keys - rendered - painted} reused"
    if settings.refine and not result.refinements and settings.runs("render") and settings.runs("propagate"):
        yield "refined: no further keyframe would improve the result enough"
    for number, one in enumerate(result.refinements, 1):
        outcome = "kept" if one.kept else "removed"
        if one.after is not None:
            yield f"refined {number}: keyframe {one.frame}, error {one.before:.4f} to {one.after:.4f}, {outcome}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _format_bytes(count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
