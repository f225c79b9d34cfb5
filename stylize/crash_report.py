"""Report of an unforeseen error: a text file that a user can attach to a bug report.

It holds the versions, the command line, the settings of the project and the traceback, but no pictures. Paths are
replaced by numbered placeholders that keep only the suffix, such as ``<path 2>.mp4``; those of Python, of its libraries
and of this package keep their part below the installation.
"""

import os
import re
import sys
import sysconfig
import traceback
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from stylize.errors import StylizeError
from stylize.media.safe_write import atomic_write
from stylize.project import is_project, project_of
from stylize.project.layout import SETTINGS_FILE
from stylize.project.user_data import data_folder
from stylize.versions import version_lines
from stylize.visible_text import visible

FOLDER = "crashes"
# The oldest reports are removed beyond this number.
KEPT = 20
_LARGEST_SETTINGS = 1 << 16
# An absolute path in a message, which ends at a quote, or at white space or a bracket outside quotes.
_QUOTED = re.compile(r"(?<=(['\"]))(/[^'\"\n]*|[A-Za-z]:[\\/][^'\"\n]*)(?=\1)")
_BARE = re.compile(r"(?<![\w.>/~])(?:/[^\s'\",;:()<>\[\]]+|[A-Za-z]:\\[^\s'\",;()<>\[\]]+)")


def write_crash_report(error: BaseException, argv: Sequence[str]) -> Path | None:
    """Write the report of an error, and return its path; None if no folder for it can be written.

    argv: words of the command line, without the program.
    """
    try:
        folder = data_folder() / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        for old in sorted(folder.glob("crash-*.txt"))[: 1 - KEPT]:
            old.unlink(missing_ok=True)
        path = folder / f"crash-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.txt"
        with atomic_write(path) as partial:
            partial.write_text(crash_report(error, argv), encoding="utf-8", errors="backslashreplace")
    except (OSError, StylizeError):
        return None
    return path


def crash_report(error: BaseException, argv: Sequence[str]) -> str:
    """Return the text of a report. argv: words of the command line, without the program."""
    names = _Placeholders(argv)
    parts = [
        "\n".join(version_lines()),
        "command:\n" + "\n".join(visible(names.word(word)) for word in argv),
        "settings of the project:\n" + (names.text(_settings(argv)) or "none"),
        names.text("".join(traceback.format_exception(error))),
    ]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _settings(argv: Sequence[str]) -> str:
    """Return the settings file of the first project that the command line names, or whose shot it names."""
    for word in argv:
        with suppress(OSError, ValueError, RuntimeError, StylizeError):
            folder = Path(word) if is_project(Path(word)) else project_of(Path(word), None)
            if is_project(folder):
                with (folder / SETTINGS_FILE).open(encoding="utf-8", errors="replace") as file:
                    return file.read(_LARGEST_SETTINGS)
    return ""


class _Placeholders:
    """Placeholders of paths, the same one for the same path."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._numbers: dict[str, int] = {}
        self._own = [(str(Path(__file__).parents[1]), "<stylize>")]
        self._own += [(sysconfig.get_path(name), f"<{name}>") for name in ("purelib", "platlib", "stdlib")]
        self._own += [(sys.base_prefix, "<python>"), (sys.prefix, "<environment>")]
        self._words = sorted({value for word in argv for value in _values(word) if _is_path(value)}, key=len)[::-1]

    def word(self, word: str) -> str:
        """Return a word of the command line with a placeholder for its path."""
        for value in _values(word):
            if _is_path(value):
                return word.removesuffix(value) + self._placeholder(value)
        return word

    def text(self, text: str) -> str:
        """Return text with placeholders for all paths: those of the command line, and absolute ones."""
        for folder, name in self._own:
            text = text.replace(folder + os.sep, f"{name}/")
        for word in self._words:
            for path in (str(Path(word).absolute()), word):
                # Short names such as "a" also occur in other words.
                text = re.sub(rf"(?<![\w./-]){re.escape(path)}(?![\w/-])", self._placeholder(word), text)
        text = _QUOTED.sub(lambda match: self._placeholder(match[2]), text)
        return _BARE.sub(lambda match: self._placeholder(match[0]), text)

    def _placeholder(self, path: str) -> str:
        number = self._numbers.setdefault(str(Path(path).absolute()), len(self._numbers) + 1)
        suffix = Path(path).suffix
        return f"<path {number}>{suffix if suffix.isascii() and suffix[1:].isalnum() else ''}"


def _values(word: str) -> tuple[str, ...]:
    """Return the value in a word such as --style=a.png, or the word itself unless it is a flag."""
    if not word.startswith("-"):
        return (word,)
    return (word.partition("=")[2],) if "=" in word else ()


def _is_path(value: str) -> bool:
    """Return whether a value of the command line is a path: it has a separator or a suffix, or it exists."""
    if os.sep in value or re.search(r"\.[A-Za-z]\w{1,4}$", value):
        return True
    with suppress(OSError, ValueError):
        return bool(value) and os.path.lexists(value)
    return False
