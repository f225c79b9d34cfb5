"""Arbitrary names in exported files, read by other programs' readers: names as `visible` displays them, exact paths."""

import csv
import io
import json
import os
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit
from xml.etree import ElementTree as Tree

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from stylize.errors import OutputError
from stylize.interchange.aftereffects import jsx_of
from stylize.interchange.nuke import nk_of
from stylize.interchange.timelines import TIMELINES
from stylize.interchange.timelines.timeline import Event, Media, Timeline
from stylize.media.sequences import Pattern
from stylize.visible_text import is_utf8, visible
from tests.interchange.test_nuke import nodes
from tests.names import FILE_NAMES, UTF8_NAMES

FOLDER = Path("/shots")
MANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def movies(name: str, file: str) -> Timeline:
    """A timeline of movies. name: of the shot. file: name of both movies, each in its own folder."""
    plate = Media(f"{name}_plate", FOLDER / "in" / f"{file}.mov", None, 50, 90000, 0, None, (2,))
    result = Media(f"{name}_stylized", FOLDER / "out" / f"{file}.mov", None, 48, 90002, 0)
    events = (Event(f"{name}_001", 0, 2, 0, 20, 3, (3, 9)), Event(f"{name}_002", 20, 22, 20, 28, 23, ()))
    return Timeline(name, Fraction(25), (64, 48), Fraction(1), 90002, False, plate, result, None, events)


def pictures(name: str, file: str) -> Timeline:
    timeline = movies(name, file)
    inner, outer = (Pattern(FOLDER / folder / file, f"{file}.", 4, ".png") for folder in ("in", "out"))
    plate, result = (
        replace(medium, path=pattern.folder, pattern=pattern, sound=())
        for medium, pattern in ((timeline.plate, inner), (timeline.result, outer))
    )
    return replace(timeline, plate=plate, result=result)


def path_of(url: str) -> Path:
    """The path in a file URL, with all of its bytes."""
    parts = urlsplit(url)
    assert (parts.scheme, parts.query, parts.fragment) == ("file", "", "")
    assert url.isascii()
    return Path(os.fsdecode(unquote_to_bytes(parts.path)))


def written(text: str) -> str:
    """The text as a program reads it from the file."""
    return text.encode().decode()


@pytest.mark.slow
@MANY
@given(FILE_NAMES, FILE_NAMES)
@example("a\nb]]>@DATA@", "</script>".replace("/", ""))
def test_final_cut_and_premiere_xml_keeps_any_name(name: str, file: str) -> None:
    timeline = movies(name, file)
    text = written(TIMELINES["xml"][".xml"](timeline))
    root = Tree.fromstring(text.split("<!DOCTYPE xmeml>")[1])
    assert [one.text for one in root.findall("./sequence/name")] == [visible(name)]
    assert {one.text for one in root.iter("pathurl")} == {
        one.path.as_uri().replace("file:///", "file://localhost/") for one in (timeline.plate, timeline.result)
    }
    assert {path_of(str(one.text)) for one in root.iter("pathurl")} == {timeline.plate.path, timeline.result.path}
    assert {one.text for one in root.findall(".//clipitem/name")} == {visible(event.name) for event in timeline.events}
    assert {one.text for one in root.findall(".//file/name")} == {visible(f"{file}.mov")}
    # References by ID still resolve.
    described = [one.get("id") for one in root.iter("file") if len(one)]
    assert set(described) == {one.get("id") for one in root.iter("file")}


@pytest.mark.slow
@MANY
@given(FILE_NAMES, FILE_NAMES)
def test_final_cut_x_keeps_any_name(name: str, file: str) -> None:
    timeline = movies(name, file)
    text = written(TIMELINES["fcpxml"][".fcpxml"](timeline))
    root = Tree.fromstring(text.split("<!DOCTYPE fcpxml>")[1])
    assert [one.get("name") for one in root.iter("project")] == [visible(name)]
    assert {one.get("name") for one in root.iter("asset-clip")} == {visible(event.name) for event in timeline.events}
    assets = [(one.get("name"), path_of(str(one.get("src")))) for one in root.iter("asset")]
    assert assets == [(visible(one.name), one.path) for one in (timeline.plate, timeline.result)]


