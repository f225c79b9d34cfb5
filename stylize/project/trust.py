"""Trust in projects: which settings are the user's own, and what other settings may access outside their project.

A project folder may come from an untrusted author. Settings that name something outside it, such as the shot, the
output, a model or a server, are therefore recorded in the user's own data when the user gives them. A project can be
continued only if its settings name nothing else outside.
"""

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stylize.errors import OutputError, ProjectError
from stylize.io_errors import PROJECT_OPTION
from stylize.media.safe_write import atomic_write
from stylize.project import relocation
from stylize.project.settings_file import read_project, written_settings
from stylize.project.user_data import make_project_data, project_data
from stylize.real_path import real_path
from stylize.settings import OPTIONS, Settings
from stylize.settings.references import (
    ADDRESS,
    PATH,
    SERVICE,
    SHOT,
    Reference,
    path_reference,
    references_of,
    shell_word,
)

# File in the user's data about a project, and the maximum number of distinct settings that it keeps.
FILE, _REMEMBERED = "trust.json", 8
# Option name in references made by symbolic links.
_LINK = "a symbolic link to"
Message = Callable[[str], None]


def trusted_settings(root: Path, given: Mapping[str, Any], message: Message) -> tuple[Path, Settings]:
    """Return the shot and the settings of a project that the user trusts, or trusts from now on.

    given: options of this call, which override those of the project. ``trust`` records the project as trusted, and
    ``allow`` names what it may use in this run. Raises ProjectError for settings that reach outside the project, before
    anything except project.toml is read, and any error of ``read_project``.
    """
    shot, settings = read_project(root)
    references = _references(shot, settings.stored())
    if given.get("trust"):
        _record(root, references, message)
        return shot, settings
    try:
        check_references(
            root,
            {one for one in references if ("layers" if one.layer else one.option) not in given},
            OPTIONS["allow"].read(given.get("allow", ())),
            f"{root} was not made here by this user, and its settings reach outside its folder",
            trusted=_read(root),
        )
    except ProjectError:
        if not relocation.is_known(root, outward_references(root, references)):
            raise
        message(f"note: {root} was copied or moved, and continues with the files next to it")
        _record(root, references, message)
    return shot, settings


def check_references(
    root: Path, references: Collection[Reference], allow: Iterable[str], what: str,
    trusted: Collection[frozenset[Reference]] = (), *, overridable: bool = True,
) -> None:  # fmt: skip
    """Raise ProjectError for references outside a folder that are neither trusted together nor allowed.

    Links in referenced folders are checked too, unless all other references are trusted. allow: paths, addresses and
    names as listed in the message. what: start of the message. overridable: whether options can replace the settings.
    """
    outward = {one for one in outward_references(root, references) if not is_allowed(one, allow)}
    refused = min((outward - known for known in (frozenset[Reference](), *trusted)), key=len)
    if not any(outward <= known for known in trusted):
        refused |= {one for one in _linked_references(root, references) if not is_allowed(one, allow)}
    if refused:
        listed = ", ".join(map(describe, sorted(refused)))
        again = ", give its settings again as options," if overridable else ""
        raise ProjectError(
            f"{what}: {listed}; if you intend that, trust it with --trust{again} or allow single items with "
            "--allow PATH"
        )


def record_settings(root: Path, shot: Path, settings: Settings, message: Message) -> None:
    """Record that the user has given these settings, before a project is written with them.

    A run that relies on ``--allow`` records nothing, because the permission is for that run only. If recording fails,
    the message explains the consequence.
    """
    references = outward_references(root, _references(real_path(shot), written_settings(settings)))
    if not any(is_allowed(one, settings.allow) for one in references):
        _record(root, references, message)


def trusts_look(root: Path, layer: str, references: Collection[Reference]) -> bool:
    """Return whether the user has given a project all these references of one look in a single run.

    layer: its name, empty for the only look. references: those inside the project are always trusted.
    """
    outward = outward_references(root, references)
    return any(
        outward <= {replace(one, layer="") for one in known if one.layer in ("", layer)} for known in _read(root)
    )


def outward_references(root: Path, references: Collection[Reference]) -> frozenset[Reference]:
    """Return the references to anything outside a folder."""
    home = real_path(root)
    return frozenset(one for one in references if one.kind != PATH or not _is_below(one.text, home))


def describe(reference: Reference) -> str:
    """Return an option and its value, as on the command line."""
    flag = OPTIONS[reference.option].flags[-1] if reference.option in OPTIONS else reference.option
    layer = f"layer {reference.layer}: " if reference.layer else ""
    return f"{layer}{flag} {shell_word(reference.text)}"


