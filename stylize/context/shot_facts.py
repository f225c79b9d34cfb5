"""Facts about a shot and its look for the headers of sheets and pages: footage, options that differ, references."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import PurePath
from typing import Any

from stylize.media.shot import Shot
from stylize.settings import DIFFUSION, OPTIONS, Settings
from stylize.settings.option import KEYFRAMES, LOOK, MATTE, PROPAGATION
from stylize.sheets import Fact, Reference

# Groups of options that change a look, and options in them that do not, or that the header shows in another form.
_GROUPS = {KEYFRAMES, LOOK, DIFFUSION, MATTE, PROPAGATION}
_HIDDEN = {"renderer", "device", "url", "lora_folder"}
MAX_FACTS = 12


def footage(shot: Shot, shots: int) -> str:
    """Describe footage in one line, as in `48 frames (1-48), 640x360 px, 24 fps, 2 shots`. shots: their number."""
    first, last = shot.frames[0], shot.frames[-1]
    width, height = shot.size
    parts = [
        "1 frame" if first == last else f"{len(shot.frames)} frames", f"{width}x{height} px", f"{_rate(shot.rate)} fps",
        "1 shot" if shots == 1 else f"{shots} shots",
    ]  # fmt: skip
    parts[0] += f" ({first})" if first == last else f" ({first}-{last})"
    if shot.pixel_aspect != 1:
        parts[1] += f", pixels {float(shot.pixel_aspect):.4g}:1"
    return ", ".join(parts)


def look_facts(settings: Settings) -> list[Fact]:
    """Return the renderer, and up to MAX_FACTS options of a look that are not at their default."""
    facts = [
        Fact(name.replace("_", " "), _value(value)) for name, value in settings.stored().items()
        if name not in _HIDDEN and OPTIONS[name].group in _GROUPS
    ]  # fmt: skip
    if len(facts) > MAX_FACTS:
        facts = [*facts[: MAX_FACTS - 1], Fact("options", f"and {len(facts) - MAX_FACTS + 1} more")]
    return [Fact("renderer", settings.renderer), *facts]


def look_references(settings: Settings) -> list[Reference]:
    """Return the reference pictures of a look that still exist."""
    return [Reference(path, path.name) for path in settings.references if path.is_file()]


def _rate(rate: Fraction) -> str:
    return f"{float(rate):.6g}"


def _value(value: Any) -> str:
    """Return the value of an option as text. Of paths, the name is shown: folders differ between machines."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_value(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value))
    text = str(value)
    return PurePath(text).name if PurePath(text).is_absolute() else text
