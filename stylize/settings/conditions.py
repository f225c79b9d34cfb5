"""Options for the conditioning of a diffusion model, apart from the prompt: controls, LoRAs and an IP-Adapter."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from stylize.errors import SettingsError
from stylize.settings.number_text import format_number
from stylize.settings.schedules import Schedule, constant, read_schedule

CONTROLS = ("canny", "softedge", "lineart", "lineart_anime", "depth", "normal", "openpose", "tile", "shuffle")
LARGEST_WEIGHT = 2.0
# Prefix of a path inside a Hugging Face repo: hf://owner/name/file.
REMOTE = "hf:"
_NUMBER = r"\d+(?:\.\d*)?|\.\d+"
# A weight in brackets may change by frame, in Deforum's syntax, whose numbers may be bracketed too.
_BY_FRAME = r"\((?:[^()]|\([^()]*\))*\)"
_TAIL = re.compile(rf"(?::(?P<weight>{_NUMBER}|{_BY_FRAME})(?::(?P<start>{_NUMBER})-(?P<end>{_NUMBER}))?)?$")


@dataclass(frozen=True)
class Strength:
    """Strength of a conditioning: weight by frame, 0..2; start and end as shares of the steps, 0..1."""

    weight: Schedule = constant(1.0)
    start: float = 0.0
    end: float = 1.0

    @property
    def is_active(self) -> bool:
        """Return whether the strength is above 0 at any frame."""
        return max(self.weight.values()) > 0

    def __str__(self) -> str:
        points = self.weight.points
        weight = format_number(points[0][1]) if len(points) == 1 else f"({self.weight})"
        if (self.start, self.end) != (0.0, 1.0):
            return f":{weight}:{format_number(self.start)}-{format_number(self.end)}"
        return "" if self.weight == constant(1.0) else f":{weight}"


@dataclass(frozen=True)
class ControlSpec:
    """A requested ControlNet. path: path of ready-made pictures; None derives them from the plate."""

    kind: str
    path: Path | None
    strength: Strength

    def __str__(self) -> str:
        return f"{self.kind}{'' if self.path is None else f'={self.path}'}{self.strength}"


@dataclass(frozen=True)
class WeightsSpec:
    """A file of weights, of a LoRA or an adapter, and its strength."""

    path: Path
    strength: Strength

    def __str__(self) -> str:
        parts = self.path.parts
        path = f"{REMOTE}//{'/'.join(parts[1:])}" if parts[0] == REMOTE else self.path
        return f"{path}{self.strength}"


@dataclass(frozen=True)
class ControlModelSpec:
    """Model to use for a kind of control."""

    kind: str
    model: str

    def __str__(self) -> str:
        return f"{self.kind}={self.model}"


def read_control(value: object) -> ControlSpec:
    """Read ``KIND[:weight[:start-end]]`` or ``KIND=PATH[:weight[:start-end]]``. Raises SettingsError otherwise."""
    if isinstance(value, ControlSpec):
        return value
    name, strength = _split_strength(value, "KIND or KIND=PATH, such as canny:0.8:0-0.6")
    kind, equals, path = name.partition("=")
    _check_kind(kind, str(value))
    if equals and not path:
        raise SettingsError(f"{str(value)!r} has no path after the equals sign; add one, or remove the equals sign")
    return ControlSpec(kind, Path(path) if path else None, strength)


def read_weights_spec(value: object) -> WeightsSpec:
    """Read ``PATH[:weight[:start-end]]``. Raises SettingsError for anything else."""
    if isinstance(value, WeightsSpec):
        return value
    name, strength = _split_strength(
        os.fspath(value) if isinstance(value, os.PathLike) else value, "PATH or PATH:weight"
    )
    return WeightsSpec(Path(name), strength)


def read_control_model(value: object) -> ControlModelSpec:
    """Read ``KIND=MODEL``. Raises SettingsError for anything else."""
    if isinstance(value, ControlModelSpec):
        return value
    kind, equals, model = value.partition("=") if isinstance(value, str) else ("", "", "")
    if not equals or not model:
        raise SettingsError(f"expected KIND=MODEL, found {str(value)!r}; KIND is one of {', '.join(CONTROLS)}")
    _check_kind(kind, str(value))
    return ControlModelSpec(kind, model)


def _check_kind(kind: str, found: str) -> None:
    if kind not in CONTROLS:
        raise SettingsError(f"expected a kind of control, one of {', '.join(CONTROLS)}, found {found!r}")


def _split_strength(value: object, expected: str) -> tuple[str, Strength]:
    match = _TAIL.search(value) if isinstance(value, str) else None
    if match is None or not isinstance(value, str) or not value[: match.start()]:
        raise SettingsError(f"expected {expected}, found {str(value)!r}")
    start, end = (float(match[name] or other) for name, other in (("start", 0.0), ("end", 1.0)))
    try:
        weight = read_schedule((match["weight"] or "1").removeprefix("(").removesuffix(")"), 0, LARGEST_WEIGHT)
    except ValueError:
        weight = None
    if weight is None or not 0 <= start < end <= 1:
        raise SettingsError(
            f"{value!r}: expected a weight from 0 to {LARGEST_WEIGHT:g}, or by frame such as (0: 0.4, 40: 0.9), and "
            "start-end within 0-1, start below end"
        )
    return value[: match.start()], Strength(weight, start, end)
