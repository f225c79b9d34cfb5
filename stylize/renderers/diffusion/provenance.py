"""What a key tells of itself: the ``parameters`` text that A1111 and its kin read, and all of it as JSON."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stylize.errors import InputError
from stylize.media.images.png import read_texts

# The names of the texts in the key's PNG. ``prompt`` and ``workflow`` mean a graph of nodes to others.
PARAMETERS, JSON = "parameters", "stylize"
_NEGATIVE = "Negative prompt:"
_VALUE = re.compile(r'\s*([^:,"]+):\s*("(?:\\.|[^"\\])*"|[^,]*)(?:,|$)')


@dataclass(frozen=True)
class Provenance:
    """How one key was made.

    settings: all that was asked for, by option. frame, seed, prompt, negative, steps, cfg, denoise: of this key.
    size: (width, height) it was worked at. precision: of the numbers. taken: steps taken to save memory or numbers.
    upscale: how it was painted again in tiles, if it was: size, tile, tiles, denoise.
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
    upscale: Mapping[str, Any] | None = None


def texts(made: Provenance) -> dict[str, str]:
    """Both texts, by their names in a PNG."""
    return {PARAMETERS: parameters(made), JSON: json.dumps(asdict(made), sort_keys=True, ensure_ascii=True)}


def parameters(made: Provenance) -> str:
    """The text that A1111 writes: the prompt, the negative one, and a line of names and values."""
    lines = [made.prompt] + ([f"Negative prompt: {made.negative}"] if made.negative else [])
    metadata: dict[str, Any] = {
        "Steps": made.steps, "Sampler": made.sampler, "CFG scale": f"{made.cfg:g}", "Seed": made.seed,
        "Size": f"{made.size[0]}x{made.size[1]}", "Model hash": made.model_hash, "Model": made.model,
        "Denoising strength": f"{made.denoise:g}",
    }  # fmt: skip
    if made.clip_skip != 1:
        metadata["Clip skip"] = made.clip_skip
    if made.upscale is not None:
        wide, high = made.upscale["size"]
        # As A1111 names what its second, larger pass is told.
        metadata |= {"Hires resize": f"{wide}x{high}", "Hires denoising strength": f"{made.upscale['denoise']:g}"}
    metadata |= {f"ControlNet {number}": _unit(control) for number, control in enumerate(made.controls)}
    metadata["Version"] = f"stylize {made.versions['stylize']}"
    return "\n".join([*lines, ", ".join(f"{name}: {_quoted(value)}" for name, value in metadata.items())])


def _unit(control: Mapping[str, Any]) -> str:
    return (
        f"Module: {control['kind']}, Model: {control['model']}, Weight: {control['weight']:g}, "
        f"Guidance Start: {control['start']:g}, Guidance End: {control['end']:g}"
    )


def _quoted(value: Any) -> str:
    """As A1111 quotes: what holds a comma, a colon or a line's end is written as JSON."""
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if any(mark in text for mark in ",:\n") else text


def read_parameters(text: str) -> tuple[str, str, dict[str, str]]:
    """Prompt, negative prompt, and names and values, of a text as A1111 writes it; no values where it has none."""
    lines = text.strip().splitlines()
    values: dict[str, str] = {}
    if lines and lines[-1].startswith("Steps: "):
        values = {match[1].strip(): _unquoted(match[2]) for match in _VALUE.finditer(lines.pop())}
    words = "\n".join(lines)
    prompt, _, negative = words.partition(_NEGATIVE) if _NEGATIVE in words else (words, "", "")
    return prompt.strip(), negative.strip(), values


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value.strip()
    try:
        return str(json.loads(value))
    except ValueError:
        return value


def read_provenance(path: Path) -> dict[str, Any]:
    """What a key tells: as our JSON has it, or ``{"parameters": text}`` as A1111 writes it.

    path: a PNG with either, or a file with that text alone. Raises InputError where nothing is told.
    """
    texts = read_texts(path)
    if not texts and path.suffix.lower() in (".json", ".txt"):
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path} cannot be read as text; give a key's PNG, JSON or parameters") from error
        texts = {JSON if text.lstrip().startswith("{") else PARAMETERS: text}
    if JSON in texts:
        try:
            metadata = json.loads(texts[JSON])
        except ValueError:
            metadata = None
        if isinstance(metadata, dict) and isinstance(metadata.get("settings"), dict):
            return metadata
        raise InputError(f"{path}: its JSON is none of a key of ours; give the key as it was painted")
    if PARAMETERS in texts:
        return {PARAMETERS: texts[PARAMETERS]}
    raise InputError(
        f"{path} does not tell how it was painted; expected a PNG of ours or of A1111, not saved anew by another "
        "program, or its text as .json or .txt"
    )


def recorded_hash(metadata: Mapping[str, Any]) -> str | None:
    """The hash of the model that painted it, if it is told."""
    found = (
        read_parameters(metadata[PARAMETERS])[2].get("Model hash")
        if PARAMETERS in metadata
        else metadata.get("model_hash")
    )
    return None if found is None else str(found)


def differences(path: Path, now: Mapping[str, Any]) -> list[str]:
    """Lines on what is otherwise now than when a key was painted, so that other bits come out.

    now: model_hash, device, precision and versions, as keys of ours tell them.
    """
    metadata = read_provenance(path)
    lines = []
    if recorded_hash(metadata) not in (None, now["model_hash"]):
        lines.append(
            f"the model has the hash {now['model_hash']}, and {path} was painted with {recorded_hash(metadata)}: "
            "another picture comes out"
        )
    for name, preposition in (("device", "on"), ("precision", "in")):
        if metadata.get(name) not in (None, now[name]):
            lines.append(
                f"{path} was painted {preposition} {metadata[name]}, now it is {now[name]}: other bits come out"
            )
    then, versions = metadata.get("versions") or {}, now["versions"]
    changed = [name for name in versions if then.get(name, versions[name]) != versions[name]]
    if changed:
        other = ", ".join(f"{name} {then[name]}, now {versions[name]}" for name in changed)
        lines.append(f"{path} was painted with {other}: other bits may come out")
    return lines
