"""Summaries of results, line by line, as the command prints them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from stylize.context.matte_confidence import review_line
from stylize.look_comparison.files import describe
from stylize.media.sequences import format_frames, name_frames
from stylize.project.version_names import NOT_COMPARED
from stylize.project.version_store import MAX_BYTES, MAX_VERSIONS
from stylize.result import LayerResult, Result
from stylize.settings import Settings, looks_of
from stylize.settings.command_words import shell_command

if TYPE_CHECKING:
    from stylize.approval import Approval
    from stylize.look_comparison.painted_look import LooksResult
    from stylize.matting.matte_pipeline import MatteResult
    from stylize.planning.picking import ShotPlan
    from stylize.project import Cleaned, Note, Restored, Version
    from stylize.quality.version_comparison import VersionComparison

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
    if cleaned.versions:
        kept = f"{_count(cleaned.versions, 'version')}, {_format_bytes(cleaned.version_bytes)}"
        yield f"kept: {kept}, which only --versions removes"


def saved_lines(version: "Version") -> Iterator[str]:
    """Yield the summary of a version that was saved."""
    yield f"saved: {version_line(version)}"
    if version.frames:
        kept = f"{_count(len(version.frames), 'frame')} saved to compare"
        yield f"{kept}; after the version is restored, a run makes them again"
    else:
        yield "frames are not saved; after the version is restored, a run makes them again"


def version_line(version: "Version", *, is_present: bool = False) -> str:
    """Return a version in one line: name, time, number of pictures, size, and its looks."""
    pictures = sum("/keys/" in f"/{file.name}" for file in version.files)
    facts = [version.saved, _count(pictures, "key picture"), _format_bytes(version.bytes), version.look]
    why = f"  (saved before {version.before} was restored)" if version.before else ""
    return f"{version.name}  {'  '.join(facts)}{why}{'  (present)' if is_present else ''}"


def list_lines(versions: Sequence["Version"], present: str, size: int) -> Iterator[str]:
    """Yield the list of the versions of a project. present: name of the one that it has now. size: of the store."""
    yield from (version_line(one, is_present=one.name == present) for one in versions)
    yield f"{_count(len(versions), 'version')}, {_format_bytes(size)}; at most {MAX_VERSIONS}, {MAX_BYTES / 1e9:g} GB"
    if versions and not present:
        yield "the present state is not saved"


def note_line(note: "Note") -> str:
    """Return a note in one line: number, frame, box and text."""
    box = "" if note.box is None else f"  box {','.join(f'{share:g}' for share in note.box)}"
    return f"{note.number}  frame {note.frame}{box}  {' '.join(note.text.split())}"


def approval_lines(approval: "Approval") -> Iterator[str]:
    """Yield the summary of an approval, with the command that checks the golden project."""
    for layer, keys in approval.keys.items():
        yield f"locked: {_count(len(keys), 'key')}{f' of layer {layer}' if layer else ''}"
    yield f"wrote: {approval.golden}, with {_count(approval.frames, 'approved frame')}"
    yield f"check it with: {shell_command(['stylize', 'check', str(approval.golden.parent), '--trust'])}"


def restored_lines(restored: "Restored") -> Iterator[str]:
    """Yield the summary of a version that was restored."""
    if restored.saved is not None:
        yield f"the state before is saved as {restored.saved.name}"
    else:
        yield f"the state before is that of {restored.known}"
    changes = f"{_count(restored.written, 'file')} written, {restored.removed} removed"
    yield f"restored: {restored.version.name}, {changes}; run the project to make its frames"


def comparison_lines(found: "VersionComparison") -> Iterator[str]:
    """Yield the comparison of two versions: settings, keys, choices for them, figures, and files written."""
    one, other = found.names
    for name, values in found.settings.items():
        yield f"setting {name}: {' / '.join('default' if value is None else str(value) for value in values)}"
    for part in found.different:
        where = f"{part}: " if part else ""
        yield f"{where}keys that differ: {format_frames(found.different[part]) or 'none'}"
        yield f"{where}keys that are the same: {format_frames(found.equal[part]) or 'none'}"
    for part, choices in found.choices.items():
        where = f"{part}: " if part else ""
        yield from (f"{where}choice for key {frame}: {' / '.join(both)}" for frame, both in choices.items())
    widths = [max(12, len(name) + 2) for name in found.names]
    for shot, measures in found.figures.items():
        yield f"{shot:<34}{one:>{widths[0]}}{other:>{widths[1]}}"
        for name, values in measures.items():
            if values != (None, None):
                yield f"  {name:<32}{_figure(values[0]):>{widths[0]}}{_figure(values[1]):>{widths[1]}}"
    for name in found.without_report:
        yield f"{name} has no report of its frames; before saving, run stylize report"
    if found.note:
        yield f"note: {found.note}"
    yield NOT_COMPARED
    yield from (f"wrote: {path}" for path in (found.sheet, found.data) if path is not None)


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


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
    """Format a share as a percentage, with enough digits to read below the target if, and only if, it is."""
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
