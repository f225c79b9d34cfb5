"""What an option may be: how its words are read, checked, stored and told."""

import math
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

from masks.prompts import Prompt
from stylize.errors import SettingsError
from stylize.footage.sequences import parse_range
from stylize.settings.conditions import REMOTE, read_control, read_file, read_model
from stylize.settings.network_matte import (
    BOX,
    CLICK,
    EXCLUDE,
    is_pointing,
    is_words,
    read_prompt,
    read_words,
    spell_place,
    spell_words,
)
from stylize.settings.samplers import SAMPLERS, known_sampler
from stylize.settings.schedules import Schedule, all_texts, read_schedule

STAGES = ("conform", "split", "pick", "render", "propagate", "export")
RENDERERS = ("example", "painted", "diffusion", "a1111", "auto")
# Those that a model paints for, here or elsewhere.
MODEL_RENDERERS = ("diffusion", "a1111")
FLOWS = ("dis", "raft")
DEVICES, PRECISIONS = ("auto", "cuda", "mps", "cpu"), ("auto", "float16", "bfloat16", "float32")
# What can go with the result.
EXPORTS = ("otio", "xml", "fcpxml", "edl", "aftereffects", "nuke", "ebsynth", "passes", "matte", "foreground")
# How passes are laid out, and the word that stands for a path of depth.
PASSES_AS, DEPTH_AUTO = ("multipart", "sequences"), "auto"
# For how many frames a drawing is held, in animators' words.
EVERY = MappingProxyType({"ones": 1, "twos": 2, "threes": 3})
# Weight of a guide that comes without one, that of the plate's colours; and the most, beside which nothing else counts.
GUIDE_WEIGHT, LARGEST_WEIGHT = 12.0, 1000.0
# What stands for the shot's own alpha, where a path of mattes would stand.
ALPHA = "alpha"
# Screens whose colour is found, and the ways to a matte.
SCREENS = ("green", "blue")
MATTE_WAYS = ("key", "chroma", "luma", "clean", "matte_model")
# Pixels that a matte may be changed by.
MOST_REACH = 500
# How the table of a plan ends, where frames may be named as well.
TABLE_SUFFIX = ".csv"
# Longest time that a budget may be, in seconds: a year.
LONGEST = 366 * 24 * 3600.0
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")
# Rates that people write short, over 1001.
SHORT_RATES = {"23.976": 24000, "23.98": 24000, "29.97": 30000, "47.952": 48000, "59.94": 60000, "119.88": 120000}


@dataclass(frozen=True)
class Kind:
    """A kind of value: what it is called in messages, how it is read, and how it is stored in a project file.

    read raises ValueError for what it does not take. whole: makes paths in what is stored whole, seen from a folder.
    many: the flag may be repeated, and the value is a tuple.
    """

    said: str
    read: Callable[[Any], Any]
    store: Callable[[Any], Any] = lambda value: value
    metavar: str = "TEXT"
    whole: Callable[[Any, Path], Any] = lambda stored, folder: stored
    many: bool = False

    def anchor(self, stored: Any, folder: Path = Path()) -> Any:
        """What is stored with its paths made whole; those that are not are seen from ``folder``."""
        return self.whole(stored, folder)


@dataclass(frozen=True)
class GuideAsked:
    """A guide that was asked for, and its weight; as text, and so in a project file, ``path:weight``."""

    path: Path
    weight: float

    def __str__(self) -> str:
        return f"{self.path}:{self.weight!r}"


@dataclass(frozen=True)
class MatteKey:
    """A painted matte and the frame that it belongs to; as text ``frame:path``."""

    frame: int
    path: Path

    def __str__(self) -> str:
        return f"{self.frame}:{self.path}"


