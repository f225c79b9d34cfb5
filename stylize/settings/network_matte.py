"""Options for mattes from a network, which finds its subject automatically or from prompts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from masks.prompts import Box, Point, Prompt
from stylize.errors import SettingsError
from stylize.settings.number_text import format_short

AUTO = "auto"
CLICK, EXCLUDE, BOX = PROMPTS = ("click", "exclude", "box")
# Targets that may follow auto:, also used by stylize matte.
FINDS = ("person", "subject")
_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)"
_POSITION = re.compile(rf"({_NUMBER}),({_NUMBER})@(-?\d+)")
_CORNERS = re.compile(rf"({_NUMBER}),({_NUMBER}),({_NUMBER}),({_NUMBER})@(-?\d+)")
_FORM = {CLICK: "x,y@frame, such as 320,200@12", EXCLUDE: "x,y@frame, such as 320,200@12", BOX: "x0,y0,x1,y1@frame"}


@dataclass(frozen=True)
class NetworkMatte:
    """Target of a network. finds: one of FINDS, or None for the network's own. prompts: clicks and boxes."""

    finds: str | None = None
    prompts: tuple[Prompt, ...] = ()


def is_network_matte(text: str) -> bool:
    """Return whether this text requests a matte from a network, and is not a path."""
    return text == AUTO or (text.partition(":")[0] in (AUTO, *PROMPTS) and ":" in text)


def is_prompt(text: str) -> bool:
    """Return whether this text is a prompt; a matte may have several."""
    return is_network_matte(text) and text.partition(":")[0] in PROMPTS


def read_network_matte(text: str) -> NetworkMatte:
    """Read ``auto``, ``auto:person``, or ``click:x,y@frame``, ``exclude:...`` and ``box:...`` separated by spaces.

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
        raise SettingsError(
            f"only {', '.join(f'{one}:' for one in PROMPTS)} may be combined in one matte, not {word!r}"
        )
    return read_prompt(head, tail)


def read_prompt(kind: str, text: object) -> Prompt:
    """Read ``x,y@frame`` of a click or an exclusion, ``x0,y0,x1,y1@frame`` of a box. Raises SettingsError."""
    if isinstance(text, Box if kind == BOX else Point):
        return text
    match = (_CORNERS if kind == BOX else _POSITION).fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise SettingsError(f"{kind} must be {_FORM[kind]}, in pixels from the top left, not {str(text)!r}")
    *numbers, frame = match.groups()
    coordinates = [float(number) for number in numbers]
    if kind != BOX:
        return Point(int(frame), coordinates[0], coordinates[1], inside=kind == CLICK)
    box = Box(int(frame), *coordinates)
    if box.x0 >= box.x1 or box.y0 >= box.y1:
        raise SettingsError(f"box {text} is empty; write its upper left corner first, then its lower right corner")
    return box


def check_prompts(prompts: Sequence[Prompt]) -> None:
    """Raise SettingsError for prompts that contradict each other or mark nothing as inside."""
    for prompt in prompts:
        same_frame = [one for one in prompts if one.frame == prompt.frame]
        if sum(isinstance(one, Box) for one in same_frame) > 1:
            raise SettingsError(f"frame {prompt.frame} has two boxes; give one box around the whole subject")
        if not any(isinstance(one, Box) or one.inside for one in same_frame):
            raise SettingsError(
                f"{format_prompt(prompt)} marks the outside, but nothing marks the inside in frame "
                f"{prompt.frame}; add a click or a box there"
            )


def format_prompt(prompt: Prompt) -> str:
    """Return a prompt as text that ``read_network_matte`` reads."""
    if isinstance(prompt, Box):
        corners = ",".join(map(format_short, (prompt.x0, prompt.y0, prompt.x1, prompt.y1)))
        return f"{BOX}:{corners}@{prompt.frame}"
    kind = CLICK if prompt.inside else EXCLUDE
    return f"{kind}:{format_short(prompt.x)},{format_short(prompt.y)}@{prompt.frame}"


def format_position(prompt: Prompt) -> str:
    """Return a prompt as text without its kind, in the form that its own option takes."""
    return format_prompt(prompt).partition(":")[2]


def format_network_matte(matte: NetworkMatte) -> str:
    """Return the target as text that ``read_network_matte`` reads."""
    if matte.prompts:
        return " ".join(map(format_prompt, matte.prompts))
    return AUTO if matte.finds is None else f"{AUTO}:{matte.finds}"
