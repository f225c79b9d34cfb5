"""Rules of Windows for names and paths, as functions of their text, so that they can be tested on any system.

Names that users choose for layers, versions and results follow them everywhere, because projects move between systems.
Source: Microsoft, "Naming Files, Paths, and Namespaces", and "Maximum Path Length Limitation".
"""

import re

# Max length of a path on Windows unless long paths are enabled. The system counts a final NUL, too.
MAX_PATH = 259
# Names of devices, which are reserved with any suffix. The digits include the superscripts 1 to 3.
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{device}{digit}" for device in ("com", "lpt") for digit in "0123456789\u00b9\u00b2\u00b3"}
)
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')


def is_device_name(name: str) -> bool:
    """Return whether Windows treats a name as that of a device, such as ``nul`` or ``COM1.png``."""
    # Spaces before the suffix are ignored.
    return name.partition(".")[0].rstrip(" ").casefold() in _DEVICES


def name_problem(name: str) -> str:
    """Return why Windows does not allow a name for a file or folder, as in "it ends with a dot"; "" if it does."""
    if is_device_name(name):
        return "it is the name of a device"
    if found := _FORBIDDEN.search(name):
        return f"it contains {found[0]!r}"
    if name.endswith((".", " ")):
        return "it ends with a dot" if name.endswith(".") else "it ends with a space"
    return "" if name else "it is empty"


def path_problem(path: str, added: int, *, has_long_paths: bool) -> str:
    """Return why Windows cannot open files below a path, as in "it has 270 characters, expected at most 259".

    path: absolute. added: number of characters that names below it add. has_long_paths: the system allows paths of any
    length. Returns "" if there is no problem.
    """
    length = len(path) + added
    if has_long_paths or length <= MAX_PATH:
        return ""
    return f"paths in it have up to {length} characters, expected at most {MAX_PATH}"
