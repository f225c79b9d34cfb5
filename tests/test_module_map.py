"""The map of the modules lists each of them once, with its docstring and its imports, and is up to date."""

import ast
import re

import pytest

from tests.module_map import PACKAGES, PAGE, ROOT, first_sentence, imported, page, read_entries

MODULES = ("stylize.media", "stylize.media.clock", "stylize.errors", "propagate.flow")


@pytest.fixture(scope="module")
def text():
    return page()


@pytest.mark.slow
def test_page_is_up_to_date(text):
    assert PAGE.read_text(encoding="utf-8") == text, "run python -m tests.module_map"


def test_page_has_a_line_for_every_module(text):
    lines = re.findall(r"^\| `\w+` \| \S.+$", text, re.M)
    assert len(lines) == 1 + sum(len(list((ROOT / package).rglob("*.py"))) for package in PACKAGES)
    assert {line.count(" | ") for line in lines} == {3}


def test_packages_and_modules_are_in_the_order_of_the_contract(text):
    headings = re.findall(r"^## (\S+)$", text, re.M)
    assert headings[:4] == ["cli.py", "stylize/", "stylize/review/", "stylize/review/routes/"]
    assert headings[-3:] == ["propagate/", "propagate/kernels/", "masks/"]
    assert headings.index("stylize/spans/") < headings.index("stylize/media/") < headings.index("stylize/media/images/")
    own = re.findall(r"^\| `(\w+)`", text.partition("## stylize/\n")[2].partition("\n## ")[0], re.M)
    assert own.index("pipeline") < own.index("session") < own.index("errors")


def test_imports_are_found_anywhere_in_a_module():
    tree = ast.parse(
        "import stylize.errors as errors, os\n"
        "def f():\n    from stylize.media import clock\n"
        "if TYPE_CHECKING:\n    from propagate.flow import warp\n"
    )
    assert imported(tree, MODULES) == {"stylize.errors", "stylize.media.clock", "propagate.flow"}


def test_import_of_an_exported_name_is_an_import_of_its_package():
    assert imported(ast.parse("from stylize.media import open_shot"), MODULES) == {"stylize.media"}


def test_first_sentence_ends_before_the_second():
    docstring = "Values of ``Rec. 709``, as in\n``name.####.png``. Imports no library.\n\nMore."
    assert first_sentence(docstring) == "Values of `Rec. 709`, as in `name.####.png`."
    assert first_sentence("Numbered frames") == "Numbered frames"


def test_module_without_a_docstring_is_an_error():
    with pytest.raises(ValueError, match=r"^stylize\.bare: expected a docstring"):
        read_entries({"stylize.bare": ("import os\n", False)})