def _references(shot: Path, stored: Mapping[str, Any]) -> frozenset[Reference]:
    return references_of(stored) | {path_reference(SHOT, shot)}


def _is_below(path: str, folder: Path) -> bool:
    """Return whether an absolute path is below a folder whose path has no links, both by name and after resolving
    links.

    A path that is outside by name is not accessed, because on some systems that alone would contact a server. A path
    with ``..`` counts as outside, because stylize itself never writes one.
    """
    one = Path(path)
    try:
        return one.is_relative_to(folder) and ".." not in one.parts and real_path(one).is_relative_to(folder)
    except (OSError, RuntimeError, ValueError):
        return False


def _linked_references(root: Path, references: Collection[Reference]) -> frozenset[Reference]:
    """Return the references to the outside made by links in the referenced files and folders inside a folder."""
    home = real_path(root)
    inside = {real_path(Path(one.text)) for one in references if one.kind == PATH and _is_below(one.text, home)}
    waiting = [(path, True) if path.is_dir() else (path.parent, False) for path in inside]
    known, found = set[tuple[Path, bool]](), set[Path]()
    while waiting:
        folder, deep = waiting.pop()
        if (folder, deep) in known:
            continue
        known.add((folder, deep))
        for path, is_folder in _resolved_entries(folder):
            if not path.is_relative_to(home):
                found.add(path)
            elif deep and is_folder:
                waiting.append((path, deep))
    return frozenset(path_reference(_LINK, path) for path in found)


def _resolved_entries(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Yield the entries of a folder whose path has no links: the resolved path, and whether it is a folder."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            # A cycle of links has no target.
            with suppress(OSError, RuntimeError):
                yield real_path(Path(entry.path)) if entry.is_symlink() else Path(entry.path), entry.is_dir()


def is_allowed(reference: Reference, allow: Iterable[str]) -> bool:
    """Return whether ``--allow`` names a reference, or a parent of it."""
    return any(_allows(text, reference) for text in allow)


def _allows(text: str, reference: Reference) -> bool:
    if reference.kind == PATH:
        return "://" not in text and _is_allowed_path(reference.text, Path(text))
    if reference.kind == ADDRESS:
        return _is_address_below(reference.text, text)
    if reference.kind == SERVICE:
        return text == reference.text
    return f"{reference.text}/".startswith(f"{text.rstrip('/')}/") or reference.text == f"hf://{text}"


def _is_allowed_path(path: str, folder: Path) -> bool:
    """Return whether a path is below a folder that the user has allowed, under any name of that folder."""
    named, home = folder.absolute(), real_path(folder)
    below = next((Path(path).relative_to(one) for one in (named, home) if Path(path).is_relative_to(one)), None)
    return below is not None and _is_below(str(home / below), home)


def _is_address_below(address: str, allowed: str) -> bool:
    try:
        one, other = urlsplit(address), urlsplit(allowed)
    except ValueError:
        return False
    same_server = (one.scheme, one.netloc.lower()) == (other.scheme, other.netloc.lower())
    return same_server and f"{one.path.rstrip('/')}/".startswith(f"{other.path.rstrip('/')}/")


def _read(root: Path) -> list[frozenset[Reference]]:
    """Return the references that the user has given to a project, by run; empty if they cannot be read."""
    try:
        content = json.loads((project_data(root) / FILE).read_text(encoding="utf-8"))
        return [frozenset(Reference(*map(str, one)) for one in some) for some in content["trusted"]]
    except (OSError, ProjectError, ValueError, TypeError, KeyError, RecursionError):
        return []


def _record(root: Path, references: Collection[Reference], message: Message) -> None:
    given = outward_references(root, references)
    known = _read(root)
    if given in known[:1] and relocation.is_known(root, given):
        return
    # Earlier runs stay trusted, because a run that is killed now leaves their settings.
    runs = [given, *(one for one in known if one != given)][:_REMEMBERED]
    content = {"project": str(real_path(root)), "trusted": [sorted(map(astuple, one)) for one in runs]}
    try:
        with atomic_write(make_project_data(root) / FILE, PROJECT_OPTION, shared=True) as partial:
            partial.write_text(json.dumps(content, indent=1), encoding="utf-8")
        relocation.remember(root, given)
    except (OSError, OutputError, ProjectError) as error:
        message(
            f"warning: {root} cannot be recorded as yours; continuing it by its folder will need "
            f"--trust or the same command as now: {error}"
        )
