"""Settings for a shot whose frames have other numbers: everything that names frames, moved by the same amount."""

import re
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from stylize.media.sequences import format_frames, parse_range
from stylize.settings.conditions import ControlSpec, Strength, WeightsSpec
from stylize.settings.network_matte import format_network_matte, is_network_matte, read_network_matte
from stylize.settings.options import OPTIONS, Settings
from stylize.settings.schedules import Schedule, is_schedule

_POINT = re.compile(r'(-?\d+)("?\s*:\s*"(?:[^"\\]|\\.)*")')


def shifted_settings(settings: Settings, shift: int, frames: Collection[int], given: Collection[str] = ()) -> Settings:
    """Return the settings with `shift` added to all frame numbers.

    frames: frames of the shot, after the shift; others are dropped. given: options that have the new numbers already.
    """
    present = set(frames)

    def shifted(name: str, value: Any) -> Any:
        if name in ("keyframes", "add_key", "drop_key", "add_cut", "drop_cut") and isinstance(value, tuple):
            return tuple(frame + shift for frame in value if frame + shift in present)
        if name == "frames":
            return _range(value, shift, present)
        if name == "matte" and isinstance(value, str) and is_network_matte(value):
            matte = read_network_matte(value)
            return format_network_matte(
                replace(matte, prompts=tuple(replace(one, frame=one.frame + shift) for one in matte.prompts))
            )
        return _scheduled(value, shift)

    return map_looks(settings, shifted, given)


def map_looks(settings: Settings, change: Callable[[str, Any], Any], kept: Collection[str] = ()) -> Settings:
    """Return settings with all options of the shot and its layers replaced by ``change(name, value)``.

    kept: options that are not changed; "layers" stands for all options of all layers.
    """
    values = {
        name: getattr(settings, name) if name in kept else change(name, getattr(settings, name))
        for name in OPTIONS
        if name != "layers"
    }
    values["layers"] = (
        settings.layers
        if "layers" in kept
        else tuple(
            replace(layer, values=tuple((name, change(name, value)) for name, value in layer.values))
            for layer in settings.layers
        )
    )
    return Settings(**values)


def _range(text: str | None, shift: int, present: Collection[int]) -> str | None:
    if text is None:
        return None
    kept = sorted({frame + shift for part in parse_range(text).parts for frame in part} & {*present})
    if not kept:
        return None
    listed = format_frames(kept)
    return listed if " more" not in listed else ",".join(map(str, kept))


def _scheduled(value: Any, shift: int) -> Any:
    """Return a value with the frames of its schedules shifted."""
    if isinstance(value, Schedule) and len(value.points) > 1:
        return Schedule(tuple((frame + shift, number) for frame, number in value.points))
    if isinstance(value, Strength):
        return replace(value, weight=_scheduled(value.weight, shift))
    if isinstance(value, ControlSpec | WeightsSpec):
        return replace(value, strength=_scheduled(value.strength, shift))
    if isinstance(value, tuple):
        return tuple(_scheduled(one, shift) for one in value)
    if isinstance(value, str) and is_schedule(value):
        return _POINT.sub(lambda match: f"{int(match[1]) + shift}{match[2]}", value)
    return value
