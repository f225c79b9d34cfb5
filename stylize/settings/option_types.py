"""Types of options: how their values are read, checked, stored and named in messages."""

import json
import math
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from masks.prompts import Prompt
from stylize import limits
from stylize.errors import SettingsError
from stylize.extensions.built_in import BUILT_IN
from stylize.extensions.discovery import names
from stylize.extensions.registrations import EXPORTERS, FLOW, RENDERERS, SEGMENTERS
from stylize.settings import readers
from stylize.settings.compound import read_guides, read_levels, read_matte_keys, read_screen, resolve_guide
from stylize.settings.conditions import read_control, read_control_model, read_weights_spec
from stylize.settings.crypto_matte import crypto_names, is_crypto_matte
from stylize.settings.network_matte import (
    BOX,
    CLICK,
    EXCLUDE,
    format_network_matte,
    format_position,
    is_network_matte,
    is_prompt,
    read_network_matte,
    read_prompt,
)
from stylize.settings.number_text import format_short
from stylize.settings.path_resolution import (
    Base,
    resolve_control,
    resolve_control_model,
    resolve_each,
    resolve_model,
    resolve_path,
    resolve_weights,
)
from stylize.settings.samplers import SAMPLERS, known_sampler
from stylize.settings.server_address import EXAMPLE, read_server_url

STAGES = ("conform", "split", "pick", "render", "propagate", "export")
# Readers of options, apart from the stages: the plan as a table and a picture, ``stylize matte`` and ``stylize looks``.
PLAN, MATTE, LOOKS = "plan", "matte", "looks"
# Goals that keyframes can be placed for.
OPTIMISE_FOR = ("mean", "worst")
DEVICES, PRECISIONS = ("auto", "cuda", "mps", "cpu"), ("auto", "float16", "bfloat16", "float32")
# Layouts of passes, and the keyword that replaces the path of a depth pass.
PASSES_AS, DEPTH_AUTO = ("multipart", "sequences"), "auto"
# Ways to make interlaced frames progressive; see ``stylize.media.conformed_fields``.
DEINTERLACE = ("auto", "frames", "fields", "film", "off")
# Kinds of alpha of a movie.
ALPHA_MODES = ("straight", "premultiplied")
# Minimum number of frames that a drawing is held for, in animators' terms. Plates that repeat are held together, except
# with "ones".
FRAMES_PER_DRAWING = MappingProxyType({"auto": 1, "ones": 1, "twos": 2, "threes": 3})
# Keyword for the shot's own alpha, which replaces a path of mattes.
ALPHA = "alpha"
# Methods of making a matte, apart from a network.
MATTE_METHODS = ("key", "chroma", "luma", "clean")
# Maximum number of pixels to grow, shrink or feather a matte by.
MAX_MATTE_PIXELS = 500
# Maximum number of reference pictures of a look.
MAX_REFERENCES = 16
# Maximum number of looks in a comparison.
MAX_LOOKS = 64


@dataclass(frozen=True)
class OptionType:
    """Type of an option: its values and range in words, how it is read, and how a project file stores it.

    accepts: the annotation of the values that it reads, as written in the typed signatures; names in it are imported
    by ``generate``. read raises ValueError for a value that it does not accept. resolve: converts stored paths, see
    ``path_resolution``. multiple: the flag may be repeated, and the value is a tuple. extensions: the group of
    extensions whose names are the values; the description has those of stylize.
    """

    description: str
    accepts: str
    read: Callable[[Any], Any]
    store: Callable[[Any], Any] = lambda value: value
    metavar: str = "TEXT"
    resolve: Callable[[Any, Base], Any] = lambda stored, base: stored
    multiple: bool = False
    extensions: str = ""

    def expected(self) -> str:
        """Return the description, including installed extensions from other distributions."""
        if not self.extensions:
            return self.description
        return f"{self.description.partition(' of ')[0]} of {', '.join(names(self.extensions))}"


def one_or_several(one: str) -> str:
    """Return the annotation of one value or several."""
    return f"{one} | Iterable[{one}]"


def is_matte_keyword(text: str) -> bool:
    """Return whether this text is a keyword that replaces a path of mattes."""
    return text == ALPHA or is_network_matte(text) or is_crypto_matte(text)


def is_ocio_name(text: str) -> bool:
    """Return whether this text names a configuration that OpenColorIO contains, and is not a path."""
    return text.startswith("ocio://")


