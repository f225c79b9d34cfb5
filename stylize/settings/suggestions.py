"""Suggestions for unknown option names: by meaning first, then by spelling."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from stylize.settings.option import Option
from stylize.settings.synonyms import ANSWERS, SYNONYMS

# Minimum similarity, 0 to 1, of a misspelt option, and of a misspelt synonym, which is a weaker hint.
SPELLING, SYNONYM_SPELLING = 0.75, 0.85


@dataclass(frozen=True)
class Suggestion:
    """Option that was probably meant, and the value that the unknown word implies, if any."""

    option: Option
    value: str | None = None

    def as_flag(self) -> str:
        """Return the suggestion as written on the command line."""
        return self.option.flags[-1] if self.value is None else f"{self.option.flags[-1]} {self.value}"

    def as_setting(self) -> str:
        """Return the suggestion as written in a project file."""
        return repr(self.option.name) if self.value is None else f"{self.option.name} = {self.value!r}"


def answer(word: str) -> str | None:
    """Return the answer to an option that is not needed, such as ``--resume``; None if there is none."""
    return ANSWERS.get(_normalised(word))


def suggest(word: str, options: Mapping[str, Option]) -> Suggestion | None:
    """Return the option that was probably meant by a word, ``--mask`` or ``mask``; None without a likely one.

    Synonyms take precedence, then the spelling, then parts of the word, such as ``matte`` in ``--matte-file``.
    """
    wanted = _normalised(word)
    flags = {_normalised(flag): Suggestion(option) for option in options.values() for flag in _long_flags(option)}
    synonyms = dict(_synonyms(options))
    for known, similarity in ((synonyms, 1.0), (flags, SPELLING), (synonyms, SYNONYM_SPELLING)):
        if near := get_close_matches(wanted, known, 1, similarity):
            return known[near[0]]
    return _by_parts(wanted, flags, synonyms)


def _synonyms(options: Mapping[str, Option]) -> Iterator[tuple[str, Suggestion]]:
    """Yield each synonym of the options with its suggestion."""
    for name, option in options.items():
        for entry in SYNONYMS.get(name, "").split():
            word, _, value = entry.partition("=")
            yield word, Suggestion(option, value or None)


def _by_parts(wanted: str, *tables: Mapping[str, Suggestion]) -> Suggestion | None:
    """Return the option that shares the most parts with a compound word; of several, the one with the shortest name."""
    parts = {part for part in wanted.split("-") if len(part) > 2}
    scored = [
        (len(shared), -len(known), suggestion)
        for table in tables
        for known, suggestion in table.items()
        if (shared := parts & {*known.split("-")}) and shared == {*known.split("-")}
    ]
    return max(scored, key=lambda one: one[:2])[2] if scored else None


def _long_flags(option: Option) -> Iterable[str]:
    return (*(flag for flag in option.flags if flag.startswith("--")), option.name)


def _normalised(word: str) -> str:
    return word.strip().lstrip("-").lower().replace("_", "-").partition("=")[0]


def unknown_flag(
    word: str,
    short: str,
    options: Mapping[str, Option],
    commands: Mapping[str, Mapping[str, Option]],
    of_extensions: Collection[str] = (),
) -> str:
    """Return the error message for a flag that a command does not have.

    word: as written, ``-crf`` or ``--mask=a.png``. short: its first letter if the command line reads it as a one-letter
    flag, otherwise the flag. options: those of the command. commands: the options of every command, by its name.
    of_extensions: flags of the selected extensions.
    """
    word = word.partition("=")[0]
    if of_extension := get_close_matches(word, of_extensions, 1):
        return f"there is no option {word}, did you mean {of_extension[0]}?"
    reply = answer(word) or answer(short)
    if reply is not None:
        return f"there is no option {word}: {reply}."
    for name, others in commands.items():
        if any(word in option.flags for option in others.values()):
            return f"{word} is an option of stylize {'SHOT' if name == 'run' else name}."
    near = suggest(word, options) or suggest(short, options)
    return f"there is no option {word}{f', did you mean {near.as_flag()}?' if near else '.'}"


def hint(word: str, options: Mapping[str, Option]) -> str:
    """Return a hint on an unknown name in Python or a file, such as ``did you mean 'style'?``, or an empty text."""
    near = suggest(word, options)
    return answer(word) or (f"did you mean {near.as_setting()}?" if near else "")