@pytest.mark.slow
@MANY
@given(FILE_NAMES, FILE_NAMES)
def test_otio_json_keeps_any_name(name: str, file: str) -> None:
    timeline = movies(name, file)
    parsed = json.loads(written(TIMELINES["otio"][".otio"](timeline)))
    assert parsed["name"] == visible(name)
    references = [
        clip["media_references"]["DEFAULT_MEDIA"]
        for track in parsed["tracks"]["children"]
        for clip in track["children"]
    ]
    assert {path_of(one["target_url"]) for one in references} == {timeline.plate.path, timeline.result.path}
    assert {one["name"] for one in references} == {visible(one.name) for one in (timeline.plate, timeline.result)}


@pytest.mark.slow
@MANY
@given(FILE_NAMES, FILE_NAMES)
def test_opentimelineio_reads_names_and_paths(name: str, file: str) -> None:
    otio: Any = pytest.importorskip("opentimelineio")
    timeline = movies(name, file)
    parsed = otio.adapters.read_from_string(TIMELINES["otio"][".otio"](timeline), "otio_json")
    assert parsed.name == visible(name)
    assert [clip.name for clip in parsed.find_clips()] == [visible(event.name) for event in timeline.events] * 3
    assert {path_of(clip.media_reference.target_url) for clip in parsed.find_clips()} == {
        timeline.plate.path, timeline.result.path,
    }  # fmt: skip
    numbered = pictures(name, file)
    parsed = otio.adapters.read_from_string(TIMELINES["otio"][".otio"](numbered), "otio_json")
    for clip, medium in zip(list(parsed.find_clips())[::2], (numbered.plate, numbered.result), strict=True):
        assert path_of(clip.media_reference.target_url_for_image_number(2)) == medium.file().with_name(
            f"{file}.{medium.first + 2:04d}.png"
        )


@pytest.mark.slow
@MANY
@given(FILE_NAMES, FILE_NAMES)
def test_other_xml_readers_agree(name: str, file: str) -> None:
    otio: Any = pytest.importorskip("opentimelineio")
    timeline = movies(name, file)
    parsed = otio.adapters.read_from_string(TIMELINES["xml"][".xml"](timeline), "fcp_xml")
    assert [clip.name for clip in parsed.find_clips()] == [visible(event.name) for event in timeline.events] * 3
    assert {path_of(clip.media_reference.target_url) for clip in parsed.find_clips()} == {
        timeline.plate.path, timeline.result.path,
    }  # fmt: skip
    otio.adapters.read_from_string(TIMELINES["fcpxml"][".fcpxml"](timeline), "fcpx_xml")


@pytest.mark.slow
@MANY
@given(FILE_NAMES, FILE_NAMES)
@example("x\n* LOC: 01:00:00:00 RED\n001  AX V C 00:00:00:00 00:00:00:01 00:00:00:00 00:00:00:01", "a")
def test_edit_decision_lists_keep_any_name(name: str, file: str) -> None:
    """Parse by the rules of CMX 3600: a title, a mode, and for each event one line of columns and its comments."""
    timeline = movies(name, file)
    for text in (written(make(timeline)) for make in TIMELINES["edl"].values()):
        lines = text.split("\n")
        assert len(lines) == len(text.splitlines()) + 1
        assert [line for line in lines if line and not line.startswith(("TITLE: ", "FCM: ", "* "))] == [
            line
            for line in lines
            if re.fullmatch(r"\d{3}  [A-Z0-9 ]{8} V     C        (\d\d:\d\d:\d\d:\d\d ?){4}", line)
        ]
        assert len([line for line in lines if line[:3].isdigit()]) == len(timeline.events)
        clips = [line.removeprefix("* FROM CLIP NAME: ") for line in lines if line.startswith("* FROM CLIP NAME: ")]
        assert clips == [visible(f"{file}.mov")] * len(timeline.events)
        comments = [line.removeprefix("* COMMENT: ") for line in lines if line.startswith("* COMMENT: ")]
        assert comments == [visible(event.name) for event in timeline.events]
        assert len([line for line in lines if line.startswith("* SOURCE FILE: ")]) == len(timeline.events)
        assert f"* SOURCE FILE: {visible(file)}.mov" in lines