def _read_matte_source(value: Any) -> str:
    if readers.is_several(value):
        values = list(value)
        texts = [str(readers.path(one)) for one in values]
        if len(texts) > 1 and not all(map(is_prompt, texts)):
            raise SettingsError(
                f"expected one matte, as only click:, exclude: and box: may be repeated, found {' '.join(texts)}"
            )
        value = values[0] if len(texts) == 1 else " ".join(texts)
    # A Path object is never a keyword, whatever its name.
    if isinstance(value, os.PathLike) and is_matte_keyword(os.fspath(value)):
        return f".{os.sep}{os.fspath(value)}"
    text = str(readers.path(value))
    if is_crypto_matte(text):
        crypto_names(text)
    return format_network_matte(read_network_matte(text)) if is_network_matte(text) else text


def _read_references(value: Any) -> Path | tuple[Path, ...]:
    """Read the path of one picture, or of several. One in a list is the same as one alone."""
    if not readers.is_several(value):
        return readers.path(value)
    paths = tuple(map(readers.path, value))
    if not paths:
        raise ValueError
    if len(paths) > MAX_REFERENCES:
        raise SettingsError(f"expected at most {MAX_REFERENCES} pictures, found {len(paths)}; leave some out")
    return paths[0] if len(paths) == 1 else paths


def _read_prompts(kind: str) -> Callable[[Any], tuple[Prompt, ...]]:
    return readers.each(lambda value: read_prompt(kind, value))


def _format_positions(prompts: Any) -> list[str]:
    return [format_position(prompt) for prompt in prompts]


def _read_depth_source(value: Any) -> str:
    text = str(readers.path(value))
    return f".{os.sep}{text}" if isinstance(value, os.PathLike) and text == DEPTH_AUTO else text


def _read_exports(value: Any) -> tuple[str, ...]:
    words = [word.strip() for text in ([value] if isinstance(value, str) else value) for word in text.split(",")]
    for word in words:
        _check_name(EXPORTERS, word)
    built_in = [name for name in BUILT_IN[EXPORTERS] if name in words]
    return (*built_in, *sorted(set(words) - set(built_in)))


def _check_name(group: str, value: Any) -> str:
    """Return the name of an extension. Raises ValueError for one that is not installed."""
    if not isinstance(value, str) or (value not in BUILT_IN[group] and value not in names(group)):
        raise ValueError
    return value


def extension_name(group: str) -> OptionType:
    """Return the type of an option that selects an extension, of stylize or of another distribution."""
    own = BUILT_IN[group]
    return OptionType(
        f"one of {', '.join(own)}", "str", lambda value: _check_name(group, value), metavar="|".join(own),
        extensions=group,
    )  # fmt: skip


def choice(choices: tuple[str, ...], accepts: str = "") -> OptionType:
    """Return the type of an option that takes one of several words. accepts: ``str`` if more may be added."""
    accepts = accepts or f"Literal[{', '.join(map(json.dumps, choices))}]"
    return OptionType(f"one of {', '.join(choices)}", accepts, readers.one_of(choices), metavar="|".join(choices))


# Range of the number of candidates of a key.
MIN_CANDIDATES, MAX_CANDIDATES = 2, 16
PATH_LIKE, WHOLE_NUMBER, NUMBER_OR_TEXT = "str | os.PathLike[str]", "int | str", "float | str"

