"""What a key tells of itself: the ``parameters`` text that A1111 and its kin read, and all of it as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

# The names of the texts in the key's PNG. ``prompt`` and ``workflow`` mean a graph of nodes to others.
PARAMETERS, JSON = "parameters", "stylize"


@dataclass(frozen=True)
class Provenance:
    """How one key was made.

    settings: all that was asked for, by option. frame, seed, prompt, negative, steps, cfg, denoise: of this key.
    size: (width, height) it was worked at. precision: of the numbers. taken: steps taken to save memory or numbers.
    """

    settings: Mapping[str, Any]
    frame: int
    seed: int
    prompt: str
    negative: str
    steps: int
    sampler: str
    cfg: float
    denoise: float
    clip_skip: int
    size: tuple[int, int]
    model: str
    model_hash: str
    device: str
    precision: str
    controls: tuple[Mapping[str, Any], ...]
    taken: tuple[str, ...]
    versions: Mapping[str, str]


def texts(made: Provenance) -> dict[str, str]:
    """Both texts, by their names in a PNG."""
    return {PARAMETERS: parameters(made), JSON: json.dumps(asdict(made), sort_keys=True, ensure_ascii=True)}


def parameters(made: Provenance) -> str:
    """The text that A1111 writes: the prompt, the negative one, and a line of names and values."""
    lines = [made.prompt] + ([f"Negative prompt: {made.negative}"] if made.negative else [])
    told: dict[str, Any] = {
        "Steps": made.steps, "Sampler": made.sampler, "CFG scale": f"{made.cfg:g}", "Seed": made.seed,
        "Size": f"{made.size[0]}x{made.size[1]}", "Model hash": made.model_hash, "Model": made.model,
        "Denoising strength": f"{made.denoise:g}",
    }  # fmt: skip
    if made.clip_skip != 1:
        told["Clip skip"] = made.clip_skip
    told |= {f"ControlNet {number}": _unit(control) for number, control in enumerate(made.controls)}
    told["Version"] = f"stylize {made.versions['stylize']}"
    return "\n".join([*lines, ", ".join(f"{name}: {_quoted(value)}" for name, value in told.items())])


def _unit(control: Mapping[str, Any]) -> str:
    return (
        f"Module: {control['kind']}, Model: {control['model']}, Weight: {control['weight']:g}, "
        f"Guidance Start: {control['start']:g}, Guidance End: {control['end']:g}"
    )


def _quoted(value: Any) -> str:
    """As A1111 quotes: what holds a comma, a colon or a line's end is written as JSON."""
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if any(mark in text for mark in ",:\n") else text


def settings_in(text: Mapping[str, str], names: Sequence[str]) -> dict[str, Any]:
    """The settings that the texts of a key tell, those of ``names``, to make it again with. Raises ValueError."""
    told = json.loads(text[JSON]) if JSON in text else None
    if not isinstance(told, dict) or not isinstance(told.get("settings"), dict):
        raise ValueError("no key of ours")
    return {name: value for name, value in told["settings"].items() if name in names}
