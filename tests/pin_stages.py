"""Pin the code of every stage: ``python -m tests.pin_stages``, after raising its version if its result changed."""

import ast
import hashlib
import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from stylize.stages import STAGES, closure

ROOT = Path(__file__).parents[1]
PINS = Path(__file__).with_name("pinned_stages.json")
# A stage's digest includes imports of its modules from these libraries.
LIBRARIES = ("propagate", "masks")


def pins(sources: dict[str, str] | None = None) -> dict[str, dict[str, object]]:
    """Return digest and versions of every stage. sources: code that replaces the files of modules."""
    code = _Code(sources or {})
    return {
        name: {
            "versions": {one: STAGES[one].version for one in sorted(closure([name]))},
            "code": hashlib.blake2b(
                "".join(code.tree(module) for module in sorted(code.modules(stage.modules))).encode(), digest_size=12
            ).hexdigest(),
        }
        for name, stage in STAGES.items()
    }


def changed(before: dict[str, dict[str, object]], now: dict[str, dict[str, object]]) -> list[str]:
    """Return the stages whose code has changed, and neither their version nor that of a stage they use."""
    return [
        name
        for name, pin in now.items()
        if name in before and pin["code"] != before[name]["code"] and pin["versions"] == before[name]["versions"]
    ]


class _Code:
    """The modules of this tree. sources: code that replaces the files of modules."""

    def __init__(self, sources: dict[str, str]) -> None:
        self._sources = sources

    def modules(self, names: tuple[str, ...]) -> set[str]:
        """Return modules and packages with all modules inside, and what they import from LIBRARIES."""
        found, waiting = set[str](), [module for name in names for module in _inside(name)]
        while waiting:
            module = waiting.pop()
            if module not in found:
                found.add(module)
                waiting += [one for one in _imported(self._text(module)) if one.partition(".")[0] in LIBRARIES]
        return found

    def tree(self, module: str) -> str:
        """Return the syntax tree of a module without docstrings; comments are not part of it."""
        return f"{module} {_shape_without_docstrings(self._text(module))}\n"

    def _text(self, module: str) -> str:
        return self._sources.get(module) or file_of(module).read_text(encoding="utf-8")


@cache
def _shape_without_docstrings(text: str) -> str:
    parsed = ast.parse(text)
    for node in ast.walk(parsed):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:]
    return _shape(parsed)


def _shape(node: object) -> str:
    """Return a syntax tree as text that is the same under every version of Python.

    ``ast.dump`` is not: later versions add fields that are empty in older code.
    """
    if isinstance(node, ast.AST):
        fields = [
            f"{name}={_shape(value)}" for name, value in ast.iter_fields(node) if value is not None and value != []
        ]
        return f"{type(node).__name__}({', '.join(fields)})"
    return f"[{', '.join(map(_shape, node))}]" if isinstance(node, list) else repr(node)


def file_of(module: str) -> Path:
    """Return the file of a module of this tree. Raises FileNotFoundError."""
    base = ROOT / module.replace(".", "/")
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    raise FileNotFoundError(f"stages.py names {module}, and there is no such module")


def _inside(name: str) -> list[str]:
    path = file_of(name)
    if path.name != "__init__.py":
        return [name]
    inner = sorted(path.parent.rglob("*.py"))
    return [".".join(one.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for one in inner]


@cache
def _imported(text: str) -> tuple[str, ...]:
    found = list[str]()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [one for one in inner if _exists(one)] or [node.module]
    return tuple(found)


def _exists(module: str) -> bool:
    if module.partition(".")[0] not in LIBRARIES:
        return False
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def main() -> None:
    PINS.write_text(json.dumps(pins(), indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
