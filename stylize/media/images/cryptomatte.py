"""Cryptomatte layers of EXR files: their manifests and ranks, after version 1.2 of the specification."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from propagate.arrays import Floats
from stylize.errors import InputError
from stylize.media.images.reading import PartHeader, read_part_channels, read_parts

_ENTRY = re.compile(r"cryptomatte/([^/]+)/(\w+)")
# Channels of a rank layer: two pairs of id and coverage. Programs write r or red.
_PAIRS = (("r", "red"), ("g", "green"), ("b", "blue"), ("a", "alpha"))
_HASH, _CONVERSION = "MurmurHash3_32", "uint32_to_float32"


@dataclass(frozen=True)
class CryptoLayer:
    """One Cryptomatte of a file, such as CryptoObject.

    part: index of the part that holds its ranks. channels: names of id and coverage channels, in the order of ranks.
    manifest: the hash of each name; empty if the file has none.
    """

    name: str
    part: int
    channels: tuple[str, ...]
    manifest: Mapping[str, int]


def crypto_layers(path: Path) -> tuple[CryptoLayer, ...]:
    """Return the Cryptomattes of a file from its headers, in alphabetical order.

    Raises InputError if a file cannot be read, or if ranks are missing, of 16 bits, or hashed in an unknown way.
    """
    parts = read_parts(path)
    entries: dict[str, dict[str, str]] = {}
    for part in parts:
        for key, value in part.attributes.items():
            if match := _ENTRY.fullmatch(key):
                entries.setdefault(match[1], {})[match[2]] = str(value)
    named = [entry for entry in entries.values() if "name" in entry]
    return tuple(_layer(path, parts, entry) for entry in sorted(named, key=lambda entry: entry["name"]))


def read_ranks(path: Path, layer: CryptoLayer) -> Floats:
    """Read pairs of id and coverage: float32 (H, W, 2N), in the display window. Raises InputError."""
    return read_part_channels(path, layer.part, layer.channels)


def _layer(path: Path, parts: Sequence[PartHeader], entry: Mapping[str, str]) -> CryptoLayer:
    name = entry["name"]
    for key, expected in (("hash", _HASH), ("conversion", _CONVERSION)):
        if entry.get(key, expected) != expected:
            raise InputError(f"{path}: expected Cryptomatte with {expected}, found {entry[key]}; render it again")
    for index, part in enumerate(parts):
        found = _rank_channels(part, name)
        if any(part.kinds[part.channels.index(channel)] != "float" for channel in found.values()):
            raise InputError(f"{path}: the ids of {name} have 16 bits, expected 32; render Cryptomatte as float")
        if found:
            pairs = [
                (level, place) for level, place in sorted(found) if place in (0, 2) and (level, place + 1) in found
            ]
            channels = tuple(found[level, one] for level, place in pairs for one in (place, place + 1))
            return CryptoLayer(name, index, channels, _manifest(path, entry))
    raise InputError(f"{path}: the ranks of {name} are missing, expected {name}00.R and so on; render them too")


def _rank_channels(part: PartHeader, name: str) -> dict[tuple[int, int], str]:
    """Return the channels of a Cryptomatte in a part, by level and place among red, green, blue and alpha."""
    pattern = re.compile(rf"(?:.*\.)?{re.escape(name)}(\d\d)\.(\w+)")
    # In some files the name of the level is that of the part, and its channels are not prefixed.
    labels = {f"{part.name}.{channel}": channel for channel in part.channels} | {one: one for one in part.channels}
    found: dict[tuple[int, int], str] = {}
    for label, channel in labels.items():
        match = pattern.fullmatch(label)
        places = [place for place, names in enumerate(_PAIRS) if match and match[2].lower() in names]
        if match and places:
            found[int(match[1]), places[0]] = channel
    return found


def _manifest(path: Path, entry: Mapping[str, str]) -> Mapping[str, int]:
    text, where = entry.get("manifest"), str(path)
    if text is None and "manif_file" in entry:
        name = entry["manif_file"]
        sidecar = path.parent / name
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise InputError(f"{path}: expected the manifest in its folder, found {name}; move it next to the picture")
        where = str(sidecar)
        try:
            text = sidecar.read_text(encoding="utf-8")
        except OSError as error:
            raise InputError(f"{path}: the manifest {sidecar} cannot be read ({error.strerror}); restore it") from error
    try:
        return {str(name): int(value, 16) for name, value in json.loads(text or "{}").items()}
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise InputError(f"{where}: the Cryptomatte manifest is damaged ({error}); render it again") from error
