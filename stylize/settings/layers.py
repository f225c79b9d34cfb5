"""Layers: several looks on one shot, each with its own options, given as text, as a table, or as Python values.

A layer is equivalent to a run with the options of the shot, those given for all layers, and the layer's own.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stylize.errors import SettingsError
from stylize.media.windows_names import is_device_name
from stylize.settings.extension_options import TABLES, OwnOptions, layer_option, overlay
from stylize.settings.former_names import former_names, reading, renamed
from stylize.settings.look_options import LOOK_OPTIONS
from stylize.settings.option import Option
from stylize.settings.option_types import FLAG, OptionType
from stylize.settings.path_resolution import Base
from stylize.settings.run_options import RUN_OPTIONS
from stylize.settings.suggestions import hint

# Suffixes of the path of a layer's matte, and the options that they set.
_SUFFIXES = {"invert": "matte_invert", "grow": "matte_grow", "shrink": "matte_shrink", "feather": "matte_feather"}
_SUFFIX = re.compile(r":(invert|(?:grow|shrink|feather)=\d+)$")
# Malformed suffixes, such as :grow, :feather=-3 or :blur=2.
_NO_SUFFIX = re.compile(r":((?:invert|grow|shrink|feather)(?:=[^:/]*)?|[A-Za-z]+=-?[\d.]+)$")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True)
class LayerSpec:
    """Request for one layer. name: name of its folder; None for its position, counted from 1.

    values: options given for it, and their values as read.
    """

    name: str | None
    values: tuple[tuple[str, Any], ...]

    def stored(self) -> dict[str, Any]:
        """Return the layer in a form that can be written as TOML."""
        named = {} if self.name is None else {"name": self.name}
        return named | {name: LOOK_OPTIONS[name].store(value) for name, value in self.values}

    def __str__(self) -> str:
        return ",".join(f"{name}={value}" for name, value in self.stored().items())


def _read_layers(value: Any) -> tuple[LayerSpec, ...]:
    alone = isinstance(value, str | Mapping | LayerSpec)
    found = []
    for place, one in enumerate([value] if alone else value, 1):
        with reading(f"layer {place}"):
            found.append(_read_layer(one))
    return tuple(found)


def _read_layer(value: Any) -> LayerSpec:
    if isinstance(value, LayerSpec):
        return value
    if not isinstance(value, str | Mapping):
        raise ValueError
    pairs = list(_split_pairs(value) if isinstance(value, str) else value.items())
    if not pairs:
        raise SettingsError("expected options of a layer, such as matte=person/,style=a.png; found nothing")
    name: str | None = None
    found: dict[str, Any] = {}
    pairs = [pair for key_and_value in pairs for pair in _expand_suffixes(*key_and_value)]
    current = renamed([_as_identifier(key) for key, _ in pairs], LOOK_OPTIONS)
    for key, one in pairs:
        option_name = current[_as_identifier(key)]
        if option_name == "name":
            name = _read_name(one)
            continue
        own = layer_option(option_name) if option_name not in LOOK_OPTIONS else None
        if own is not None:
            table = TABLES[own.registration.group][0]
            found[table] = overlay(found.get(table), OwnOptions(own.registration.name, {own.option.name: one}))
            continue
        option = _find_option(option_name, key)
        one = _read_truth(one) if option.type is FLAG else one
        if option_name in found:
            if not option.type.multiple:
                raise SettingsError(f"{key} is given twice in the layer; give it once")
            one = (*_as_tuple(found[option_name]), *_as_tuple(one))
        found[option_name] = option.read(one)
    return LayerSpec(name, tuple(found.items()))


def _as_identifier(key: str) -> str:
    """Return the name of an option as a Python identifier."""
    return key.strip().replace("-", "_")


def _split_pairs(text: str) -> Iterator[tuple[str, str]]:
    """Split ``matte=person/:invert,keyframes=1,9,prompt="a, b=c"`` into options and values.

    A comma ends a value if another setting follows, but not inside quotation marks. A flag is written without a value.
    """
    options = {**former_names(LOOK_OPTIONS), **LOOK_OPTIONS}
    words = "|".join(name.replace("_", "[-_]") for name, option in options.items() if option.type is FLAG)
    following = re.compile(rf",\s*(?=[A-Za-z][A-Za-z_-]*\s*=|(?:{words})\s*(?:,|$))")
    rest = text.strip()
    while rest:
        if alone := re.match(rf"({words})\s*(?:,\s*|$)", rest):
            yield alone[1], "true"
            rest = rest[alone.end() :]
            continue
        key, equals, value = rest.partition("=")
        if not equals:
            raise SettingsError(
                f"{rest!r} is not a setting of a layer; write NAME=VALUE, such as matte=person/,style=a.png"
            )
        value = value.lstrip()
        quote = value[:1]
        end = re.search(rf"{quote}\s*(?:,\s*(?=[A-Za-z])|$)", value[1:]) if quote in ("'", '"') else None
        if end is not None:
            yield key, value[1 : end.start() + 1]
            rest = value[end.end() + 1 :]
            continue
        parts = following.split(value, maxsplit=1)
        yield key, parts[0].strip()
        rest = parts[1] if len(parts) > 1 else ""


def _expand_suffixes(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the options that the suffixes of a matte set."""
    while key.strip() == "matte" and isinstance(value, str) and (suffix := _SUFFIX.search(value)):
        name, _, pixels = suffix[1].partition("=")
        yield _SUFFIXES[name], pixels or True
        value = value[: suffix.start()]
    if key.strip() == "matte" and isinstance(value, str) and (unknown := _NO_SUFFIX.search(value)):
        raise SettingsError(
            f"matte {value}: unknown suffix {unknown[0]}, expected :invert, :grow=N, :shrink=N or "
            ":feather=N, where N is a whole number of pixels"
        )
    yield key, value


def _find_option(name: str, written: str) -> Option:
    if name in LOOK_OPTIONS:
        return LOOK_OPTIONS[name]
    if name in RUN_OPTIONS or name == "layers":
        flag = RUN_OPTIONS[name].flags[-1] if name in RUN_OPTIONS else "--layer"
        raise SettingsError(
            f"{written} applies to the whole shot, not to a layer; give it outside the layer, as {flag}"
        )
    near = hint(name, LOOK_OPTIONS)
    raise SettingsError(
        f"unknown setting {written!r} of a layer, {f'{near} ' if near else ''}expected one of name, "
        f"{', '.join(LOOK_OPTIONS)}"
    )


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _read_name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise SettingsError(
            "the name of a layer, which names its folder too, must be a letter followed by letters, digits, - and "
            f"_, found {str(value)!r}"
        )
    if is_device_name(value):
        raise SettingsError(f"layer {value!r} has a name that Windows reserves for a device; rename it")
    return value


def _read_truth(value: Any) -> Any:
    return _TRUTH.get(value.lower(), value) if isinstance(value, str) else value


def _store_layers(layers: tuple[LayerSpec, ...]) -> list[dict[str, Any]]:
    return [layer.stored() for layer in layers]


def _resolve_layers(stored: list[dict[str, Any]], base: Base) -> list[dict[str, Any]]:
    return [
        {name: value if name == "name" else LOOK_OPTIONS[name].resolve(value, base) for name, value in layer.items()}
        for layer in stored
    ]


LAYER_TYPE = OptionType(
    "layers such as matte=person/,style=a.png", "str | LayerSpec | LayerDict | Sequence[str | LayerSpec | LayerDict]",
    _read_layers, _store_layers, "NAME=VALUE,...", _resolve_layers, multiple=True
)  # fmt: skip