@dataclass(frozen=True)
class Levels:
    """Two levels, 0..1; as text ``low:high``."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:g}:{self.high:g}"


def _path(value: Any) -> Path:
    if not isinstance(value, str | Path) or not str(value):
        raise ValueError
    return Path(value)


def is_matte_word(text: str) -> bool:
    """Whether it stands where a path of mattes would stand, and is none."""
    return text == ALPHA or is_words(text)


def _matte_source(value: Any) -> str:
    if isinstance(value, list | tuple):
        texts = [str(_path(one)) for one in value]
        if len(texts) > 1 and not all(map(is_pointing, texts)):
            raise SettingsError(
                f"there is one matte, and only click:, exclude: and box: may be repeated, found {' '.join(texts)}"
            )
        value = value[0] if len(texts) == 1 else " ".join(texts)
    # A path given as such is no word, whatever its name.
    if isinstance(value, Path) and is_matte_word(str(value)):
        return f".{os.sep}{value}"
    text = str(_path(value))
    return spell_words(read_words(text)) if is_words(text) else text


def _pointed(kind: str) -> Callable[[Any], tuple[Prompt, ...]]:
    return _many(lambda value: read_prompt(kind, value))


def _places(prompts: Any) -> list[str]:
    return [spell_place(prompt) for prompt in prompts]


def _depth_source(value: Any) -> str:
    return f".{os.sep}{value}" if isinstance(value, Path) and str(value) == DEPTH_AUTO else str(_path(value))


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def _words(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _scheduled_words(value: Any) -> str:
    all_texts(_words(value))
    return str(value)


def _scheduled(low: float, high: float) -> Callable[[Any], Schedule]:
    return lambda value: read_schedule(value, low, high)


def _many(read: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Reads each of several values, or one alone."""
    return lambda value: tuple(map(read, value if isinstance(value, list | tuple) else [value]))


def _texts(values: Any) -> list[str]:
    return [str(value) for value in values]


def _whole_each(whole: Callable[[str, Path], str]) -> Callable[[Any, Path], Any]:
    return lambda stored, folder: [whole(one, folder) for one in stored]


def _whole_control(stored: str, folder: Path) -> str:
    asked = read_control(stored)
    return str(asked if asked.path is None else replace(asked, path=Path(_whole_path(str(asked.path), folder))))


def _whole_file(stored: str, folder: Path) -> str:
    asked = read_file(stored)
    if asked.path.parts[0] == REMOTE:
        return stored
    return str(replace(asked, path=Path(_whole_path(str(asked.path), folder))))


def _whole_model(stored: str, folder: Path) -> str:
    """A folder or file that is there made whole; a repo id stays."""
    path = Path(stored).expanduser()
    return _whole_path(str(path), folder) if (folder / path).exists() else stored


def _whole_control_model(stored: str, folder: Path) -> str:
    asked = read_model(stored)
    return str(replace(asked, model=_whole_model(asked.model, folder)))


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _range(value: Any) -> str:
    parse_range(_text(value))
    return str(value)


def _frames(value: Any) -> tuple[int, ...]:
    """Frames as one text, or texts and numbers one after the other: a flag may be repeated."""
    if isinstance(value, str):
        return tuple(sorted({n for part in parse_range(value).parts for n in part}))
    each = (_frames(one) if isinstance(one, str) else (_whole(0, math.inf)(one),) for one in value)
    return tuple(sorted({number for some in each for number in some}))


def _keyframes(value: Any) -> tuple[int, ...] | Path:
    """Frames, or the table of a plan that names them."""
    return Path(value) if _is_table(value) else _frames(value)


def _is_table(value: Any) -> bool:
    return isinstance(value, Path) or (isinstance(value, str) and value.lower().endswith(TABLE_SUFFIX))


def _spell_frames(value: tuple[int, ...] | Path) -> str:
    return str(value) if isinstance(value, Path) else ",".join(map(str, value))


def _duration(value: Any) -> float:
    """Seconds. Text has units, and numbers are seconds."""
    if isinstance(value, str):
        parts = _DURATION.fullmatch(value)
        if parts is None or not any(parts.groups()):
            raise ValueError
        return _duration(sum(float(part or 0) * unit for part, unit in zip(parts.groups(), (3600, 60, 1), strict=True)))
    return _number(1, LONGEST)(value)


def _rate(value: Any) -> Fraction:
    rate = Fraction(SHORT_RATES[value], 1001) if value in SHORT_RATES else Fraction(value)
    if rate <= 0 or isinstance(value, bool | float):
        raise ValueError
    return rate


def _whole(low: float, high: float) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool | float) or not low <= int(value) <= high:
            raise ValueError
        return int(value)

    return read


def _bits(value: Any) -> int:
    if isinstance(value, bool | float) or int(value) not in (8, 16):
        raise ValueError
    return int(value)


