"""Shell completion of the value of an option: its accepted words, and paths."""

import re

from stylize.settings.option_types import FLAG, OptionType

# Names of values in the help that stand for a file, or for a folder.
_FILES, _FOLDERS = ("PATH", "PICTURE", "FILE", "MODEL"), ("FOLDER",)
_LIST = re.compile(r"(?:one|some) of (.*)")


def completions(option_type: OptionType) -> tuple[tuple[str, ...], str]:
    """Return the words that an option accepts, and the kind of path: "file", "dir", or empty for none."""
    if option_type is FLAG:
        return (), ""
    shapes = option_type.metavar.split("|")
    named = _LIST.fullmatch(option_type.expected())
    words = named[1].split(", ") if named else [shape for shape in shapes if re.fullmatch(r"[a-z0-9][a-z0-9-]*", shape)]
    heads = {re.split(r"[:\[]", shape)[0] for shape in shapes}
    return tuple(words), "file" if heads & {*_FILES} else "dir" if heads & {*_FOLDERS} else ""
