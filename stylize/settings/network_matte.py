"""Mattes that a network finds, as they are asked for: by itself, or the subject that it is pointed at."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from masks.prompts import Box, Point, Prompt
from stylize.errors import SettingsError

AUTO = "auto"
CLICK, EXCLUDE, BOX = PROMPTS = ("click", "exclude", "box")
# What may be asked for behind auto:, and what is for stylize matte.
FINDS = ("person", "subject")
_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)"
_POSITION = re.compile(rf"({_NUMBER}),({_NUMBER})@(\d+)")
_CORNERS = re.compile(rf"({_NUMBER}),({_NUMBER}),({_NUMBER}),({_NUMBER})@(\d+)")
_FORM = {CLICK: "x,y@frame, as 320,200@12", EXCLUDE: "x,y@frame, as 320,200@12", BOX: "x0,y0,x1,y1@frame"}


@dataclass(frozen=True)
class NetworkMatte:
    """What a network is to find. finds: one of FINDS, or None for whatever it does. prompts: what points at it."""

    finds: str | None = None
    prompts: tuple[Prompt, ...] = ()


def is_network_matte(text: str) -> bool:
    """Whether a matte asked for by this text is one that a network finds, and no path."""
    return text == AUTO or (text.partition(":")[0] in (AUTO, *PROMPTS) and ":" in text)


def is_prompt(text: str) -> bool:
    """Whether it points at something, as may be done several times for one matte."""
    return is_network_matte(text) and text.partition(":")[0] in PROMPTS


def read_network_matte(text: str) -> NetworkMatte:
    """``auto``, ``auto:person``, or some of ``click:x,y@frame``, ``exclude:...`` and ``box:...`` with spaces between.

    Raises SettingsError for anything else.
    """
    head, _, tail = text.partition(":")
    if head == AUTO:
        if tail not in (*FINDS, "") or text == f"{AUTO}:":
            raise SettingsError(f"expected auto, {' or '.join(f'auto:{one}' for one in FINDS)}, found {text!r}")
        return NetworkMatte(finds=tail or None)
    prompts = tuple(_read_word(word) for word in text.split())
    check_prompts(prompts)
    return NetworkMatte(prompts=prompts)


def _read_word(word: str) -> Prompt:
    head, _, tail = word.partition(":")
    if head not in PROMPTS:
        raise SettingsError(f"only {', '.join(f'{one}:' for one in PROMPTS)} go together in one matte, not {word!r}")
    return read_prompt(head, tail)


def read_prompt(kind: str, text: object) -> Prompt:
    """``x,y@frame`` of a click or of what is excluded, ``x0,y0,x1,y1@frame`` of a box. Raises SettingsError."""
    if isinstance(text, Box if kind == BOX else Point):
        return text
    match = (_CORNERS if kind == BOX else _POSITION).fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise SettingsError(f"{kind} must be {_FORM[kind]}, in pixels from the left and the top, not {str(text)!r}")
    *numbers, frame = match.groups()
    coordinates = [float(number) for number in numbers]
    if kind != BOX:
        return Point(int(frame), coordinates[0], coordinates[1], inside=kind == CLICK)
    box = Box(int(frame), *coordinates)
    if box.x0 >= box.x1 or box.y0 >= box.y1:
        raise SettingsError(f"box {text} is empty; write its left upper corner first, then its right lower one")
    return box


def check_prompts(prompts: Sequence[Prompt]) -> None:
    """Raises SettingsError for prompts that no network could make sense of."""
    for prompt in prompts:
        same_frame = [one for one in prompts if one.frame == prompt.frame]
        if sum(isinstance(one, Box) for one in same_frame) > 1:
            raise SettingsError(f"frame {prompt.frame} has two boxes; give one round all that is inside")
        if not any(isinstance(one, Box) or one.inside for one in same_frame):
            raise SettingsError(
                f"{format_prompt(prompt)} says what is outside, and nothing says what is inside in frame "
                f"{prompt.frame}: add a click or a box there"
            )


def format_prompt(prompt: Prompt) -> str:
    """A prompt as it is asked for."""
    if isinstance(prompt, Box):
        return f"{BOX}:{prompt.x0:g},{prompt.y0:g},{prompt.x1:g},{prompt.y1:g}@{prompt.frame}"
    return f"{CLICK if prompt.inside else EXCLUDE}:{prompt.x:g},{prompt.y:g}@{prompt.frame}"


def format_position(prompt: Prompt) -> str:
    """A prompt without its kind, as its own option takes it."""
    return format_prompt(prompt).partition(":")[2]


def format_network_matte(matte: NetworkMatte) -> str:
    """The words that ``read_network_matte`` reads."""
    if matte.prompts:
        return " ".join(map(format_prompt, matte.prompts))
    return AUTO if matte.finds is None else f"{AUTO}:{matte.finds}"