def _number(low: float, high: float) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        if isinstance(value, bool) or not low <= float(value) <= high:
            raise ValueError
        return float(value)

    return read


def _one_of(choices: tuple[str, ...]) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError
        return str(value)

    return read


def _whole_path(stored: str, folder: Path) -> str:
    """A path made whole; the slash that marks a folder to be made stays."""
    return f"{(folder / stored).resolve()}{'/' if stored.endswith(('/', os.sep)) else ''}"


def _exports(value: Any) -> tuple[str, ...]:
    words = [word.strip() for text in ([value] if isinstance(value, str) else value) for word in text.split(",")]
    if not set(words) <= set(EXPORTS):
        raise ValueError
    return tuple(kind for kind in EXPORTS if kind in words)


def _guides(value: Any) -> tuple[GuideAsked, ...]:
    return tuple(map(_guide, [value] if isinstance(value, str | Path | GuideAsked) else value))


def _guide(value: Any) -> GuideAsked:
    """What follows the last colon is the weight if it is a number: ``C:\\depth`` and ``10:20/depth`` have none."""
    if isinstance(value, GuideAsked):
        return value
    path, _, last = _text(str(value) if isinstance(value, Path) else value).rpartition(":")
    try:
        weight = float(last)
    except ValueError:
        path, weight = str(value), GUIDE_WEIGHT
    if not path or not 0 < weight <= LARGEST_WEIGHT or path.endswith(":"):
        raise SettingsError(
            f"expected PATH or PATH:WEIGHT, with a weight above 0 and up to {LARGEST_WEIGHT:g}, found {str(value)!r}; "
            f"leave the weight out for {GUIDE_WEIGHT:g}"
        )
    return GuideAsked(Path(path), weight)


def _whole_guide(stored: str, folder: Path) -> str:
    asked = _guide(stored)
    return str(GuideAsked(Path(_whole_path(str(asked.path), folder)), asked.weight))


def _screen(value: Any) -> str:
    text = _text(value).lower()
    if text not in SCREENS and not re.fullmatch("#[0-9a-f]{6}", text):
        raise ValueError
    return text


def _levels(value: Any) -> Levels:
    low, high = (value.low, value.high) if isinstance(value, Levels) else map(_number(0, 1), _text(value).split(":"))
    if low == high:
        raise ValueError
    return Levels(low, high)


def _matte_keys(value: Any) -> tuple[MatteKey, ...]:
    return tuple(map(_matte_key, [value] if isinstance(value, str | MatteKey) else value))


def _matte_key(value: Any) -> MatteKey:
    if isinstance(value, MatteKey):
        return value
    frame, _, path = _text(value).partition(":")
    if not frame.isascii() or not frame.isdigit() or not path:
        raise ValueError
    return MatteKey(int(frame), Path(path))


def choice(choices: tuple[str, ...]) -> Kind:
    """One of some words."""
    return Kind(f"one of {', '.join(choices)}", _one_of(choices), metavar="|".join(choices))


