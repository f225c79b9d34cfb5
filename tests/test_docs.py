"""The pages for people name options, files and exports that exist."""

import re
from pathlib import Path

import pytest

import masks
import propagate
from stylize.settings import MATTE_OPTIONS, OPTIONS

ROOT = Path(__file__).parents[1]
TOP = tuple(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))
# A changelog names former options too, and the recipe of extensions has options of its own.
PAGES = sorted({*TOP, *(ROOT / "docs").rglob("*.md")} - {ROOT / "docs/development/extensions.md"})
# Flags that are not options of a run: of commands of stylize, and of other programs that a page shows.
COMMAND_FLAGS = {
    "--help",
    "--help-all",
    "--version",
    "--name",
    "--layer",
    "--update",
    "--results",
    "--dry-run",
    "--lock",
    "--unlock",
    "--versions",
    "--root",
    "--port",
    "--host",
    "--public",
    "--deliver",
    "--with-frames",
    "--as",
    "--box",
    "--editor",
}
OTHER_FLAGS = {
    "--dist", "--api", "--include", "--sizes", "--count", "--width", "--movie", "--only", "--cost", "--sheet",
    "--footage", "--davis", "--clock", "--paint",
}  # fmt: skip
MAX_README_LINES = 180


def flags(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*[a-z]", text))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_flag_on_a_page_exists(page):
    ours = {flag for option in (*OPTIONS.values(), *MATTE_OPTIONS.values()) for flag in option.flags}
    assert flags(page.read_text(encoding="utf-8")) <= ours | COMMAND_FLAGS | OTHER_FLAGS


@pytest.mark.parametrize("page", TOP, ids=lambda path: path.name)
def test_links_from_pages_outside_the_documentation_lead_to_files(page):
    """mkdocs checks those inside of it."""
    links = re.findall(r"\]\(([^)#:]+)(?:#([\w-]+))?\)", page.read_text(encoding="utf-8"))
    assert links
    for path, anchor in links:
        assert (ROOT / path).is_file(), path
        if anchor:
            headings = re.findall(r"^#+ (.+)$", (ROOT / path).read_text(encoding="utf-8"), re.M)
            assert anchor in {re.sub(r"[^\w ]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_readme_stays_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= MAX_README_LINES


@pytest.mark.parametrize("package", [propagate, masks], ids=lambda package: package.__name__)
def test_page_of_the_libraries_has_every_export_with_its_module(package):
    page = (ROOT / "docs/reference/libraries.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {package.__name__}\n")[2].partition("\n## ")[0]
    found = dict(re.findall(r"^### (\w+)\n\n::: ([\w.]+)$", section, re.M))
    assert list(found) == list(package.__all__)
    assert found == {name: f"{package.__name__}.{'.'.join(place)}" for name, place in package._EXPORTS.items()}
