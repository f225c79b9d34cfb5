"""Check for file names that the system does not allow, or that are too long for the names derived from them."""

import os
import sys
from contextlib import suppress
from pathlib import Path

from stylize.errors import OutputError, ShotError
from stylize.media.targets import Target
from stylize.media.windows_names import name_problem, path_problem
from stylize.visible_text import one_line

# Max bytes that names of results, of layers' exports and of temporary files add to the name of a shot.
_ADDED = 64
# Bytes that a temporary file adds to the name of a result.
_ADDED_BY_PARTIAL = 20
# Max bytes of a name where the file system does not state it.
_USUAL_MAX = 255
# Max characters that names of folders and files add to the path of a project.
_IN_PROJECT = 120
_LONG_PATHS = r"SYSTEM\CurrentControlSet\Control\FileSystem", "LongPathsEnabled"
_SHOWN = 60


def check_input_name(path: Path, name: str, folder: Path) -> None:
    """Raise ShotError if files in `folder` that are named after an input could have names or paths that are too long.

    path: path of the shot or of a movie that accompanies it. name: base of the names of its frames.
    """
    allowed, found = _max_bytes(folder) - _ADDED, len(os.fsencode(name))
    if found > allowed:
        raise ShotError(
            f"{one_line(path.name, _SHOWN)}: its name has {found} bytes, expected at most {allowed}, because the names "
            "of results begin with it; rename it, or link to it with a shorter name"
        )
    if problem := path_problem(str(folder.absolute()), _IN_PROJECT, has_long_paths=_has_long_paths()):
        raise ShotError(f"{folder}: {problem}; choose a shorter --project, or enable long paths in Windows")


def check_result_name(target: Target, frame: int) -> None:
    """Raise OutputError if the name of a result, such as that of `frame`, would be too long or is not allowed."""
    path = target.path if target.pattern is None else target.pattern.path(frame)
    allowed, found = _max_bytes(path.parent) - _ADDED_BY_PARTIAL, len(os.fsencode(path.name))
    if found > allowed:
        raise OutputError(
            f"-o {one_line(path.name, _SHOWN)}: the name has {found} bytes, expected at most {allowed}; choose a "
            "shorter one"
        )
    if os.name == "nt" and (problem := name_problem(path.name)):
        raise OutputError(
            f"-o {one_line(path.name, _SHOWN)}: Windows does not allow this name, because {problem}; choose another"
        )


def _has_long_paths() -> bool:
    """Return whether paths may exceed the classic limit of Windows, where this is a setting of the system."""
    if sys.platform != "win32":
        return True
    import winreg

    folder, name = _LONG_PATHS
    with suppress(OSError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, folder) as key:
        return bool(winreg.QueryValueEx(key, name)[0])
    return False


def _max_bytes(folder: Path) -> int:
    """Return the maximum number of bytes of a name in a folder, which need not exist."""
    for one in (folder.absolute(), *folder.absolute().parents):
        try:
            return os.pathconf(one, "PC_NAME_MAX")
        except FileNotFoundError:
            continue
        except (OSError, ValueError, AttributeError):  # AttributeError: on Windows
            break
    return _USUAL_MAX