PATH = Kind("a path", _path, str, "PATH", _whole_path)
PICTURE = Kind("a path", _path, str, "PICTURE", _whole_path)
FOLDER = Kind("a path", _path, str, "FOLDER", _whole_path)
TARGET = Kind("a path", _text, metavar="PATH", whole=_whole_path)
GUIDES = Kind(
    "paths of guides, PATH or PATH:WEIGHT", _guides, lambda guides: [str(guide) for guide in guides], "PATH:WEIGHT",
    _whole_each(_whole_guide), many=True,
)  # fmt: skip
MATTE_SOURCE = Kind(
    "a path, alpha, auto, click:x,y@frame or box:x0,y0,x1,y1@frame", _matte_source, metavar="PATH",
    whole=lambda stored, folder: stored if is_matte_word(stored) else _whole_path(stored, folder), many=True,
)  # fmt: skip
DEPTH_SOURCE = Kind(
    "a path, or the word auto", _depth_source, metavar="PATH|auto",
    whole=lambda stored, folder: stored if stored == DEPTH_AUTO else _whole_path(stored, folder),
)  # fmt: skip
MATTE_MODEL = Kind(
    "a file, a folder or a repo id", lambda value: str(_path(value)), metavar="MODEL", whole=_whole_model
)
CLICKS = Kind("places as 320,200@12", _pointed(CLICK), _places, "X,Y@FRAME", many=True)
EXCLUDED = Kind("places as 320,200@12", _pointed(EXCLUDE), _places, "X,Y@FRAME", many=True)
BOXES = Kind("boxes as 100,50,300,200@12", _pointed(BOX), _places, "X0,Y0,X1,Y1@FRAME", many=True)
SCREEN = Kind("green, blue or a colour as #14b43c", _screen, metavar="COLOUR")
LEVELS = Kind("two levels from 0 to 1, as 0.1:0.3", _levels, str, "LOW:HIGH")
MATTE_KEYS = Kind(
    "a frame and a picture, as 40:mask.png", _matte_keys, lambda keys: [str(key) for key in keys], "FRAME:PICTURE",
    many=True,
)  # fmt: skip
MODEL = Kind("a folder, a file or a repo id", _text, metavar="MODEL", whole=_whole_model)
CONTROL = Kind(
    "controls as canny:0.8:0-0.6 or depth=PATH", _many(read_control), _texts, "KIND[=PATH][:W[:A-B]]",
    _whole_each(_whole_control), many=True,
)  # fmt: skip
CONTROL_MODEL = Kind(
    "KIND=MODEL", _many(read_model), _texts, "KIND=MODEL", _whole_each(_whole_control_model), many=True
)
LORAS = Kind(
    "files as style.safetensors:0.8", _many(read_file), _texts, "FILE[:W]",
    _whole_each(_whole_file), many=True,
)  # fmt: skip
ADAPTER = Kind("a file as adapter.safetensors:0.8:0-0.6", read_file, str, "FILE[:W[:A-B]]", _whole_file)
SAMPLER = Kind(f"one of {', '.join(SAMPLERS)}", known_sampler, metavar="NAME")
WORDS = Kind('a text, or a schedule as 0: "a village", 100: "a burning village"', _scheduled_words)
FLAG = Kind("true or false", _flag)
RANGE = Kind("frames as 1001-1100 or 10-50x2", _range, metavar="RANGE")
FRAMES = Kind("frames as 12,40,77 or 1001-1100", _frames, _spell_frames, "FRAMES", many=True)
KEYS = Kind(
    "frames as 12,40,77 or 1001-1100, or a table as keys.csv", _keyframes, _spell_frames, "FRAMES",
    lambda stored, folder: _whole_path(stored, folder) if _is_table(stored) else stored,
)  # fmt: skip
DURATION = Kind("a time as 90s, 10m or 1h30m", _duration, lambda seconds: f"{seconds:g}s", "TIME")
RATE = Kind("frames per second as 24, 23.976 or 24000/1001", _rate, str, "RATE")
SHARE = Kind("a number from 0 to 1", _number(0, 1), metavar="0..1")
COUNT = Kind("a whole number of 1 or more", _whole(1, math.inf), metavar="N")
REACH = Kind(f"a whole number of pixels from 0 to {MOST_REACH}", _whole(0, MOST_REACH), metavar="PIXELS")
NUMBER = Kind("a whole number of 0 or more", _whole(0, 2**31 - 1), metavar="N")
STEPS = Kind("a whole number from 1 to 1000", _whole(1, 1000), metavar="N")
EXPORT_KINDS = Kind(f"some of {', '.join(EXPORTS)}", _exports, list, "WHAT", many=True)
BITS = Kind("8 or 16", _bits, metavar="8|16")
GUIDANCE = Kind(
    'a number from 1 to 100, or a schedule as "0: 5, 40: 9"', _scheduled(1, 100), str, "1..100"
)  # fmt: skip
SCHEDULED_SHARE = Kind('a number from 0 to 1, or a schedule as "0: 0.4, 40: 0.7"', _scheduled(0, 1), str, "0..1")
TARGET_URL = Kind("an address as http://127.0.0.1:7860", _text, metavar="URL")
RETRIES = Kind("a whole number from 0 to 20", _whole(0, 20), metavar="N")
SKIP = Kind("a whole number from 1 to 12", _whole(1, 12), metavar="N")
SIDE = Kind("a whole number from 64 to 4096", _whole(64, 4096), metavar="PIXELS")
FACTOR = Kind("a number from 1.1 to 8", _number(1.1, 8), metavar="FACTOR")
STAGE = choice(STAGES)