@MANY
@given(FILE_NAMES, FILE_NAMES)
def test_opentimelineio_reads_edit_decision_lists(name: str, file: str) -> None:
    otio: Any = pytest.importorskip("opentimelineio")
    timeline = movies(name, file)
    for make in TIMELINES["edl"].values():
        parsed = otio.adapters.read_from_string(make(timeline), "cmx_3600", rate=25)
        clips = list(parsed.find_clips())
        assert {clip.name for clip in clips} == {f"{visible(file)}.mov".strip()}
        assert [clip.source_range.duration.value for clip in clips] == [event.count for event in timeline.events]


@pytest.mark.slow
@MANY
@given(FILE_NAMES, UTF8_NAMES)
@example("x", "100%41 %.[exit] $x {")
def test_nuke_script_keeps_any_name(name: str, file: str) -> None:
    for timeline in (movies(name, file), pictures(name, file)):
        text = written(nk_of(timeline))
        found = nodes(timeline, text)
        assert visible(f"{name}.nk") in found
        for node, medium in (("plate", timeline.plate), ("result", timeline.result)):
            path = found[node]["file"]
            assert path == (str(medium.path) if medium.pattern is None else f"{medium.pattern.folder}/{file}.%04d.png")
        knobs = [line for line in text.split("\n") if line.startswith(" ")]
        assert len(knobs) == len([line for line in knobs if re.match(r" [A-Za-z_]+ \S", line)])


@settings(max_examples=60, deadline=None)
@given(FILE_NAMES, UTF8_NAMES)
@example("@CUT@</script>", "100%41 \u2028 \"'\\")
def test_after_effects_script_keeps_any_name(name: str, file: str) -> None:
    pytest.importorskip("dukpy")
    from tests.interchange.test_aftereffects import run

    for timeline in (movies(name, file), pictures(name, file)):
        script = jsx_of(timeline, FOLDER)
        assert script.isascii()
        media = [timeline.plate.file().as_posix(), timeline.result.file().as_posix()]
        done = run(script, media)
        assert [one["file"] for one in done["imports"]] == media
        assert [comp["name"] for comp in done["comps"]] == [visible(name)]
        assert {layer["name"] for layer in done["layers"]} == {
            f"{visible(event.name)} {kind}" for event in timeline.events for kind in ("plate", "result")
        }


@pytest.mark.parametrize("write", [lambda timeline: jsx_of(timeline, FOLDER), nk_of])
def test_script_that_cannot_name_a_file_is_not_written(write: Any) -> None:
    for timeline in (movies("a", "b\udcff"), pictures("a", "b\udcff")):
        with pytest.raises(OutputError, match=r"b\\xff.* is not UTF-8") as error:
            write(timeline)
        assert is_utf8(str(error.value))


@pytest.mark.slow
@MANY
@given(st.lists(FILE_NAMES, min_size=1, max_size=4))
def test_csv_tables_keep_any_name(reasons: list[str]) -> None:
    from stylize.planning.keys_csv import Row, parse_keys, table

    text = table(Row(1, frame, "00:00:00:00", 0.5, reason) for frame, reason in enumerate(reasons, 1))
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["reason"] for row in rows] == [visible(reason) for reason in reasons]
    assert parse_keys(text, range(1, 5)) == tuple(range(1, len(reasons) + 1))
