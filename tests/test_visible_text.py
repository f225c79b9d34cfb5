"""Displayed text: one line, without invisible characters."""

import unicodedata
from xml.etree import ElementTree as Tree

import pytest
from hypothesis import given

from stylize.visible_text import is_utf8, one_line, visible
from tests.names import FILE_NAMES, TEXTS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Größe 日本 \U0001f600 <&>'\" \\n", "Größe 日本 \U0001f600 <&>'\" \\n"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x1b[31m\x07\x7f\x9b", r"\x1b[31m\x07\x7f\x9b"),
        ("a\udcff\ud800\u2028\u202e\ufffe", r"a\xff\ud800\u2028\u202e\ufffe"),
        ("\u200fא", "\u200fא"),
    ],
)
def test_invisible_characters_are_escaped(text: str, expected: str) -> None:
    assert visible(text) == expected


@given(TEXTS)
def test_any_text_is_one_line_of_valid_utf8_xml(text: str) -> None:
    shown = visible(text)
    assert len(shown.splitlines()) == (1 if shown else 0)
    assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in shown)
    assert visible(shown) == shown
    element = Tree.Element("a", b=shown)
    element.text = shown
    read = Tree.fromstring(Tree.tostring(element, encoding="utf-8"))
    assert (read.text or "", read.get("b")) == (shown, shown)
    assert one_line(text, 20) == one_line(one_line(text, 20), 20)
    assert len(one_line(text, 20)) <= 20


@given(FILE_NAMES)
def test_non_utf8_names_are_escaped(name: str) -> None:
    assert is_utf8(name) == (name == name.encode("utf-8", "surrogateescape").decode(errors="replace"))
    assert is_utf8(visible(name))
