"""Names in the report page appear as text, never as markup, a script or one of the page's markers."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given, settings

from stylize.quality.curve import MEASURES
from stylize.quality.page import FramePictures, page_of
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
