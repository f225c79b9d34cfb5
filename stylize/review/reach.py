"""Limits of what a page may set: nothing outside the project, its shot and the folders that the user named."""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stylize.errors import ReviewError
from stylize.real_path import real_path
from stylize.review.roots import Roots
from stylize.settings import MATTE_OPTIONS, OPTIONS, Option
from stylize.settings.references import ADDRESS, PATH, references_of

# Options that give permissions, or choose another project, and belong to the command line.
NOT_FROM_PAGES = frozenset({"trust", "allow", "overwrite", "project", "log_json", "replace_shot", "like", "preset"})
_KNOWN: Mapping[str, Option] = {**MATTE_OPTIONS, **OPTIONS}


def check_reach(roots: Roots, root: Path, values: Mapping[str, Any]) -> None:
    """Check that a page may give options these values, without opening anything that they name.

    root: folder of the project, whose shot is next to it by default. values: in the form that a project file keeps.
    Raises ReviewError for an option of ``NOT_FROM_PAGES``, a path outside the project and the roots, and an address of
    another machine.
    """
    for name in sorted(NOT_FROM_PAGES & {*values}):
        raise ReviewError(f"{_KNOWN[name].flags[-1]} cannot be given here; use it on the command line")
    folders = [real_path(root), *map(real_path, roots.folders)]
    given = {name: value for name, value in values.items() if value is not None}
    for one in sorted(references_of(given, _KNOWN)):
        flag = _KNOWN[one.option].flags[-1]
        if one.kind == PATH and not any(real_path(Path(one.text)).is_relative_to(folder) for folder in folders):
            raise ReviewError(
                f"{flag}: {one.text} is outside the project and the folders of this review; give it on the command "
                "line, or start stylize review with --root"
            )
        if one.kind == ADDRESS and not _is_local(one.text):
            raise ReviewError(f"{flag}: {one.text} is on another machine; give it on the command line")


def _is_local(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
