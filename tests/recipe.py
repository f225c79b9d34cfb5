"""The recipe of docs/development/extensions.md, followed literally: its files and commands."""

import re
import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path

RECIPE = Path(__file__).parents[1] / "docs/development/extensions.md"
# A file's name in backticks ends the paragraph that precedes its block.
_BLOCK = re.compile(r"`([\w./-]+)`:\n\n```(?!sh)\w+\n(.*?)```", re.DOTALL)
_COMMANDS = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def recipe_files() -> dict[str, str]:
    """Return the files of the recipe by path."""
    return dict(_BLOCK.findall(RECIPE.read_text(encoding="utf-8")))


def recipe_commands() -> list[str]:
    """Return the commands of the recipe, the first of which installs it."""
    [block] = _COMMANDS.findall(RECIPE.read_text(encoding="utf-8"))
    return block.strip().splitlines()


def write_recipe(folder: Path) -> Path:
    """Write the files of the recipe into a separate folder, and return it."""
    for name, text in recipe_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def install_recipe(source: Path, site: Path) -> Path:
    """Install the recipe into a folder as pip would, without pip and its build backend, and return the folder."""
    project = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shutil.copytree(source / "stylize_pencil", site / "stylize_pencil")
    return install(site, project["name"], project["version"], project["entry-points"])


def install(site: Path, name: str, version: str, entry_points: Mapping[str, Mapping[str, str]]) -> Path:
    """Write the metadata of an installed distribution into a folder, and return the folder."""
    metadata = site / f"{name.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [
        line for group, some in entry_points.items()
        for line in (f"[{group}]", *(f"{one} = {value}" for one, value in some.items()))
    ]  # fmt: skip
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return site
