"""Sound and names of media in timelines: one source is heard, with its channels, and clips are named after files."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as Tree

import pytest

from stylize.interchange.timelines import TIMELINES
from stylize.interchange.timelines.timeline import Media, Timeline
from stylize.media.sequences import Pattern
from tests.interchange.timelines import movie_timeline, picture_timeline

MONO, STEREO, SURROUND = (1,), (2,), (6,)


@pytest.fixture(scope="module")
def timeline(tmp_path_factory: pytest.TempPathFactory) -> Timeline:
    return movie_timeline(tmp_path_factory.mktemp("timeline"))


def with_sound(timeline: Timeline, plate: tuple[int, ...], result: tuple[int, ...] | None = None) -> Timeline:
    """Return the timeline with other channels of the audio tracks of its media."""
    media = replace(timeline.plate, sound=plate), replace(timeline.result, sound=plate if result is None else result)
    return replace(timeline, plate=media[0], result=media[1])


def xml(timeline: Timeline, kind: str) -> Tree.Element:
    text = next(iter(TIMELINES[kind].values()))(timeline)
    return Tree.fromstring(text.split("?>", 1)[1].split(">", 1)[1])


def test_channels_of_a_movie_reach_the_timeline(timeline: Timeline) -> None:
    assert (timeline.plate.sound, timeline.result.sound) == (STEREO, STEREO)
    assert timeline.sound is timeline.plate


@pytest.mark.parametrize(
    ("tracks", "sources", "channels"),
    [(MONO, "1", "1"), (STEREO, "1", "2"), (SURROUND, "1", "6"), ((1, 1, 1, 1), "4", "1"), ((1, 2), "2", "2")],
)
def test_fcpxml_connects_sound_once_with_its_channels(
    timeline: Timeline, tracks: tuple[int, ...], sources: str, channels: str
) -> None:
    root = xml(with_sound(timeline, tracks), "fcpxml")
    for asset in root.iter("asset"):
        assert (asset.get("hasAudio"), asset.get("audioSources"), asset.get("audioChannels")) == (
            "1", sources, channels
        )  # fmt: skip
    lower, upper = root.findall("./library//spine/asset-clip"), root.findall("./library//asset-clip/asset-clip")
    assert len(lower) == len(upper) == len(timeline.events)
    assert {clip.get("srcEnable") for clip in lower} == {None}  # picture and sound
    assert {clip.get("srcEnable") for clip in upper} == {"video"}


def test_timelines_of_silent_movies_have_no_sound(timeline: Timeline) -> None:
    silent = with_sound(timeline, ())
    assert silent.sound is None
    root = xml(silent, "fcpxml")
    assert not [name for element in root.iter() for name in element.attrib if "udio" in name or name == "srcEnable"]
    assert xml(silent, "xml").find(".//audio") is None
    assert '"Audio"' not in TIMELINES["otio"][".otio"](silent)


def test_result_is_heard_where_the_plate_is_pictures(timeline: Timeline, tmp_path: Path) -> None:
    """A movie conformed to another rate is referenced by its pictures, which have no sound."""
    pattern = Pattern(tmp_path, "shot.", 4, ".png")
    plate = replace(timeline.plate, path=tmp_path, pattern=pattern, sound=())
    conformed = replace(timeline, plate=plate, result=replace(timeline.result, sound=STEREO))
    tracks = json.loads(TIMELINES["otio"][".otio"](conformed))["tracks"]["children"]
    (sound,) = [track for track in tracks if track["kind"] == "Audio"]
    assert sound["children"][0]["media_references"]["DEFAULT_MEDIA"]["name"] == timeline.result.name


def test_final_cut_pro_7_knows_the_channels_of_a_file(timeline: Timeline) -> None:
    root = xml(with_sound(timeline, (1, 2)), "xml")
    assert {count.text for count in root.iter("channelcount")} == {"3"}


def test_clips_of_an_edit_decision_list_have_the_names_of_files(timeline: Timeline, tmp_path: Path) -> None:
    pictures = picture_timeline(tmp_path)
    for one in (timeline, pictures):
        for ending, media in ((".edl", one.result), ("_plate.edl", one.plate)):
            lines = TIMELINES["edl"][ending](one).splitlines()
            names = [line.removeprefix("* FROM CLIP NAME: ") for line in lines if line.startswith("* FROM CLIP NAME: ")]
            assert names == [file_name(media)] * len(one.events)
            assert [line for line in lines if line.startswith("* COMMENT: ")] == [
                f"* COMMENT: {event.name}" for event in one.events
            ]


def file_name(media: Media) -> str:
    """Return the name of the movie, or of the first picture, as it is on disk."""
    return media.path.name if media.pattern is None else media.pattern.path(1001).name
