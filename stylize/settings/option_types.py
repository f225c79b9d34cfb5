"""Types of options: how their values are read, checked, stored and named in messages."""

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
from stylize.settings.compound import read_guides, read_levels, read_matte_keys, read_screen, resolve_guide
from stylize.settings.conditions import read_control, read_control_model, read_weights_spec
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
from stylize.settings.path_resolution import (
    resolve_control,
    resolve_control_model,
    resolve_each,
    resolve_model,
    resolve_path,
    resolve_weights,
)
from stylize.settings.samplers import SAMPLERS, known_sampler

STAGES = ("conform", "split", "pick", "render", "propagate", "export")
# Name of the best renderer that is installed.
AUTO_RENDERER = "auto"
RENDERERS = ("example", "painted", "diffusion", "a1111", AUTO_RENDERER)
# Renderers that use a model, local or remote.
MODEL_RENDERERS = ("diffusion", "a1111")
FLOWS = ("dis", "raft")
# Goals of the placement of keyframes.
OPTIMISE_FOR = ("mean", "worst")
DEVICES, PRECISIONS = ("auto", "cuda", "mps", "cpu"), ("auto", "float16", "bfloat16", "float32")
# Exports that can accompany the result.
EXPORTS = ("otio", "xml", "fcpxml", "edl", "aftereffects", "nuke", "ebsynth", "passes", "matte", "foreground")
# Layouts of passes, and the keyword in place of a path of depth.
PASSES_AS, DEPTH_AUTO = ("multipart", "sequences"), "auto"
# Number of frames that a drawing is held for, in animators' terms.
FRAMES_PER_DRAWING = MappingProxyType({"ones": 1, "twos": 2, "threes": 3})
# Keyword for the shot's own alpha, in place of a path of mattes.
ALPHA = "alpha"
# Methods of making a matte.
MATTE_METHODS = ("key", "chroma", "luma", "clean", "matte_model")
# Max pixels that a matte may be grown, shrunk or feathered by.
MAX_MATTE_PIXELS = 500


@dataclass(frozen=True)
class OptionType:
    """The type of an option: its name in messages, how it is read, and how a project file stores it.

    read raises ValueError for a value that it does not accept. resolve: makes stored paths absolute, from a folder.
    multiple: the flag may be repeated, and the value is a tuple.
    """

    description: str
    read: Callable[[Any], Any]
    store: Callable[[Any], Any] = lambda value: value
    metavar: str = "TEXT"
    resolve: Callable[[Any, Path], Any] = lambda stored, folder: stored
    multiple: bool = False


def is_matte_keyword(text: str) -> bool:
    """Return whether this text is a keyword in place of a path of mattes."""
    return text == ALPHA or is_network_matte(text)


def _read_matte_source(value: Any) -> str:
    if isinstance(value, list | tuple):
        texts = [str(readers.path(one)) for one in value]
        if len(texts) > 1 and not all(map(is_prompt, texts)):
            raise SettingsError(
                f"there is one matte, and only click:, exclude: and box: may be repeated, found {' '.join(texts)}"
            )
        value = value[0] if len(texts) == 1 else " ".join(texts)
    # A Path object is never a keyword, whatever its name.
    if isinstance(value, Path) and is_matte_keyword(str(value)):
        return f".{os.sep}{value}"
    text = str(readers.path(value))
    return format_network_matte(read_network_matte(text)) if is_network_matte(text) else text


def _read_prompts(kind: str) -> Callable[[Any], tuple[Prompt, ...]]:
    return readers.each(lambda value: read_prompt(kind, value))


def _format_positions(prompts: Any) -> list[str]:
    return [format_position(prompt) for prompt in prompts]


def _read_depth_source(value: Any) -> str:
    return f".{os.sep}{value}" if isinstance(value, Path) and str(value) == DEPTH_AUTO else str(readers.path(value))


def _read_exports(value: Any) -> tuple[str, ...]:
    words = [word.strip() for text in ([value] if isinstance(value, str) else value) for word in text.split(",")]
    if not set(words) <= set(EXPORTS):
        raise ValueError
    return tuple(kind for kind in EXPORTS if kind in words)


def choice(choices: tuple[str, ...]) -> OptionType:
    """Return the type of an option that takes one of some words."""
    return OptionType(f"one of {', '.join(choices)}", readers.one_of(choices), metavar="|".join(choices))


