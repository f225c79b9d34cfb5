"""Map of all modules, from their docstrings and imports: ``python -m tests.module_map`` writes it.

One line a module, grouped by package, packages in the order of the import contract of ``pyproject.toml``.
"""

import ast
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "development" / "modules.md"
PACKAGES = ("stylize", "propagate", "masks")
_INTRODUCTION = """\
# Modules

<!-- Made from docstrings and imports by: python -m tests.module_map. Change those, not this file. -->

Every module of the four packages and the command, upper packages first; [Architecture](architecture.md) explains the
order. The last two columns are what it imports, also inside functions and for type checkers. The implementations that
`extensions/built_in.py` registers are imported by name when they are selected, which the map does not show.
"""


@dataclass(frozen=True)
class Entry:
    """A line of the map. imports: dotted names of modules of ours."""

    name: str
    is_package: bool
    summary: str
    imports: frozenset[str]

    @property
    def package(self) -> str:
        """Dotted name of the package that the module belongs to; a package belongs to itself."""
        return self.name if self.is_package else self.name.rpartition(".")[0]


def page() -> str:
    """Return the page of the documentation."""
    entries = read_entries(sources())
    packages = {entry.package for entry in entries}
    return "\n".join((_INTRODUCTION, *(_table(package, entries, packages) for package in sorted(packages, key=_place))))


def sources() -> dict[str, tuple[str, bool]]:
    """Return text, and whether it is a package, of every module by its dotted name."""
    files = [ROOT / "cli.py", *(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))]
    found = {}
    for path in files:
        parts = path.relative_to(ROOT).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        found[".".join(parts[: len(parts) - is_package])] = (path.read_text(encoding="utf-8"), is_package)
    return found


def read_entries(texts: Mapping[str, tuple[str, bool]]) -> list[Entry]:
    """Return the entries of modules, given as ``sources`` does. Raise ValueError for one without a docstring."""
    found = []
    for name, (text, is_package) in texts.items():
        tree = ast.parse(text)
        docstring = ast.get_docstring(tree)
        if not docstring:
            raise ValueError(f"{name}: expected a docstring at its top, found none")
        found.append(Entry(name, is_package, first_sentence(docstring), imported(tree, texts.keys()) - {name}))
    return found


def first_sentence(docstring: str) -> str:
    """Return the first sentence of a docstring on one line, as Markdown."""
    text = " ".join(docstring.split("\n\n")[0].split()).replace("``", "`")
    match = re.match(r".+?\.(?= [A-Z`]|$)", text)
    return match.group() if match else text


def imported(tree: ast.Module, known: Iterable[str]) -> frozenset[str]:
    """Return the names of known modules that a module imports anywhere, for type checkers too."""
    found = set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= modules & set(known) or {str(node.module)}
    return frozenset(found & set(known))


def _table(package: str, entries: list[Entry], packages: set[str]) -> str:
    members = sorted((entry for entry in entries if entry.package == package), key=_row_place)
    rows = (("Module", "Purpose", "Imports: own package", "Imports: other packages"), ("---",) * 4)
    rows += tuple((f"`{_label(entry)}`", entry.summary, *_imports(entry, packages)) for entry in members)
    title = f"{package.replace('.', '/')}/" if package else "cli.py"
    return "\n".join((f"## {title}", "", *(f"| {' | '.join(row)} |" for row in rows), ""))


def _label(entry: Entry) -> str:
    return "__init__" if entry.is_package else entry.name.rpartition(".")[2]


def _imports(entry: Entry, packages: set[str]) -> tuple[str, str]:
    """Return the modules of the same package that a module imports, and the other packages."""
    own, others = set[str](), set[str]()
    for name in entry.imports - {entry.package}:
        package, _, module = name.rpartition(".")
        if package == entry.package and package and name not in packages:
            own.add(module)
        else:
            others.add(name.removeprefix(f"{entry.package}.").removeprefix("stylize.").partition(".")[0])
    return _code_list(own), _code_list(others)


def _code_list(names: set[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _place(package: str) -> tuple[int, int, str]:
    """Return the place of a package: the command, stylize by its import contract, then the libraries."""
    first, _, rest = package.partition(".")
    layer = _layers().index(rest.partition(".")[0]) if rest and first == "stylize" else -1
    return ("", *PACKAGES).index(first), layer, package


def _row_place(entry: Entry) -> tuple[bool, int, str]:
    """Return the place of a module in its package: ``__init__`` first, modules of stylize itself by the contract."""
    label = _label(entry)
    in_contract = entry.package == "stylize" and not entry.is_package
    return not entry.is_package, _layers().index(label) if in_contract else 0, label


@cache
def _layers() -> list[str]:
    """Return packages and modules of stylize, upper first, as the import contract lists them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract.get("containers") == ["stylize"])
    return [name.strip() for layer in layers for name in layer.split("|")]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
