"""What an option may be: how its words are read, checked, stored and told."""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from masks.prompts import Prompt
from stylize.errors import SettingsError
from stylize.settings import readers
from stylize.settings.compound import read_guides, read_levels, read_matte_keys, read_screen, whole_guide
from stylize.settings.conditions import read_control, read_file, read_model
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
from stylize.settings.path_resolution import (
    whole_control,
    whole_control_model,
    whole_each,
    whole_file,
    whole_model,
    whole_path,
)
from stylize.settings.samplers import SAMPLERS, known_sampler

STAGES = ("conform", "split", "pick", "render", "propagate", "export")
# Stands for the best renderer that is installed.
AUTO_RENDERER = "auto"
RENDERERS = ("example", "painted", "diffusion", "a1111", AUTO_RENDERER)
# Those that a model paints for, here or elsewhere.
MODEL_RENDERERS = ("diffusion", "a1111")
FLOWS = ("dis", "raft")
# What keyframes are placed for.
PLACED_FOR = ("mean", "worst")
DEVICES, PRECISIONS = ("auto", "cuda", "mps", "cpu"), ("auto", "float16", "bfloat16", "float32")
# What can go with the result.
EXPORTS = ("otio", "xml", "fcpxml", "edl", "aftereffects", "nuke", "ebsynth", "passes", "matte", "foreground")
# How passes are laid out, and the word that stands for a path of depth.
PASSES_AS, DEPTH_AUTO = ("multipart", "sequences"), "auto"
# For how many frames a drawing is held, in animators' words.
EVERY = MappingProxyType({"ones": 1, "twos": 2, "threes": 3})
# What stands for the shot's own alpha, where a path of mattes would stand.
ALPHA = "alpha"
# The ways to a matte.
MATTE_WAYS = ("key", "chroma", "luma", "clean", "matte_model")
# Pixels that a matte may be changed by.
MOST_REACH = 500


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


def is_matte_word(text: str) -> bool:
    """Whether it stands where a path of mattes would stand, and is none."""
    return text == ALPHA or is_words(text)


def _matte_source(value: Any) -> str:
    if isinstance(value, list | tuple):
        texts = [str(readers.path(one)) for one in value]
        if len(texts) > 1 and not all(map(is_pointing, texts)):
            raise SettingsError(
                f"there is one matte, and only click:, exclude: and box: may be repeated, found {' '.join(texts)}"
            )
        value = value[0] if len(texts) == 1 else " ".join(texts)
    # A path given as such is no word, whatever its name.
    if isinstance(value, Path) and is_matte_word(str(value)):
        return f".{os.sep}{value}"
    text = str(readers.path(value))
    return spell_words(read_words(text)) if is_words(text) else text


def _pointed(kind: str) -> Callable[[Any], tuple[Prompt, ...]]:
    return readers.each(lambda value: read_prompt(kind, value))


def _places(prompts: Any) -> list[str]:
    return [spell_place(prompt) for prompt in prompts]


def _depth_source(value: Any) -> str:
    return f".{os.sep}{value}" if isinstance(value, Path) and str(value) == DEPTH_AUTO else str(readers.path(value))


def _exports(value: Any) -> tuple[str, ...]:
    words = [word.strip() for text in ([value] if isinstance(value, str) else value) for word in text.split(",")]
    if not set(words) <= set(EXPORTS):
        raise ValueError
    return tuple(kind for kind in EXPORTS if kind in words)


def choice(choices: tuple[str, ...]) -> Kind:
    """One of some words."""
    return Kind(f"one of {', '.join(choices)}", readers.one_of(choices), metavar="|".join(choices))