PATH = OptionType("a path", readers.path, str, "PATH", resolve_path)
PICTURE = OptionType("a path", readers.path, str, "PICTURE", resolve_path)
FOLDER = OptionType("a path", readers.path, str, "FOLDER", resolve_path)
TARGET = OptionType("a path", readers.text, metavar="PATH", resolve=resolve_path)
GUIDES = OptionType(
    "paths of guides, PATH or PATH:WEIGHT", read_guides, lambda guides: [str(guide) for guide in guides], "PATH:WEIGHT",
    resolve_each(resolve_guide), multiple=True,
)  # fmt: skip
MATTE_SOURCE = OptionType(
    "a path, alpha, auto, click:x,y@frame or box:x0,y0,x1,y1@frame", _read_matte_source, metavar="PATH",
    resolve=lambda stored, folder: stored if is_matte_keyword(stored) else resolve_path(stored, folder), multiple=True,
)  # fmt: skip
DEPTH_SOURCE = OptionType(
    "a path, or the word auto", _read_depth_source, metavar="PATH|auto",
    resolve=lambda stored, folder: stored if stored == DEPTH_AUTO else resolve_path(stored, folder),
)  # fmt: skip
MATTE_MODEL = OptionType(
    "a file, a folder or a repo id", lambda value: str(readers.path(value)), metavar="MODEL", resolve=resolve_model
)
CLICKS = OptionType("places as 320,200@12", _read_prompts(CLICK), _format_positions, "X,Y@FRAME", multiple=True)
EXCLUDED = OptionType("places as 320,200@12", _read_prompts(EXCLUDE), _format_positions, "X,Y@FRAME", multiple=True)
BOXES = OptionType(
    "boxes as 100,50,300,200@12", _read_prompts(BOX), _format_positions, "X0,Y0,X1,Y1@FRAME", multiple=True
)
SCREEN = OptionType("green, blue or a colour as #14b43c", read_screen, metavar="COLOUR")
LEVELS = OptionType("two levels from 0 to 1, as 0.1:0.3", read_levels, str, "LOW:HIGH")
MATTE_KEYS = OptionType(
    "a frame and a picture, as 40:mask.png", read_matte_keys, lambda keys: [str(key) for key in keys], "FRAME:PICTURE",
    multiple=True,
)  # fmt: skip
MODEL = OptionType("a folder, a file or a repo id", readers.text, metavar="MODEL", resolve=resolve_model)
CONTROL = OptionType(
    "controls as canny:0.8:0-0.6 or depth=PATH", readers.each(read_control), readers.texts, "KIND[=PATH][:W[:A-B]]",
    resolve_each(resolve_control), multiple=True,
)  # fmt: skip
CONTROL_MODEL = OptionType(
    "KIND=MODEL",
    readers.each(read_control_model),
    readers.texts,
    "KIND=MODEL",
    resolve_each(resolve_control_model),
    multiple=True,
)
LORAS = OptionType(
    "files as style.safetensors:0.8", readers.each(read_weights_spec), readers.texts, "FILE[:W]",
    resolve_each(resolve_weights), multiple=True,
)  # fmt: skip
ADAPTER = OptionType(
    "a file as adapter.safetensors:0.8:0-0.6", read_weights_spec, str, "FILE[:W[:A-B]]", resolve_weights
)
SAMPLER = OptionType(f"one of {', '.join(SAMPLERS)}", known_sampler, metavar="NAME")
WORDS = OptionType('a text, or a schedule as 0: "a village", 100: "a burning village"', readers.scheduled_words)
FLAG = OptionType("true or false", readers.flag)
RANGE = OptionType("frames as 1001-1100 or 10-50x2", readers.frame_range, metavar="RANGE")
FRAMES = OptionType("frames as 12,40,77 or 1001-1100", readers.frames, readers.format_frames, "FRAMES", multiple=True)
KEYS = OptionType(
    "frames as 12,40,77 or 1001-1100, or a table as keys.csv", readers.keyframes, readers.format_frames, "FRAMES",
    lambda stored, folder: resolve_path(stored, folder) if readers.is_table(stored) else stored,
)  # fmt: skip
DURATION = OptionType("a time as 90s, 10m or 1h30m", readers.duration, lambda seconds: f"{seconds:g}s", "TIME")
RATE = OptionType("frames per second as 24, 23.976 or 24000/1001", readers.rate, str, "RATE")
SHARE = OptionType("a number from 0 to 1", readers.number(0, 1), metavar="0..1")
COUNT = OptionType("a whole number of 1 or more", readers.integer(1, math.inf), metavar="N")
MATTE_PIXELS = OptionType(
    f"a whole number of pixels from 0 to {MAX_MATTE_PIXELS}", readers.integer(0, MAX_MATTE_PIXELS), metavar="PIXELS"
)
NUMBER = OptionType("a whole number of 0 or more", readers.integer(0, 2**31 - 1), metavar="N")
STEPS = OptionType("a whole number from 1 to 1000", readers.integer(1, 1000), metavar="N")
EXPORT_KINDS = OptionType(f"some of {', '.join(EXPORTS)}", _read_exports, list, "WHAT", multiple=True)
BITS = OptionType("8 or 16", readers.bits, metavar="8|16")
GUIDANCE = OptionType(
    'a number from 1 to 100, or a schedule as "0: 5, 40: 9"', readers.scheduled(1, 100), str, "1..100"
)  # fmt: skip
SCHEDULED_SHARE = OptionType(
    'a number from 0 to 1, or a schedule as "0: 0.4, 40: 0.7"', readers.scheduled(0, 1), str, "0..1"
)
TARGET_URL = OptionType("an address as http://127.0.0.1:7860", readers.text, metavar="URL")
RETRIES = OptionType("a whole number from 0 to 20", readers.integer(0, 20), metavar="N")
SKIP = OptionType("a whole number from 1 to 12", readers.integer(1, 12), metavar="N")
SIDE = OptionType("a whole number from 64 to 4096", readers.integer(64, 4096), metavar="PIXELS")
FACTOR = OptionType("a number from 1.1 to 8", readers.number(1.1, 8), metavar="FACTOR")
STAGE = choice(STAGES)
