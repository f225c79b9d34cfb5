"""Licences of all dependencies by extra, from installed metadata: ``python -m tests.licences`` writes the page.

It needs an environment with every extra of ``pyproject.toml``, and writes nothing where a dependency is missing or
states no licence: it then exits with 1 and a line for each.
"""

import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email.message import Message
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "licences.md"
# Name of the group of the dependencies that every installation has.
CORE = "Without extras"
_INTRODUCTION = """\
# Licences of dependencies

<!-- Made from installed metadata by: python -m tests.licences. Run that, do not change this file. -->

Each extra brings these distributions, direct and indirect, in addition to those that every installation has. *Range* is
what this project accepts, or what the distributions named there ask for. *Licence* is what the metadata of this version
state: an SPDX expression, or the words and classifiers of its authors. Versions are those of Linux and Python {python}.

Metadata describe the distribution itself. Its wheel may contain libraries under other licences, which its licence files
list; read them before you redistribute wheels. Those of `av` and `opencv-python-headless` contain FFmpeg (LGPL), and
those of `av` also x264 and x265 (GPL). `torch` is listed in its CPU build. On Linux, PyPI's build brings NVIDIA's
proprietary CUDA libraries as well. Weights of models have licences of their own; no distribution listed here has any.
"""
_HEAD = ("Distribution", "Version", "Range", "Licence")


@dataclass(frozen=True)
class Installed:
    """Metadata of an installed distribution. requires: as stated there. licence: None if none is stated."""

    name: str
    version: str
    requires: tuple[str, ...]
    licence: str | None


Lookup = Callable[[str], Installed | None]


def page(lookup: Lookup) -> str:
    """Return the page. Raise ValueError that names everything that is missing or states no licence, a line each."""
    problems, sections = list[str](), list[str]()
    groups = declared()
    core = closure(groups[CORE], lookup, problems)
    for group, requirements in groups.items():
        found = closure(requirements, lookup, problems)
        added = {n: ranges for n, ranges in found.items() if group == CORE or n not in core or "" in ranges}
        # Direct ones in the order of pyproject.toml, then the others by name.
        names = sorted(added, key=lambda name: "" if "" in added[name] else name)
        sections.append(_section(group, [_row(name, added[name], lookup, problems) for name in names]))
    if problems:
        raise ValueError("\n".join(dict.fromkeys(problems)))
    return "\n".join((_INTRODUCTION.format(python=f"{sys.version_info.major}.{sys.version_info.minor}"), *sections))


def declared() -> dict[str, list[Requirement]]:
    """Return the requirements of ``pyproject.toml``: without extras, then those of each extra by its name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {CORE: project["dependencies"], **dict(sorted(project["optional-dependencies"].items()))}
    return {group: [Requirement(text) for text in texts] for group, texts in groups.items()}


def closure(requirements: Iterable[Requirement], lookup: Lookup, problems: list[str]) -> dict[str, dict[str, str]]:
    """Return all distributions that requirements bring: ranges by who declares them ("" for us), by canonical name.

    Adds to problems what is not installed.
    """
    waiting = [("", one) for one in requirements]
    found, seen = dict[str, dict[str, str]](), set[tuple[str, str]]()
    while waiting:
        by, requirement = waiting.pop(0)
        name = canonicalize_name(requirement.name)
        found.setdefault(name, {})[by] = ",".join(sorted(map(str, requirement.specifier), reverse=True))
        installed = lookup(name)
        if installed is None:
            problems.append(f"{name}: expected it to be installed, for {by or 'pyproject.toml'}; found nothing")
            continue
        for extra in ("", *sorted(requirement.extras)):
            if (name, extra) not in seen:
                seen.add((name, extra))
                needed = (Requirement(text) for text in installed.requires)
                waiting += [(name, one) for one in needed if not one.marker or one.marker.evaluate({"extra": extra})]
    return found


def look_up(name: str) -> Installed | None:
    """Return what an installed distribution states; None where there is none of this name."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return None
    return Installed(found.metadata["Name"], found.version, tuple(found.requires or ()), licence(found.metadata))


def licence(metadata: Message) -> str | None:
    """Return the licence that metadata state: the expression, else a licence of one line, else the classifiers.

    Several classifiers follow the line in brackets, because it then tends to be no more than "Dual License".
    """
    if expression := metadata.get("License-Expression"):
        return str(expression)
    lines = (metadata.get("License") or "").strip().removeprefix("UNKNOWN").splitlines()
    classifiers = [
        text.rpartition(" :: ")[2]
        for text in metadata.get_all("Classifier") or []
        if text.startswith("License :: ") and text.count(" :: ") > 1
    ]
    if len(lines) == 1:
        return f"{lines[0]} ({', '.join(classifiers)})" if len(classifiers) > 1 else lines[0]
    return ", ".join(classifiers) or (lines[0].strip() if lines else None)


def _row(name: str, ranges: Mapping[str, str], lookup: Lookup, problems: list[str]) -> tuple[str, ...]:
    installed = lookup(name)
    if installed is None:
        return ()
    if installed.licence is None:
        problems.append(f"{name}: expected a licence in its metadata, found none")
    return installed.name, installed.version, range_text(ranges), installed.licence or ""


def range_text(ranges: Mapping[str, str]) -> str:
    """Return the ranges of one distribution: ours alone, or else those of all that ask for it."""
    if "" in ranges:
        return ranges[""] or "any"
    return ", ".join(f"{by} {text}".strip() for by, text in sorted(ranges.items()))


def _section(group: str, rows: Iterable[tuple[str, ...]]) -> str:
    title = group if group == CORE else f"Extra {group}"
    lines = (_HEAD, ("---",) * len(_HEAD), *rows)
    return "\n".join((f"## {title}", "", *(f"| {' | '.join(row)} |" for row in lines), ""))


def read_page(text: str) -> dict[str, list[tuple[str, ...]]]:
    """Return the rows of the page by group, without their heads."""
    sections = re.split(r"^## (?:Extra )?(.+)$", text, flags=re.M)[1:]
    return {
        group: [
            tuple(cell.strip() for cell in line[1:-1].split(" | ")) for line in body.splitlines() if line[:1] == "|"
        ][2:]
        for group, body in zip(sections[::2], sections[1::2], strict=True)
    }


def main() -> None:
    try:
        text = page(look_up)
    except ValueError as error:
        sys.exit(str(error))
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