PATH = Kind("a path", readers.path, str, "PATH", whole_path)
PICTURE = Kind("a path", readers.path, str, "PICTURE", whole_path)
FOLDER = Kind("a path", readers.path, str, "FOLDER", whole_path)
TARGET = Kind("a path", readers.text, metavar="PATH", whole=whole_path)
GUIDES = Kind(
    "paths of guides, PATH or PATH:WEIGHT", read_guides, lambda guides: [str(guide) for guide in guides], "PATH:WEIGHT",
    whole_each(whole_guide), many=True,
)  # fmt: skip
MATTE_SOURCE = Kind(
    "a path, alpha, auto, click:x,y@frame or box:x0,y0,x1,y1@frame", _matte_source, metavar="PATH",
    whole=lambda stored, folder: stored if is_matte_word(stored) else whole_path(stored, folder), many=True,
)  # fmt: skip
DEPTH_SOURCE = Kind(
    "a path, or the word auto", _depth_source, metavar="PATH|auto",
    whole=lambda stored, folder: stored if stored == DEPTH_AUTO else whole_path(stored, folder),
)  # fmt: skip
MATTE_MODEL = Kind(
    "a file, a folder or a repo id", lambda value: str(readers.path(value)), metavar="MODEL", whole=whole_model
)
CLICKS = Kind("places as 320,200@12", _pointed(CLICK), _places, "X,Y@FRAME", many=True)
EXCLUDED = Kind("places as 320,200@12", _pointed(EXCLUDE), _places, "X,Y@FRAME", many=True)
BOXES = Kind("boxes as 100,50,300,200@12", _pointed(BOX), _places, "X0,Y0,X1,Y1@FRAME", many=True)
SCREEN = Kind("green, blue or a colour as #14b43c", read_screen, metavar="COLOUR")
LEVELS = Kind("two levels from 0 to 1, as 0.1:0.3", read_levels, str, "LOW:HIGH")
MATTE_KEYS = Kind(
    "a frame and a picture, as 40:mask.png", read_matte_keys, lambda keys: [str(key) for key in keys], "FRAME:PICTURE",
    many=True,
)  # fmt: skip
MODEL = Kind("a folder, a file or a repo id", readers.text, metavar="MODEL", whole=whole_model)
CONTROL = Kind(
    "controls as canny:0.8:0-0.6 or depth=PATH", readers.each(read_control), readers.texts, "KIND[=PATH][:W[:A-B]]",
    whole_each(whole_control), many=True,
)  # fmt: skip
CONTROL_MODEL = Kind(
    "KIND=MODEL", readers.each(read_model), readers.texts, "KIND=MODEL", whole_each(whole_control_model), many=True
)
LORAS = Kind(
    "files as style.safetensors:0.8", readers.each(read_file), readers.texts, "FILE[:W]",
    whole_each(whole_file), many=True,
)  # fmt: skip
ADAPTER = Kind("a file as adapter.safetensors:0.8:0-0.6", read_file, str, "FILE[:W[:A-B]]", whole_file)
SAMPLER = Kind(f"one of {', '.join(SAMPLERS)}", known_sampler, metavar="NAME")
WORDS = Kind('a text, or a schedule as 0: "a village", 100: "a burning village"', readers.scheduled_words)
FLAG = Kind("true or false", readers.flag)
RANGE = Kind("frames as 1001-1100 or 10-50x2", readers.frame_range, metavar="RANGE")
FRAMES = Kind("frames as 12,40,77 or 1001-1100", readers.frames, readers.spell_frames, "FRAMES", many=True)
KEYS = Kind(
    "frames as 12,40,77 or 1001-1100, or a table as keys.csv", readers.keyframes, readers.spell_frames, "FRAMES",
    lambda stored, folder: whole_path(stored, folder) if readers.is_table(stored) else stored,
)  # fmt: skip
DURATION = Kind("a time as 90s, 10m or 1h30m", readers.duration, lambda seconds: f"{seconds:g}s", "TIME")
RATE = Kind("frames per second as 24, 23.976 or 24000/1001", readers.rate, str, "RATE")
SHARE = Kind("a number from 0 to 1", readers.number(0, 1), metavar="0..1")
COUNT = Kind("a whole number of 1 or more", readers.integer(1, math.inf), metavar="N")
REACH = Kind(f"a whole number of pixels from 0 to {MOST_REACH}", readers.integer(0, MOST_REACH), metavar="PIXELS")
NUMBER = Kind("a whole number of 0 or more", readers.integer(0, 2**31 - 1), metavar="N")
STEPS = Kind("a whole number from 1 to 1000", readers.integer(1, 1000), metavar="N")
EXPORT_KINDS = Kind(f"some of {', '.join(EXPORTS)}", _exports, list, "WHAT", many=True)
BITS = Kind("8 or 16", readers.bits, metavar="8|16")
GUIDANCE = Kind(
    'a number from 1 to 100, or a schedule as "0: 5, 40: 9"', readers.scheduled(1, 100), str, "1..100"
)  # fmt: skip
SCHEDULED_SHARE = Kind('a number from 0 to 1, or a schedule as "0: 0.4, 40: 0.7"', readers.scheduled(0, 1), str, "0..1")
TARGET_URL = Kind("an address as http://127.0.0.1:7860", readers.text, metavar="URL")
RETRIES = Kind("a whole number from 0 to 20", readers.integer(0, 20), metavar="N")
SKIP = Kind("a whole number from 1 to 12", readers.integer(1, 12), metavar="N")
SIDE = Kind("a whole number from 64 to 4096", readers.integer(64, 4096), metavar="PIXELS")
FACTOR = Kind("a number from 1.1 to 8", readers.number(1.1, 8), metavar="FACTOR")
STAGE = choice(STAGES)
