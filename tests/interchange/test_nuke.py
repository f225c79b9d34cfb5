"""The Nuke script, read by the necessary subset of Tcl's rules."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from propagate.arrays import Floats
from stylize.interchange.nuke import nk_of
from stylize.interchange.timelines.timeline import Timeline
from stylize.media.colour import Colour, to_rec709
from stylize.media.images import write_image
from stylize.media.sequences import parse_pattern
from stylize.media.working_spaces import REC709, to_space
from tests.interchange.timelines import FILM, movie_timeline, picture_timeline

# Knobs of each kind of node, from Nuke's reference of nodes.
KNOBS = {
    "Root": {"inputs", "name", "first_frame", "last_frame", "fps", "format", "colorManagement", "OCIO_config"},
    "Read": {
        "inputs", "file_type", "file", "first", "last", "origfirst", "origlast", "origset", "frame_mode", "frame",
        "raw", "colorspace", "format", "name", "xpos", "ypos",
    },
    "ColorMatrix": {"matrix", "name", "xpos", "ypos"},
    "Premult": {"name", "xpos", "ypos"},
    "Switch": {"inputs", "which", "name", "xpos", "ypos"},
    "Unpremult": {"name", "xpos", "ypos"},
    "Colorspace": {"colorspace_in", "colorspace_out", "name", "xpos", "ypos"},
    "Merge2": {"inputs", "operation", "name", "xpos", "ypos"},
    "Viewer": {"inputs", "name"},
}  # fmt: skip
READERS = {"png", "tiff", "jpeg", "exr", "dpx", "mov"}
SPACES = {"linear", "sRGB"}


def words(text: str) -> list[str]:
    """Split a Tcl list into words: bare, quoted with escapes, or in braces, which must balance."""
    found, place = [], 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        start = place
        if text[place] == '"':
            word = ""
            place += 1
            while text[place] != '"':
                assert text[place] not in "[$\n", "unescaped Tcl command, variable or line break"
                if octal := re.match(r"\\([0-7]{3})", text[place:]):
                    word += chr(int(octal[1], 8))
                    place += 4
                    continue
                place += text[place] == "\\"
                word += text[place]
                place += 1
            place += 1
            found.append(word)
        elif text[place] == "[":
            place = text.index("]", place) + 1
            found.append(text[start:place])
        elif text[place] == "{":
            depth = 0
            while True:
                depth += {"{": 1, "}": -1}.get(text[place], 0)
                # A brace behind a backslash does not count.
                place += 2 if text[place] == "\\" else 1
                if depth == 0:
                    break
            found.append(text[start:place])
        else:
            while place < len(text) and not text[place].isspace():
                place += 1
            assert not set(text[start + 1 : place]) & set('{}"[]$;'), text[start:place]
            found.append(text[start:place])
        assert place == len(text) or text[place].isspace(), "expected a space between words"
    return found


def nodes(timeline: Timeline, text: str) -> dict[str, dict[str, str]]:
    """Map every node's name to its knobs, which must be known for its kind, and its kind.

    Commands run as Nuke runs them: a node takes its inputs from the stack and is pushed onto it; `set` names the top.
    """
    assert text.startswith("#! Nuke\nversion 13.0\n")
    found: dict[str, dict[str, str]] = {}
    stack: list[str] = []
    named: dict[str, str] = {}
    remaining = words(text.split("\n", 2)[2])
    while remaining:
        command = remaining.pop(0)
        if command == "push":
            stack.append(named[remaining.pop(0).removeprefix("$")])
            continue
        if command == "set":
            named[remaining.pop(0)] = stack[-1]
            assert remaining.pop(0) == "[stack 0]"
            continue
        body = words(remaining.pop(0)[1:-1])
        knobs = dict(zip(body[::2], body[1::2], strict=True))
        assert knobs.keys() <= KNOBS[command], command
        inputs = [stack.pop() for _ in range(int(knobs.get("inputs", "1")))]
        assert knobs["name"] not in found
        found[knobs["name"]] = {**knobs, "kind": command, "from": " ".join(inputs)}
        if command != "Root":
            stack.append(knobs["name"])
        if command == "Merge2":
            assert knobs["operation"] in {"over", "disjoint-over"}
        if command == "Colorspace":
            assert {knobs.get(end, "sRGB") for end in ("colorspace_in", "colorspace_out")} == {"sRGB"}
        if command == "Read":
            assert knobs["file_type"] in READERS
            assert ("raw" in knobs) != (knobs.get("colorspace") in SPACES)
            assert (knobs["first"], knobs["last"]) == (knobs["origfirst"], knobs["origlast"])
            assert knobs["origset"] == "true"
    switch = found["plate_or_result"]["from"].split()
    assert [name.split("_")[0] for name in switch] == ["plate", "result"]  # 0 and 1 of the switch
    return found


def test_media_are_read_under_their_own_frame_numbers(tmp_path: Path) -> None:
    timeline = picture_timeline(tmp_path, alpha="premultiplied")
    passes = replace(timeline.result, name="passes", alpha=None)
    matte = replace(timeline.result, name="m", alpha=None)
    found = nodes(timeline, nk_of(replace(timeline, matte=matte), [passes]))
    assert [name for name, node in found.items() if node["kind"] == "Read"] == ["plate", "result", "matte", "passes"]
    assert found["result"]["file"] == f"{tmp_path.as_posix()}/out/comp 1.%05d.exr"
    assert found["plate"]["file"] == f"{tmp_path.as_posix()}/in/plate x.%04d.png"
    for name in ("plate", "result", "matte", "passes"):
        assert (found[name]["first"], found[name]["last"]) == ("1001", "1040")
        assert "frame_mode" not in found[name]
    assert (found["plate"]["colorspace"], found["result"]["colorspace"]) == ("sRGB", "linear")
    assert (found["matte"]["raw"], found["passes"]["raw"]) == ("true", "true")
    root = found["Größe.nk"]
    assert (root["first_frame"], root["last_frame"], root["fps"]) == ("1001", "1040", "23.976024")
    assert root["format"].startswith("64 48 0 0 64 48 1 ")
    assert not [node for node in found.values() if node["kind"] == "Premult"]


def test_movie_starts_at_the_first_frame_of_the_result(tmp_path: Path) -> None:
    timeline = movie_timeline(tmp_path, FILM, "01:00:00:00", frames="1005-1040", alpha="straight")
    found = nodes(timeline, nk_of(timeline))
    # The plate starts four frames earlier: its first is at 1001, so that 1005 is the result's first.
    assert (found["plate"]["frame_mode"], found["plate"]["frame"], found["plate"]["last"]) == ("start at", "1001", "40")
    assert (found["result"]["frame"], found["result"]["last"]) == ("1005", "36")
    assert found["result_premult"]["kind"] == "Premult"
    text = nk_of(timeline)
    assert text.count("push $N_") == 2
    assert text.index("set N_result") > text.index("result_premult")


def test_handles_are_outside_the_frame_range(tmp_path: Path) -> None:
    timeline = movie_timeline(tmp_path, FILM, "01:00:00:00", frames="1005-1040", handles=4)
    found = nodes(timeline, nk_of(timeline))
    root = found[f"{timeline.name}.nk"]
    assert (root["first_frame"], root["last_frame"]) == ("1009", "1036")
    assert (found["result"]["frame"], found["result"]["last"]) == ("1005", "36")


def test_tcl_characters_in_names_are_escaped(tmp_path: Path) -> None:
    timeline = movie_timeline(tmp_path)
    odd = replace(timeline, result=replace(timeline.result, path=Path("/a [b] $c {d}.mov")), name='x"; exit')
    text = nk_of(odd)
    assert nodes(odd, text)["Viewer1"]["from"] == "plate_or_result"
    assert r'"/a \[b\] \$c \{d\}.mov"' in text
    assert nodes(odd, text)["result"]["file"] == "/a [b] $c {d}.mov"
    assert r'name "x\"\; exit.nk"' in text


@pytest.mark.parametrize(
    ("suffix", "reader", "space"),
    [(".tif", "tiff", "sRGB"), (".jpg", "jpeg", "sRGB"), (".dpx", "dpx", "sRGB"), (".exr", "exr", "linear")],
)
def test_readers_have_nukes_names(tmp_path: Path, suffix: str, reader: str, space: str) -> None:
    timeline = picture_timeline(tmp_path, suffix=suffix)
    result = nodes(timeline, nk_of(timeline))["result"]
    assert (result["file_type"], result["colorspace"]) == (reader, space)


def matrix_of(node: dict[str, str]) -> Floats:
    rows = [[float(value) for value in words(row[1:-1])] for row in words(node["matrix"][1:-1])]
    return np.array(rows)


def test_working_space_is_converted_to_that_of_the_plate(tmp_path: Path) -> None:
    timeline = picture_timeline(tmp_path)
    found = nodes(timeline, nk_of(timeline, space="acescg"))
    assert found["result_rec709"]["from"] == "result"
    assert "plate_rec709" not in found
    linear = np.random.default_rng(1).random((4, 3)).astype(np.float32)
    there = to_space(linear[None], REC709, "acescg")[0]
    np.testing.assert_allclose(there @ matrix_of(found["result_rec709"]).T, linear, atol=1e-4)
    assert found["plate_or_result"]["from"] == "plate result_rec709"
    write_image(tmp_path / "p.0001.exr", np.zeros((4, 4, 3), np.uint8), space="aces2065-1")
    plate = replace(timeline.plate, pattern=parse_pattern(tmp_path / "p.####.exr"), first=1)
    found = nodes(timeline, nk_of(replace(timeline, plate=plate), plate_space="aces2065-1"))
    assert found["plate_or_result"]["from"] == "plate_rec709 result"


def test_other_primaries_are_converted_to_those_of_the_exr(tmp_path: Path) -> None:
    timeline, wide = picture_timeline(tmp_path), Colour(9, 9, 14)
    found = nodes(timeline, nk_of(timeline, colour=wide))
    linear = np.random.default_rng(1).random((1, 4, 3)).astype(np.float32)
    np.testing.assert_allclose(
        linear[0] @ matrix_of(found["plate_rec709"]).T, to_rec709(linear, wide)[0], atol=1e-5
    )  # fmt: skip
    assert "result_rec709" not in found  # EXRs are converted on writing
