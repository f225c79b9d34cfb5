"""Pixel aspect ratio in timelines and scripts, in the way of each program."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree as Tree

import numpy as np
import pytest

from stylize.interchange.aftereffects import jsx_of
from stylize.interchange.nuke import nk_of
from stylize.interchange.timelines.edl import edl_of
from stylize.interchange.timelines.fcpxml import fcpxml_of
from stylize.interchange.timelines.timeline import Media, Timeline, make_timeline
from stylize.interchange.timelines.xmeml import pixel_shape, xmeml_of
from stylize.media.images import Stamp, write_image
from stylize.media.opening import open_shot
from stylize.media.targets import parse_target
from tests.delivery.test_movie import source


@pytest.fixture(scope="module")
def squeezed(tmp_path_factory: pytest.TempPathFactory) -> Timeline:
    """A timeline of pictures 1001 and 1002 with pixels twice as wide as high, without a timecode."""
    folder = tmp_path_factory.mktemp("in")
    for number in (1001, 1002):
        stamp = Stamp(number, Fraction(25), None, Fraction(2))
        write_image(folder / f"p.{number}.exr", np.zeros((36, 64, 3), np.uint8), stamp=stamp)
    shot = open_shot(folder)
    return make_timeline(shot, parse_target(f"{folder}/out/", "p"), [((1001, 1002), (1001,))], alpha=None)


def with_movies(timeline: Timeline) -> Timeline:
    """The timeline with movies, which the formats of Final Cut require."""
    plate, result = (
        Media(media.name, Path(f"/in/{media.name}.mov"), None, 2, media.start, 0)
        for media in (timeline.plate, timeline.result)
    )
    return replace(timeline, plate=plate, result=result)


def shaped(timeline: Timeline, size: tuple[int, int], aspect: Fraction) -> Timeline:
    return replace(with_movies(timeline), size=size, pixel_aspect=aspect)


def test_frame_number_is_the_time_code(squeezed: Timeline) -> None:
    assert squeezed.timecode(squeezed.start) == squeezed.timecode(squeezed.plate.start) == "00:00:40:01"


def test_movie_without_time_code_starts_at_0_wherever_the_range_begins(tmp_path: Path) -> None:
    shot = open_shot(source(tmp_path / "v.mp4"), frames="3-6")
    timeline = make_timeline(shot, parse_target(f"{tmp_path}/o.mp4", "v"), [(shot.frames, ())], alpha=None)
    assert (timeline.plate.start, timeline.result.start, timeline.events[0].plate_in) == (0, 0, 2)
    assert " 00:00:00:02 00:00:00:06 00:00:00:00 00:00:00:04" in edl_of(timeline, "plate")


def test_fcpxml_has_the_width_and_height_of_pixels(squeezed: Timeline) -> None:
    form = Tree.fromstring(fcpxml_of(with_movies(squeezed))).find("resources/format")
    assert form is not None
    assert (form.get("paspH"), form.get("paspV")) == ("2", "1")
    square = Tree.fromstring(fcpxml_of(shaped(squeezed, (64, 36), Fraction(1)))).find("resources/format")
    assert square is not None
    assert (square.get("paspH"), square.get("width")) == (None, "64")


@pytest.mark.parametrize(
    ("size", "aspect", "shape"),
    [
        ((1920, 1080), Fraction(1), ("square", "FALSE")),
        ((720, 480), Fraction(10, 11), ("NTSC-601", "FALSE")),
        ((720, 486), Fraction(8, 9), ("NTSC-601", "FALSE")),
        ((720, 480), Fraction(32, 27), ("NTSC-601", "TRUE")),
        ((720, 576), Fraction(16, 15), ("PAL-601", "FALSE")),
        ((720, 576), Fraction(59, 54), ("PAL-601", "FALSE")),
        ((720, 576), Fraction(64, 45), ("PAL-601", "TRUE")),
        ((960, 720), Fraction(4, 3), ("HD-(960x720)", "FALSE")),
        ((1440, 1080), Fraction(4, 3), ("HD-(1440x1080)", "FALSE")),
        ((1280, 1080), Fraction(3, 2), ("HD-(1280x1080)", "FALSE")),
        ((2048, 858), Fraction(2), None),
    ],
)
def test_final_cut_7_names_pixel_aspects(
    squeezed: Timeline, size: tuple[int, int], aspect: Fraction, shape: tuple[str, str] | None
) -> None:
    timeline = shaped(squeezed, size, aspect)
    found = list(Tree.fromstring(xmeml_of(timeline)).iter("samplecharacteristics"))
    assert len(found) == 3  # of the sequence and of two files
    for one in found:
        assert (one.findtext("pixelaspectratio"), one.findtext("anamorphic")) == (shape or (None, None))
    assert (pixel_shape(timeline) is None) == (shape is None)


def test_nuke_reads_have_the_format(squeezed: Timeline) -> None:
    text = nk_of(squeezed)
    reads = text.split("Read {")[1:]
    assert len(reads) == 2
    assert all(' format "64 36 0 0 64 36 2 p"\n' in read for read in reads)


def test_after_effects_items_have_the_aspect(squeezed: Timeline) -> None:
    text = jsx_of(squeezed, Path("/out"))
    start = text.index("var cut = ") + len("var cut = ")
    assert json.JSONDecoder().raw_decode(text, start)[0]["pixelAspect"] == 2
    imported = text[text.index("function importMedium") : text.index("function addLayer")]
    assert "item.pixelAspect = cut.pixelAspect;" in imported
