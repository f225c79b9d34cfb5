"""Groups of options in the help: a description of each, and the words that select them."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType

from stylize.errors import SettingsError
from stylize.settings.option import (
    DIFFUSION,
    EXPORT,
    KEYFRAMES,
    LAYERS,
    LOOK,
    MAIN,
    MATTE,
    MOTION,
    PROPAGATION,
    READING,
    RUN,
    Option,
)
from stylize.settings.suggestions import suggest

GROUP_HELP: Mapping[str, str] = MappingProxyType(
    {
        MAIN: "The reference or the painted keys, the part of the shot to process, and the output.",
        KEYFRAMES: "Number and position of the keyframes.",
        LOOK: "How keyframes are painted, and how closely they follow the plate.",
        DIFFUSION: "Models, prompts and conditioning for keyframes painted by a diffusion model.",
        MATTE: "Where the style is applied, and the edge of that area.",
        LAYERS: "Several looks on one shot, each with its own matte.",
        PROPAGATION: "How the look is propagated between keyframes.",
        MOTION: "Source of the motion between frames.",
        EXPORT: "Codec, depth and rate of the result, and files for other programs.",
        READING: "Frame rate, numbering, range and unreadable frames of the footage.",
        RUN: "Drafts, project folder, threads and processes, stages and logs.",
    }
)


def groups_of(options: Iterable[Option]) -> tuple[str, ...]:
    """Return the groups that some options belong to: known ones in the order of the help, then others."""
    found = dict.fromkeys(option.group for option in options)
    return (*(group for group in GROUP_HELP if group in found), *(group for group in found if group not in GROUP_HELP))


def group_word(group: str) -> str:
    """Return the word that selects a group on the command line."""
    return group.lower().replace(" ", "-")


def topic(word: str, options: Mapping[str, Option]) -> tuple[str, tuple[Option, ...]]:
    """Return the title and the options of a topic of the help: a group by its word, or one option by its name or flag.

    Raises SettingsError for any other word.
    """
    groups = {group_word(group): group for group in groups_of(options.values())}
    wanted = group_word(word.lstrip("-"))
    if wanted in groups:
        return groups[wanted], tuple(option for option in options.values() if option.group == groups[wanted])
    names = {name.replace("_", "-"): option for name, option in options.items()}
    names |= {flag.lstrip("-"): option for option in options.values() for flag in option.flags}
    if wanted in names:
        return names[wanted].group, (names[wanted],)
    raise SettingsError(f"no help on {word!r}{_hint(wanted, groups, options)} The groups are {', '.join(groups)}")


def _hint(wanted: str, groups: Iterable[str], options: Mapping[str, Option]) -> str:
    """Return the end of a sentence about an unknown topic, with the closest match."""
    if near := get_close_matches(wanted, groups, 1):
        return f", did you mean {near[0]}?"
    suggestion = suggest(wanted, options)
    return f", did you mean {suggestion.option.flags[-1].lstrip('-')}?" if suggestion else "."


def first_clause(text: str) -> str:
    """Return the first clause of an option's help, and its default."""
    clause, _, default = text.partition("  [default")
    return re.split(r"[:;] ", clause)[0].rstrip(".") + "." + (f"  [default{default}" if default else "")