PATH = OptionType("a path", PATH_LIKE, readers.path, str, "PATH", resolve_path)
REFERENCES = OptionType(
    "a path, or several", one_or_several(PATH_LIKE), _read_references,
    lambda value: readers.texts(value) if isinstance(value, tuple) else str(value), "PICTURE",
    lambda stored, folder: resolve_path(stored, folder) if isinstance(stored, str)
    else resolve_each(resolve_path)(stored, folder), multiple=True,
)  # fmt: skip
PATHS = OptionType(
    "a path, or several", one_or_several(PATH_LIKE), readers.each(readers.path), readers.texts, "PATH",
    resolve_each(resolve_path), multiple=True,
)  # fmt: skip
FOLDER = OptionType("a path", PATH_LIKE, readers.path, str, "FOLDER", resolve_path)
TARGET = OptionType("a path", PATH_LIKE, readers.path_text, metavar="PATH", resolve=resolve_path)
GUIDES = OptionType(
    "paths of guides, PATH or PATH:WEIGHT", one_or_several(f"{PATH_LIKE} | GuideSpec"), read_guides, readers.texts,
    "PATH:WEIGHT", resolve_each(resolve_guide), multiple=True,
)  # fmt: skip
MATTE_SOURCE = OptionType(
    "a path, alpha, crypto:NAME, auto, click:x,y@frame or box:x0,y0,x1,y1@frame", one_or_several(PATH_LIKE),
    _read_matte_source, metavar="PATH", multiple=True,
    resolve=lambda stored, folder: stored if is_matte_keyword(stored) else resolve_path(stored, folder),
)  # fmt: skip
DEPTH_SOURCE = OptionType(
    "a path, or the word auto", PATH_LIKE, _read_depth_source, metavar="PATH|auto",
    resolve=lambda stored, folder: stored if stored == DEPTH_AUTO else resolve_path(stored, folder),
)  # fmt: skip
MATTE_MODEL = OptionType(
    "a file, a folder or a repo id", PATH_LIKE, lambda value: str(readers.path(value)), metavar="MODEL",
    resolve=resolve_model,
)  # fmt: skip
CLICKS = OptionType(
    "points such as 320,200@12", one_or_several("str | Point"), _read_prompts(CLICK), _format_positions, "X,Y@FRAME",
    multiple=True,
)  # fmt: skip
EXCLUDED = replace(CLICKS, read=_read_prompts(EXCLUDE))
BOXES = OptionType(
    "boxes such as 100,50,300,200@12", one_or_several("str | Box"), _read_prompts(BOX), _format_positions,
    "X0,Y0,X1,Y1@FRAME", multiple=True,
)  # fmt: skip
SCREEN = OptionType("green, blue or a colour such as #14b43c", "str", read_screen, metavar="COLOUR")
LEVELS = OptionType("two levels from 0 to 1, such as 0.1:0.3", "str | Levels", read_levels, str, "LOW:HIGH")
MATTE_KEYS = OptionType(
    "a frame and a picture, such as 40:mask.png", one_or_several("str | MatteKey"), read_matte_keys, readers.texts,
    "FRAME:PICTURE", multiple=True,
)  # fmt: skip
MODEL = OptionType(
    "a folder, a file or a repo id", PATH_LIKE, readers.path_text, metavar="MODEL", resolve=resolve_model
)
CONTROL = OptionType(
    "controls such as canny:0.8:0-0.6 or depth=PATH", one_or_several("str | ControlSpec"), readers.each(read_control),
    readers.texts, "KIND[=PATH][:W[:A-B]]", resolve_each(resolve_control), multiple=True,
)  # fmt: skip
CONTROL_MODEL = OptionType(
    "KIND=MODEL", one_or_several("str | ControlModelSpec"), readers.each(read_control_model), readers.texts,
    "KIND=MODEL", resolve_each(resolve_control_model), multiple=True,
)  # fmt: skip
LORAS = OptionType(
    "files such as style.safetensors:0.8", one_or_several(f"{PATH_LIKE} | WeightsSpec"),
    readers.each(read_weights_spec), readers.texts, "FILE[:W]", resolve_each(resolve_weights), multiple=True,
)  # fmt: skip
ADAPTER = OptionType(
    "a file such as adapter.safetensors:0.8:0-0.6", f"{PATH_LIKE} | WeightsSpec", read_weights_spec, str,
    "FILE[:W[:A-B]]", resolve_weights,
)  # fmt: skip
SAMPLER = OptionType(f"one of {', '.join(SAMPLERS)}", "str", known_sampler, metavar="NAME")
WORDS = OptionType(
    'a text, or a schedule such as 0: "a village", 100: "a burning village"', "str", readers.scheduled_words
)
FLAG = OptionType("true or false", "bool", readers.flag)
RANGE = OptionType("frames such as 1001-1100 or 10-50x2", "str", readers.frame_range, metavar="RANGE")
FRAMES = OptionType(
    "frames such as 12,40,77 or 1001-1100", "int | str | Iterable[int | str]", readers.frames, readers.format_frames,
    "FRAMES", multiple=True,
)  # fmt: skip
FEW_FRAMES = replace(FRAMES, description="frames such as 40 or 12,40,77", read=readers.few_numbers(MAX_LOOKS))
SEEDS = OptionType(
    "numbers such as 1-3 or 1,5,9", "int | str | Iterable[int | str]", readers.few_numbers(MAX_LOOKS, low=0),
    readers.format_frames, "SEEDS", multiple=True,
)  # fmt: skip
KEYS = OptionType(
    "frames such as 12,40,77 or 1001-1100, or a table such as keys.csv", f"int | {PATH_LIKE} | Iterable[int | str]",
    readers.keyframes, readers.format_frames, "FRAMES",
    lambda stored, folder: resolve_path(stored, folder) if readers.is_table(stored) else stored,
)  # fmt: skip
DURATION = OptionType(
    "a time such as 90s, 10m or 1h30m",
    NUMBER_OR_TEXT,
    readers.duration,
    lambda seconds: f"{format_short(seconds)}s",
    "TIME",
)
RATE = OptionType(
    f"frames per second up to {limits.RATE}, such as 24, 23.976 or 24000/1001", "Fraction | int | str", readers.rate,
    str, "RATE",
)  # fmt: skip
DRAFT_SCALE = OptionType(
    "1/2, 1/3, 1/4 and so on, down to 1/8", "Fraction | float | str", readers.draft_scale, str, "1/N"
)
LOOK_SCALE = OptionType(
    "1, 1/2, 1/3 and so on, down to 1/8", "Fraction | float | str", readers.look_scale, str, "1|1/N"
)
OCIO_CONFIG = OptionType(
    "a path, or a name such as ocio://default", PATH_LIKE, readers.path_text, metavar="CONFIG",
    resolve=lambda stored, folder: stored if is_ocio_name(stored) else resolve_path(stored, folder),
)  # fmt: skip
NAME = OptionType("a name", "str", readers.name, metavar="NAME")
STOPS = OptionType("a number of stops from -20 to 20", NUMBER_OR_TEXT, readers.number(-20, 20), metavar="STOPS")
SHARE = OptionType("a number from 0 to 1", NUMBER_OR_TEXT, readers.number(0, 1), metavar="0..1")
CANDIDATE_COUNT = OptionType(
    f"a whole number from {MIN_CANDIDATES} to {MAX_CANDIDATES}", WHOLE_NUMBER,
    readers.integer(MIN_CANDIDATES, MAX_CANDIDATES), metavar="N",
)  # fmt: skip
COUNT = OptionType("a whole number of 1 or more", WHOLE_NUMBER, readers.integer(1, math.inf), metavar="N")
THREADS_COUNT = OptionType(
    f"a whole number from 1 to {limits.THREADS}", WHOLE_NUMBER, readers.integer(1, limits.THREADS), metavar="N"
)
PROCESSES_COUNT = OptionType(
    f"a whole number from 1 to {limits.PROCESSES}", WHOLE_NUMBER, readers.integer(1, limits.PROCESSES), metavar="N"
)
MEGAPIXELS = OptionType(
    f"a whole number from 1 to {limits.MOST_MEGAPIXELS}",
    WHOLE_NUMBER,
    readers.integer(1, limits.MOST_MEGAPIXELS),
    metavar="N",
)
MATTE_PIXELS = OptionType(
    f"a whole number of pixels from 0 to {MAX_MATTE_PIXELS}", WHOLE_NUMBER, readers.integer(0, MAX_MATTE_PIXELS),
    metavar="PIXELS",
)  # fmt: skip
NUMBER = OptionType("a whole number of 0 or more", WHOLE_NUMBER, readers.integer(0, 2**31 - 1), metavar="N")
STEPS = OptionType("a whole number from 1 to 1000", WHOLE_NUMBER, readers.integer(1, 1000), metavar="N")
EXPORT_KINDS = OptionType(
    f"some of {', '.join(BUILT_IN[EXPORTERS])}", one_or_several("str"), _read_exports, list, "WHAT", multiple=True,
    extensions=EXPORTERS,
)  # fmt: skip
BITS = OptionType("8 or 16", WHOLE_NUMBER, readers.bits, metavar="8|16")
GUIDANCE = OptionType(
    'a number from 1 to 100, or a schedule such as "0: 5, 40: 9"', f"{NUMBER_OR_TEXT} | Schedule",
    readers.scheduled(1, 100), str, "1..100",
)  # fmt: skip
SCHEDULED_SHARE = OptionType(
    'a number from 0 to 1, or a schedule such as "0: 0.4, 40: 0.7"', f"{NUMBER_OR_TEXT} | Schedule",
    readers.scheduled(0, 1), str, "0..1",
)  # fmt: skip
TARGET_URL = OptionType(f"an address such as {EXAMPLE}", "str", read_server_url, metavar="URL")
ALLOWED = OptionType(
    "a path, an address, a repo id or a name", one_or_several(PATH_LIKE), readers.each(readers.path_text), list, "PATH",
    multiple=True,
)  # fmt: skip
RETRIES = OptionType("a whole number from 0 to 20", WHOLE_NUMBER, readers.integer(0, 20), metavar="N")
SKIP = OptionType("a whole number from 1 to 12", WHOLE_NUMBER, readers.integer(1, 12), metavar="N")
SIDE = OptionType("a whole number from 64 to 4096", WHOLE_NUMBER, readers.integer(64, 4096), metavar="PIXELS")
FACTOR = OptionType("a number from 1.1 to 8", NUMBER_OR_TEXT, readers.number(1.1, 8), metavar="FACTOR")
STAGE = choice(STAGES)
RENDERER, FLOW_ESTIMATOR, SEGMENTER = map(extension_name, (RENDERERS, FLOW, SEGMENTERS))
