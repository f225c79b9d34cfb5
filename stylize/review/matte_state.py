"""State of the mattes of a look for the page: painted frames, confidence of the others, and frames to paint next."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from masks.keyframe_suggestions import MIN_CONFIDENCE, suggested_keyframes, weak_frames
from stylize.context.matte_confidence import read_confidence
from stylize.errors import MatteError
from stylize.planning.cuts import split
from stylize.review.matte_actions import clicks_of, model_of
from stylize.review.painted_mattes import matte_folders, matte_version, painted_frames
from stylize.review.shown_cuts import shown_cuts
from stylize.review.shown_project import Part, ShownProject
from stylize.settings import is_matte_keyword
from stylize.settings.network_matte import format_prompt
from stylize.visible_text import visible


@dataclass(frozen=True)
class Suggestion:
    """Frame in which a painted matte would help most. reason: for display."""

    frame: int
    reason: str


def matte_state(project: ShownProject, part: Part) -> dict[str, Any]:
    """Return everything that the panel of mattes shows of a part, except pictures."""
    layer = part.look.name
    painted, confidence = list(painted_frames(project, layer)), tracked_confidence(project, layer)
    shots = split(project.shot.frames, shown_cuts(project, part))
    return {
        "size": list(project.shot.size),
        "painted": [
            {"frame": frame, "version": matte_version(path)} for frame, path in painted_frames(project, layer).items()
        ],
        "matte": visible(part.look.settings.matte or ""),
        "is_tracked": part.look.settings.matte == str(matte_folders(project, layer).tracked),
        "is_full_size": part.base == project.root and bool(layer) == bool(project.settings.layers),
        "changed": changed_mattes(project, layer, confidence),
        "suggestions": [asdict(one) for one in suggestions(shots, painted, confidence)],
        "weak": len(weak_frames(confidence)),
        "min_confidence": MIN_CONFIDENCE,
        "clicks": [format_prompt(one) for one in clicks_of(project, part)],
        "model": visible(model_of(part) or part.look.settings.segmenter or ""),
    }


def tracked_confidence(project: ShownProject, layer: str) -> dict[int, float]:
    """Return the confidence of the propagated mattes, by frame; empty before they are made."""
    try:
        found = read_confidence(matte_folders(project, layer).tracked)
    except MatteError:
        return {}
    return {frame: value for frame, value in found.items() if project.has_frame(frame)}


def matte_confidence(project: ShownProject, part: Part) -> dict[int, float]:
    """Return the confidence of the mattes of a look, by frame: of those that runs use, or of those propagated here."""
    matte = part.look.settings.matte
    folder = matte_folders(project, part.look.name).tracked if matte is None or is_matte_keyword(matte) else Path(matte)
    try:
        found = read_confidence(folder if folder.is_dir() else folder.parent)
    except MatteError:
        return {}
    return {frame: value for frame, value in found.items() if project.has_frame(frame)}


def suggestions(
    shots: Sequence[Sequence[int]], painted: Sequence[int], confidence: Mapping[int, float]
) -> list[Suggestion]:
    """Return the frames to paint next, most useful first: shots without a painted matte, then the weakest frames."""
    found = [
        Suggestion(shot[0], f"frames {shot[0]} to {shot[-1]} have no painted matte")
        for shot in shots
        if not set(shot) & set(painted)
    ]
    begun = [shot for shot in shots if set(shot) & set(painted)]
    known = {frame: confidence.get(frame, 1.0) for shot in begun for frame in shot}
    weak = [frame for frame in suggested_keyframes(known, begun, painted) if frame not in painted]
    return found + [Suggestion(frame, f"expected overlap {known[frame]:.2f}") for frame in weak]


def changed_mattes(project: ShownProject, layer: str, confidence: Mapping[int, float]) -> list[int]:
    """Return the frames whose painted matte was added, changed or removed since mattes were last propagated."""
    folders = matte_folders(project, layer)
    painted = painted_frames(project, layer)
    table = folders.tracked / "confidence.csv"
    when = table.stat().st_mtime_ns if table.is_file() else 0
    changed = {frame for frame, path in painted.items() if path.stat().st_mtime_ns > when}
    return sorted(changed | {frame for frame, value in confidence.items() if value == 1.0 and frame not in painted})
