"""Drawings that are held, and values that change with the frame, for the timeline."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from propagate.holds import drawings
from stylize.planning.cuts import split
from stylize.review.known_records import known_records
from stylize.review.shown_cuts import shown_cuts
from stylize.review.shown_project import Part, ShownProject
from stylize.settings import FRAMES_PER_DRAWING
from stylize.settings.conditions import ControlSpec, WeightsSpec
from stylize.settings.look_options import LOOK_OPTIONS
from stylize.settings.option_types import WORDS
from stylize.settings.schedules import Schedule, is_schedule, text_points
from stylize.visible_text import visible


def drawing_starts(project: ShownProject, part: Part) -> list[int]:
    """Return the places of the frames that show another drawing than the frame before; empty if all do.

    Repeated plates are known once a run has compared them.
    """
    settings, frames = part.look.settings, project.shot.frames
    hold = FRAMES_PER_DRAWING[settings.on]
    if settings.on == "ones":
        return []
    records, keys = known_records(part.root), set(project.keys(part))
    starts, place = list[int](), 0
    for shot in split(frames, shown_cuts(project, part)):
        known = records.latest_fact(f"repeats {shot[0]}-{shot[-1]}")
        repeats = {one for one in known if isinstance(one, int)} if isinstance(known, list) else set()
        shown = drawings(shot, keys & set(shot), hold, repeats, redraw=hold > 1 and settings.boil > 0)
        previous = None
        for frame in shot:
            if shown[frame] != previous:
                starts.append(place)
            previous, place = shown[frame], place + 1
    return [] if len(starts) == len(frames) else starts


@dataclass(frozen=True)
class ScheduleLane:
    """Option whose value changes with the frame. points: frame and value, ascending. low, high: range of numbers.

    Numbers are linear between points; texts apply up to the next one.
    """

    label: str
    points: tuple[tuple[int, float | str], ...]
    low: float = 0.0
    high: float = 1.0


def schedule_lanes(part: Part) -> list[ScheduleLane]:
    """Return the schedules in the settings of a part."""
    return [lane for name in LOOK_OPTIONS for lane in _lanes(name, getattr(part.look.settings, name))]


def _lanes(name: str, value: Any) -> Iterator[ScheduleLane]:
    option = LOOK_OPTIONS[name]
    label = option.flags[-1].lstrip("-")
    if isinstance(value, str) and option.type is WORDS and is_schedule(value):
        yield ScheduleLane(label, tuple((frame, visible(words)) for frame, words in text_points(value)))
    for suffix, one in _schedules(value):
        if len(one.points) > 1:
            yield ScheduleLane(visible(f"{label}{suffix}"), one.points, min(one.values()), max(one.values()))


def _schedules(value: Any) -> Iterator[tuple[str, Schedule]]:
    if isinstance(value, Schedule):
        yield "", value
    for one in value if isinstance(value, tuple) else (value,):
        if isinstance(one, ControlSpec):
            yield f" {one.kind}", one.strength.weight
        elif isinstance(one, WeightsSpec):
            yield f" {one.path.name}", one.strength.weight
