"""State of a project for the page, as values that JSON can represent."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from masks.keyframe_suggestions import MIN_CONFIDENCE
from stylize.errors import InputError, PlanError
from stylize.planning.keys_csv import read_keys
from stylize.planning.plan_report import timecodes
from stylize.review.actions import ACTIONS, command_of
from stylize.review.frame_pictures import OVERLAYS
from stylize.review.key_details import KeyDetails
from stylize.review.known_records import known_records
from stylize.review.overlays import legends
from stylize.review.proxies import WIDTHS
from stylize.review.roots import project_id
from stylize.review.shown_cuts import edited, found_cuts
from stylize.review.shown_matte import shown_matte
from stylize.review.shown_project import Key, Part, ShownProject
from stylize.review.stored_plan import StoredPlan, stored_plan
from stylize.settings import Settings
from stylize.spans.frame_files import ERROR, MIX_SHARE
from stylize.visible_text import visible


def project_state(project: ShownProject, part: Part) -> dict[str, Any]:
    """Return everything that the page shows of a part, except pictures and curves."""
    shot, codes = project.shot, timecodes(project.shot)
    width, height = project.display_size
    results = project.existing(part.root / "out")
    keys, problem = _pictures_of_keys(project, part)
    plan = last_plan(project, part)
    return {
        "id": project_id(project.root),
        "name": visible(shot.name),
        "folder": visible(str(project.root)),
        "part": part.name,
        "parts": [{"name": one.name, "label": visible(one.label)} for one in project.parts.values()],
        "rate": float(shot.rate),
        "width": width,
        "height": height,
        "widths": list(WIDTHS),
        "frames": list(shot.frames),
        "timecodes": [codes[frame] for frame in shot.frames],
        "plates": ranges(shot.frames, project.unpacked(part)),
        "results": ranges(shot.frames, results),
        "cuts": list(plan.cuts),
        "keys": _keys(project, part, plan, keys),
        "default_seed": part.look.settings.seed,
        "paints": part.look.settings.paints,
        "is_draft": part.base != project.root,
        "problem": problem,
        "overlays": _overlays(project, part, keys),
        "legends": {name: asdict(legend) for name, legend in legends().items()},
        "target": part.look.settings.coverage,
        "is_planned": _is_planned(project, part, plan),
        "matte_target": MIN_CONFIDENCE,
        "commands": {
            action: command_of(project.root, action) for action, one in ACTIONS.items() if one.command is None
        },
        "can_run": bool(
            part.look.settings.paints or project.settings.layers or any(k.is_painted for k in keys.values())
        ),
    }


def last_plan(project: ShownProject, part: Part) -> StoredPlan:
    """Return the plan that was recorded last. A draft and the full size use each other's choices."""
    found, frames = found_cuts(project, part), project.shot.frames
    cuts = edited(project, found)
    same_look = [one for one in project.parts.values() if one.look.name == part.look.name and one != part]
    for one in (part, *same_look):
        plan = stored_plan(known_records(one.root), frames, cuts, found)
        if plan.picked or plan.coverage:
            return plan
    return StoredPlan(cuts)


def ranges(frames: Sequence[int], chosen: Collection[int]) -> list[list[int]]:
    """Return the first and last position of each run of chosen frames, which is short for a whole shot."""
    found: list[list[int]] = []
    for place, frame in enumerate(frames):
        if frame not in chosen:
            continue
        if found and found[-1][1] == place - 1:
            found[-1][1] = place
        else:
            found.append([place, place])
    return found


def _pictures_of_keys(project: ShownProject, part: Part) -> tuple[dict[int, Key], str]:
    """Return the keys that have a picture, and why they cannot be read; empty if they can."""
    try:
        return project.keys(part), ""
    except InputError as error:
        return {}, visible(str(error))


def _keys(project: ShownProject, part: Part, plan: StoredPlan, pictures: dict[int, Key]) -> list[dict[str, Any]]:
    """Return the keyframes, ascending: those of the plan or the user, and those that have a picture."""
    settings, frames = part.look.settings, set(project.shot.frames)
    reasons = {frame: key.reason for frame, key in plan.picked.items()}
    named = _named(settings, project.shot.frames)
    reasons = dict.fromkeys(named, "requested") if named else reasons
    reasons |= dict.fromkeys(settings.add_key, "requested")
    reasons = {frame: reason for frame, reason in reasons.items() if frame not in settings.drop_key}
    details, found = KeyDetails(project, part, pictures), []
    for frame in sorted(frames & {*reasons, *pictures, *details.locked}):
        picture, chosen = pictures.get(frame), plan.picked.get(frame)
        is_painted = bool(picture and picture.is_painted)
        default = "locked" if frame in details.locked else "made by an earlier run"
        found.append(
            {
                "frame": frame,
                "reason": visible("painted" if is_painted else reasons.get(frame, default)),
                "painted": is_painted,
                "exists": picture is not None,
                "planned": frame in {*reasons, *details.locked} or is_painted,
                "gained": chosen.gained if chosen else None,
                **details.of(frame),
            }
        )
    return found


def _named(settings: Settings, frames: Sequence[int]) -> Iterable[int]:
    """Return the keyframes that the user has named; none if they are picked, or their table is unreadable."""
    if not isinstance(settings.keyframes, Path):
        return settings.keyframes or ()
    try:
        return read_keys(settings.keyframes, frames, is_partial=True)
    except PlanError:
        return ()


def _is_planned(project: ShownProject, part: Part, plan: StoredPlan) -> bool:
    """Return whether keyframes are known without measuring the shot."""
    if project.settings.layers:
        return any(last_plan(project, one).picked for one in project.parts.values() if one.root != project.root)
    return bool(plan.picked) or bool(list(_named(part.look.settings, project.shot.frames)))


def _overlays(project: ShownProject, part: Part, keys: Mapping[int, Key]) -> list[str]:
    """Return the names of the overlays that any frame has."""
    passes = part.root / "passes"
    has = {
        "new": bool(keys),
        "error": bool(project.existing(passes / ERROR)),
        "source": bool(project.existing(passes / MIX_SHARE)),
        "motion": len(project.shot.frames) > 1,
        "matte": any(shown_matte(project, part, frame) for frame in project.shot.frames[:1]),
    }
    return [name for name in OVERLAYS if has[name]]
