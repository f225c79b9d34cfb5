"""References: the files, folders, models and services that settings name.

Settings from an untrusted author must not reach outside their project, so this module errs on the safe side: for an
unknown option type, every text that could be a path counts as one.
"""

import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from stylize.errors import StylizeError
from stylize.extensions.built_in import BUILT_IN
from stylize.extensions.options import TextOfFile
from stylize.extensions.registrations import EXPORTERS, FLOW, RENDERERS, SEGMENTERS, RendererRegistration
from stylize.settings import option_types as types
from stylize.settings import readers
from stylize.settings.compound import read_guide, read_matte_key
from stylize.settings.conditions import REMOTE, read_control, read_control_model, read_weights_spec
from stylize.settings.extension_options import EXTENSION_OPTIONS
from stylize.settings.layers import LAYER_TYPE
from stylize.settings.option import Option
from stylize.settings.option_types import OptionType
from stylize.settings.options import OPTIONS

PATH, MODEL, ADDRESS, SERVICE = KINDS = ("path", "model", "address", "service")
# Name of the shot among the options that make references.
SHOT = "shot"
_HUB = f"{REMOTE}//"
_REPO = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
# Word among the options of an extension; it can name a file only in the current folder.
_WORD = re.compile(r"[\w -]*")
# A text that only a type of paths or of free text accepts.
_ANY_PATH = "/folder/name.png"


@dataclass(frozen=True, order=True)
class Reference:
    """Resource that a setting names. option: name of the setting, or ``SHOT``. layer: empty for the whole shot.

    kind: one of KINDS. text: a path is absolute, and may contain ``..`` and links; a Hugging Face model begins with
    hf://; an address is as given; a service is the word that selects it, such as the name of a renderer.
    """

    option: str
    layer: str
    kind: str
    text: str


_Found = Iterator[tuple[str, str]]


def references_of(stored: Mapping[str, Any], options: Mapping[str, Option] = OPTIONS) -> frozenset[Reference]:
    """Return the references of settings in the form that ``Settings.stored`` gives them."""
    found = set[Reference]()
    for name, value in stored.items():
        if name == "layers":
            for place, layer in enumerate(value, 1):
                of_layer = str(layer.get("name", place))
                values = {option: one for option, one in layer.items() if option != "name"}
                found |= {Reference(one.option, of_layer, one.kind, one.text) for one in references_of(values)}
        else:
            found |= {Reference(name, "", kind, text) for kind, text in _find(options[name].type, value)}
    return frozenset(found)


def path_reference(what: str, path: Path) -> Reference:
    """Return the reference for a path that is not the value of an option, such as ``SHOT``."""
    return Reference(what, "", *_path(str(path)))


def shell_word(text: str) -> str:
    """Quote a text as one shell word, to display and paste; control characters are escaped."""
    return shlex.quote("".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text))


def _find(option_type: OptionType, value: Any) -> _Found:
    if option_type in _FINDERS:
        yield from _FINDERS[option_type](value)
    elif option_type.resolve is not _NOT_RESOLVED or _reads_any_path(option_type):
        yield from _of_texts(value)


def _reads_any_path(option_type: OptionType) -> bool:
    """Return whether a type accepts any path as a whole value."""
    try:
        option_type.read(_ANY_PATH)
    except (StylizeError, ValueError, TypeError, ArithmeticError):
        return False
    return True


def _of_texts(value: Any, exclude: Callable[[str], object] = lambda text: False) -> _Found:
    """Yield every text in a value, as a path. exclude: returns true for a text that is not a path."""
    if isinstance(value, str | os.PathLike):
        if not exclude(os.fspath(value)):
            yield _path(os.fspath(value.as_path() if isinstance(value, TextOfFile) else value))
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _of_texts(one, exclude)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _of_texts(one, exclude)


