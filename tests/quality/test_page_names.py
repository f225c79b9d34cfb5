"""Names in the report page appear as text, never as markup, a script or one of the page's markers."""

import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings

from stylize.quality.curve import MEASURES
from stylize.quality.page import FramePictures, page_of
from stylize.sheets.design import DARK, LIGHT, css_variables
from stylize.visible_text import visible
from tests.names import TEXTS


def figures(name: str, reason: str) -> dict[str, Any]:
    frame = {"frame": 1} | {measure.name: 0.5 for measure in MEASURES}
    key = {"frame": 1, "reason": reason, "pop": None, "agreement": None}
    worst = {"frame": 1, "error": 0.5, "nearest key": None, "advice": reason}
    shot = {"frames": [frame], "keys": [key], "summary": {reason: 1.0}, "worst frames": [worst]}
    verdict = {"level": "poor", "text": reason, "advice": [reason, name]}
    return {"name": name, "facts": name, "options": {name: reason}, "verdict": verdict, "shots": [shot]}


class Reader(HTMLParser):
    """Collects all tags, and the text in each kind of tag."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: dict[str, str] = {}
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        tag = self.tags[-1] if self.tags else ""
        self.texts[tag] = self.texts.get(tag, "") + data


def read(name: str, reason: str, picture: str = "data:image/jpeg;base64,AAAA") -> Reader:
    page = page_of(figures(name, reason), [FramePictures(1, picture, picture, picture)], picture, [(name, picture)])
    return Reader(page.encode().decode())


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(TEXTS, TEXTS)
@example("</title><script>alert(1)</script>", "@DATA@")
@example("@DATA@\n</script>", "@NAME@@STRIP@")
def test_any_name_is_displayed_as_text(name: str, reason: str) -> None:
    plain, found = read("plain", "plain"), read(name, reason)
    assert found.tags == plain.tags
    assert found.texts["title"].strip() == visible(name).strip()
    assert found.texts["h1"].strip() == visible(name).strip()
    assert visible(reason) in found.texts["td"]
    assert found.texts["script"] == plain.texts["script"]


def test_pictures_are_embedded_data() -> None:
    odd = "</script><!--<script>@NAME@'\"\\"
    script = read("plain", "plain", odd).texts["script"]
    data = re.search(r"const frames = (.*);\n", script)
    assert data is not None
    assert json.loads(data[1]) == [[1, odd, odd, odd]]


class Elements(HTMLParser):
    """Collects the tags of a page with their attributes, and which inputs are inside a label."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], bool]] = []
        self.in_label = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.in_label = self.in_label or tag == "label"
        self.found.append((tag, dict(attrs), self.in_label))

    def handle_endtag(self, tag: str) -> None:
        self.in_label = self.in_label and tag != "label"


def test_page_is_accessible() -> None:
    picture = "data:image/jpeg;base64,AAAA"
    elements = Elements(page_of(figures("a", "b"), [FramePictures(1, picture, picture, picture)], picture)).found
    tags = [tag for tag, _, _ in elements]
    assert elements[0][:2] == ("html", {"lang": "en"})
    assert tags.count("h1") == tags.count("main") == 1
    assert all(attributes.get("alt") for tag, attributes, _ in elements if tag == "img")
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes, _ in elements if tag == "th")
    assert all("aria-label" in attributes or inside for tag, attributes, inside in elements if tag == "input")
    assert all(
        attributes.get("aria-hidden") == "true" or (attributes.get("role") == "img" and attributes.get("aria-label"))
        for tag, attributes, _ in elements if tag == "svg"
    )  # fmt: skip
    levels = [int(tag[1]) for tag in tags if tag in ("h1", "h2", "h3")]
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_heat_maps_have_a_legend_with_its_range() -> None:
    picture = "data:image/jpeg;base64,AAAA"
    for error, expected in ((picture, True), ("", False)):
        page = page_of(figures("a", "b"), [FramePictures(1, picture, picture, error)], picture, heat_top=0.05)
        assert ("Error: 0 %" in page and "5 % of the full range" in page) == expected
        assert ('name="view" value="3"' in page) == expected


def test_both_schemes_have_all_colours() -> None:
    page = page_of(figures("a", "b"), [FramePictures(1, "x", "x")], "x")
    style = page[page.index("<style>") : page.index("</style>")]
    used = set(re.findall(r"var\((--[a-z]+)\)", style))
    for palette in (DARK, LIGHT):
        defined = set(re.findall(r"(--[a-z]+):", css_variables(palette)))
        assert used <= defined
        assert css_variables(palette) in style
    assert "prefers-color-scheme: light" in style
