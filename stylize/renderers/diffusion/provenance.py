"""Metadata of a key: the ``parameters`` text that A1111 and compatible tools read, and the complete data as JSON."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stylize.errors import InputError
from stylize.media.images.png import read_texts

# Names of the text entries in the key's PNG. Other tools store a node graph under ``prompt`` and ``workflow``.
PARAMETERS, JSON = "parameters", "stylize"
# Maximum length of either text as a separate file.
_MAX_TEXT = 1 << 24
_NEGATIVE = "Negative prompt:"
_VALUE = re.compile(r'\s*([^:,"]+):\s*("(?:\\.|[^"\\])*"|[^,]*)(?:,|$)')


@dataclass(frozen=True)
class Provenance:
    """Provenance of one key.

    settings: all settings, by option. frame, seed, prompt, negative, steps, cfg, denoise: of this key.
    size: its working (width, height). precision: floating-point type. taken: measures taken against full memory or
    overflow. upscale: size, tile, tiles and denoise of the repaint in tiles, if any.
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
    """Return both texts, by their names in a PNG."""
    return {PARAMETERS: parameters(made), JSON: json.dumps(asdict(made), sort_keys=True, ensure_ascii=True)}


def parameters(made: Provenance) -> str:
    """Return the text in A1111's format: the prompt, the negative prompt, and a line of names and values."""
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
        # A1111's names for the settings of its second, larger pass.
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
    """Quote a value as A1111 does: a value with a comma, a colon or a newline is written as JSON."""
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if any(mark in text for mark in ",:\n") else text


def read_parameters(text: str) -> tuple[str, str, dict[str, str]]:
    """Parse A1111's text into prompt, negative prompt, and values by name, which may be empty."""
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
    except (ValueError, RecursionError):
        return value


def read_provenance(path: Path) -> dict[str, Any]:
    """Read a key's metadata: the JSON of stylize, or ``{"parameters": text}`` in A1111's format.

    path: a PNG with either, or a file with only that text. Raises InputError if there is neither.
    """
    texts = read_texts(path)
    if not texts and path.suffix.lower() in (".json", ".txt"):
        try:
            with path.open(encoding="utf-8") as file:
                text = file.read(_MAX_TEXT + 1)
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path} cannot be read as text; give a key's PNG, JSON or parameters") from error
        if len(text) > _MAX_TEXT:
            raise InputError(f"{path} has more than {_MAX_TEXT} characters; give a key's PNG, JSON or parameters")
        texts = {JSON if text.lstrip().startswith("{") else PARAMETERS: text}
    if JSON in texts:
        try:
            metadata = json.loads(texts[JSON])
        except (ValueError, RecursionError):
            metadata = None
        if isinstance(metadata, dict) and isinstance(metadata.get("settings"), dict):
            return metadata
        raise InputError(f"{path}: its JSON does not describe a key of stylize; give the key as it was painted")
    if PARAMETERS in texts:
        return {PARAMETERS: texts[PARAMETERS]}
    raise InputError(
        f"{path} has no metadata about how it was painted; give a PNG exactly as stylize or A1111 "
        "saved it, or its text as .json or .txt"
    )


def recorded_hash(metadata: Mapping[str, Any]) -> str | None:
    """Return the hash of the model that painted the key, if recorded."""
    found = (
        read_parameters(metadata[PARAMETERS])[2].get("Model hash")
        if PARAMETERS in metadata
        else metadata.get("model_hash")
    )
    return None if found is None else str(found)


def differences(path: Path, now: Mapping[str, Any]) -> list[str]:
    """List, as lines of text, the changes since a key was painted that may make the result differ.

    now: model_hash, device, precision and versions, as in the metadata of keys.
    """
    metadata = read_provenance(path)
    lines = []
    if recorded_hash(metadata) not in (None, now["model_hash"]):
        lines.append(
            f"the model has the hash {now['model_hash']}, but {path} was painted with {recorded_hash(metadata)}: "
            "the picture will differ"
        )
    for name, preposition in (("device", "on"), ("precision", "in")):
        if metadata.get(name) not in (None, now[name]):
            lines.append(
                f"{path} was painted {preposition} {metadata[name]}, now it is {now[name]}: the result will not be "
                "bit-identical"
            )
    then, versions = metadata.get("versions") or {}, now["versions"]
    changed = [name for name in versions if then.get(name, versions[name]) != versions[name]]
    if changed:
        other = ", ".join(f"{name} {then[name]}, now {versions[name]}" for name in changed)
        lines.append(f"{path} was painted with {other}: the result may not be bit-identical")
    return lines