def _each(find: Callable[[str], _Found]) -> Callable[[Any], _Found]:
    """Return a function that finds the references of several values, or of one alone."""

    def find_each(value: Any) -> _Found:
        for one in [value] if isinstance(value, str) else value:
            yield from find(one)

    return find_each


def _model(text: str) -> tuple[str, str]:
    if text.startswith(f"{REMOTE}/"):
        return MODEL, _HUB + text.removeprefix(REMOTE).lstrip("/")
    return (MODEL, _HUB + text) if _REPO.fullmatch(text) else _path(str(Path(text).expanduser()))


def _path(text: str) -> tuple[str, str]:
    return PATH, str(Path(text).absolute())


def _of_control(text: str) -> _Found:
    path = read_control(text).path
    if path is not None:
        yield _path(str(path))


def _of_weights(text: str) -> _Found:
    path = read_weights_spec(text).path
    yield _model(str(path)) if path.parts[0] == REMOTE else _path(str(path))


def _of_adapter(text: str) -> _Found:
    """Yield an adapter, and the folder next to it that is searched for its image encoder."""
    yield from _of_weights(text)
    path = read_weights_spec(text).path
    if path.parts[0] != REMOTE:
        yield _path(str(path.with_name("image_encoder")))


def _unless(keyword: Callable[[str], bool]) -> Callable[[str], _Found]:
    """Return a function that yields a path, unless the text is a keyword."""

    def find(text: str) -> _Found:
        if not keyword(text):
            yield _path(text)

    return find


def _of_depth(text: str) -> _Found:
    yield (SERVICE, text) if text == types.DEPTH_AUTO else _path(text)


def _of_extension(group: str) -> Callable[[str], _Found]:
    """Return a function that yields the name of an extension as a service, unless it is known to access nothing.
    Extensions from other distributions may access anything.
    """

    def find(name: str) -> _Found:
        known = BUILT_IN[group].get(name)
        if known is None or (isinstance(known, RendererRegistration) and not known.is_local):
            yield SERVICE, name

    return find


def _of_table(table: Any) -> _Found:
    """Yield every text in the options of extensions that is more than one word, as a path."""
    return (found for found in _of_texts(table, exclude=_WORD.fullmatch))


def _of_model(text: str) -> _Found:
    yield _model(text)


def _nothing(_: Any) -> _Found:
    return iter(())


# Finders for types without paths that a project file keeps relative.
_NOT_RESOLVED = types.FLAG.resolve
_FINDERS: Mapping[OptionType, Callable[[Any], _Found]] = MappingProxyType(
    {
        types.MODEL: _of_model,
        types.MATTE_MODEL: _of_model,
        types.CONTROL_MODEL: _each(lambda text: iter([_model(read_control_model(text).model)])),
        types.CONTROL: _each(_of_control),
        types.LORAS: _each(_of_weights),
        types.ADAPTER: _of_adapter,
        types.GUIDES: _each(lambda text: iter([_path(str(read_guide(text).path))])),
        types.MATTE_KEYS: _each(lambda text: iter([_path(str(read_matte_key(text).path))])),
        types.MATTE_SOURCE: _unless(types.is_matte_keyword),
        types.OCIO_CONFIG: _unless(types.is_ocio_name),
        types.KEYS: _unless(lambda text: not readers.is_table(text)),
        types.DEPTH_SOURCE: _of_depth,
        types.TARGET_URL: lambda text: iter([(ADDRESS, text)]),
        types.RENDERER: _of_extension(RENDERERS),
        types.FLOW_ESTIMATOR: _of_extension(FLOW),
        types.SEGMENTER: _of_extension(SEGMENTERS),
        types.EXPORT_KINDS: _each(_of_extension(EXPORTERS)),
        EXTENSION_OPTIONS: _of_table,
        # LoRAs named in a prompt are looked up only in --lora-folder.
        types.WORDS: _nothing,
        types.NAME: _nothing,
        # The layers are searched one by one.
        LAYER_TYPE: _nothing,
    }
)
