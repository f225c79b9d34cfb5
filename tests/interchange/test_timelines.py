"""Timelines, read by OpenTimelineIO: every time is exact to the frame."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse
from xml.etree import ElementTree as Tree

import numpy as np
import pytest

from stylize.errors import SettingsError
from stylize.interchange.linked_media import linked_movies, with_linked_movies
from stylize.interchange.timelines import TIMELINES
from stylize.interchange.timelines.timeline import Timeline, check_timeline, make_timeline
from stylize.media.images import write_image
from stylize.media.opening import open_shot
from stylize.media.sequences import Pattern
from stylize.media.targets import parse_target
from stylize.settings import Settings
from tests.delivery.test_movie import source
from tests.interchange.timelines import (
    COUNT,
    FILM,
    NTSC,
    movie_shot,
    movie_timeline,
    picture_shot,
    picture_timeline,
    shots_of,
    target_of,
)

otio: Any = pytest.importorskip("opentimelineio")

CUTS = {
    "film": {"rate": FILM, "timecode": "10:00:00:00"},
    "whole": {"rate": 25, "timecode": None},
    "drop": {"rate": NTSC, "timecode": "00:59:59;10"},
    "fast": {"rate": Fraction(50), "timecode": "00:00:59:40"},
    "part": {"rate": 25, "timecode": "01:00:00:00", "frames": "1005-1036"},
    "handles": {"rate": FILM, "timecode": "01:00:00:00", "handles": 4},
    "both": {"rate": 25, "timecode": "01:00:00:00", "frames": "1003-1040", "handles": 3},
}


@pytest.fixture(params=list(CUTS))
def timeline(request: pytest.FixtureRequest, tmp_path: Path) -> Timeline:
    return movie_timeline(tmp_path, **CUTS[request.param])  # type: ignore[arg-type]


def read(timeline: Timeline, folder: Path, kind: str) -> list[Any]:
    """Timelines of a kind, written and then read by OpenTimelineIO."""
    found = []
    for suffix, text in TIMELINES[kind].items():
        path = folder / f"x{suffix}"
        path.write_text(text(timeline), encoding="utf-8")
        more = {"rate": float(timeline.rate)} if kind == "edl" else {}
        read_in = otio.adapters.read_from_file(str(path), **more)
        found.append(read_in[0] if isinstance(read_in, otio.schema.SerializableCollection) else read_in)
    return found


def assert_frame_count(time: Any, rate: Fraction) -> int:
    """Convert a time of OpenTimelineIO to frames; assert that they are whole."""
    count = Fraction(time.value).limit_denominator(10**6) * rate / Fraction(time.rate).limit_denominator(1001)
    assert abs(count - round(count)) < Fraction(1, 1000)
    return round(count)


def clips(track: Any) -> list[Any]:
    return [item for item in track if isinstance(item, otio.schema.Clip)]


def assert_track(timeline: Timeline, track: Any, begins: list[int], media_start: int) -> None:
    """Assert that every clip of a track has the right position, length, and start in its medium."""
    shown = clips(track)
    assert [assert_frame_count(clip.source_range.duration, timeline.rate) for clip in shown] == [
        event.count for event in timeline.events
    ]
    placed = [track.range_of_child(clip).start_time for clip in shown]
    assert [assert_frame_count(time, timeline.rate) for time in placed] == [event.at for event in timeline.events]
    assert [assert_frame_count(clip.source_range.start_time, timeline.rate) - media_start for clip in shown] == begins


def test_cut_has_frame_exact_events(tmp_path: Path) -> None:
    timeline = movie_timeline(tmp_path, FILM, "10:00:00:00", frames="1003-1038", handles=4)
    assert timeline.count == 28
    assert (timeline.timecode(timeline.start), timeline.timecode(timeline.plate.start)) == (
        "10:00:00:06",
        "10:00:00:00",
    )
    assert timeline.timecode(timeline.result.start) == "10:00:00:02"
    assert [(e.at, e.plate_in, e.result_in, e.count, e.keys) for e in timeline.events] == [
        (0, 6, 4, 11, (1010,)),
        (11, 17, 15, 17, (1025,)),
    ]


def test_otio_is_frame_exact(timeline: Timeline, tmp_path: Path) -> None:
    (parsed,) = read(timeline, tmp_path, "otio")
    assert assert_frame_count(parsed.global_start_time, timeline.rate) == timeline.start
    plate, result, sound = parsed.tracks
    assert [(track.name, track.kind) for track in parsed.tracks] == [
        ("V1", "Video"),
        ("V2", "Video"),
        ("A1", "Audio"),
    ]
    for track, media in ((plate, timeline.plate), (result, timeline.result), (sound, timeline.plate)):
        begins = [event.result_in if media is timeline.result else event.plate_in for event in timeline.events]
        assert_track(timeline, track, begins, media.start)
        for clip in clips(track):
            available = clip.media_reference.available_range
            assert assert_frame_count(available.start_time, timeline.rate) == media.start
            assert assert_frame_count(available.duration, timeline.rate) == media.count
            assert available.start_time <= clip.source_range.start_time
            assert clip.source_range.end_time_exclusive() <= available.end_time_exclusive()
            assert Path(unquote(urlparse(clip.media_reference.target_url).path)) == media.path
    marked = [marker.name for clip in clips(result) for marker in clip.markers]
    assert marked == [f"key {key}" for event in timeline.events for key in event.keys]


def test_final_cut_and_premiere_xml_is_frame_exact(timeline: Timeline, tmp_path: Path) -> None:
    (parsed,) = read(timeline, tmp_path, "xml")
    assert assert_frame_count(parsed.global_start_time, timeline.rate) == timeline.start
    plate, result = parsed.video_tracks()
    (sound,) = parsed.audio_tracks()
    for track, media in ((plate, timeline.plate), (result, timeline.result), (sound, timeline.plate)):
        begins = [event.result_in if media is timeline.result else event.plate_in for event in timeline.events]
        # The adapter counts a clip's start from the medium's timecode.
        assert_track(timeline, track, begins, media.start)
        for clip in clips(track):
            available = clip.media_reference.available_range
            assert (
                assert_frame_count(available.start_time, timeline.rate),
                assert_frame_count(available.duration, timeline.rate),
            ) == (
                media.start,
                media.count,
            )
            assert Path(unquote(urlparse(clip.media_reference.target_url).path)) == media.path
    keys = [marker.name for clip in clips(result) for marker in clip.markers]
    assert keys == [f"key {key}" for event in timeline.events for key in event.keys]


def test_edit_decision_lists_are_frame_exact(timeline: Timeline, tmp_path: Path) -> None:
    for parsed, media in zip(read(timeline, tmp_path, "edl"), (timeline.result, timeline.plate), strict=True):
        (track,) = parsed.video_tracks()
        shown = clips(track)
        begins = [event.result_in if media is timeline.result else event.plate_in for event in timeline.events]
        assert [
            assert_frame_count(clip.source_range.start_time, timeline.rate) - media.start for clip in shown
        ] == begins
        assert [assert_frame_count(clip.source_range.duration, timeline.rate) for clip in shown] == [
            e.count for e in timeline.events
        ]
        assert [clip.name for clip in shown] == [media.file().name] * len(timeline.events)


def exact_times_for_fcpx(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenTimelineIO's adapter takes 23.976 for 23 and truncates frames; make it read times as written."""
    adapter = otio.adapters.from_name("fcpx_xml").module()

    def per_second(reader: Any, format_id: str) -> float:
        total, rate = reader._format_frame_duration(format_id)
        return float(Fraction(int(rate), int(total)))

    def time_of(text: str | None, rate: float) -> Any:
        exact = Fraction((text or "0s").removesuffix("s")) * Fraction(rate).limit_denominator(1001)
        return otio.opentime.RationalTime(float(exact), rate)

    def frames_of(reader: Any, text: str | None, format_id: str) -> int:
        return int(time_of(text, per_second(reader, format_id)).value)

    monkeypatch.setattr(adapter, "to_rational_time", time_of)
    monkeypatch.setattr(adapter.FcpxXml, "_format_frame_rate", per_second)
    monkeypatch.setattr(adapter.FcpxXml, "_number_of_frames", frames_of)


def test_final_cut_x_is_frame_exact(timeline: Timeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    durations = sorted([event.count for event in timeline.events] * 2)
    begins = [timeline.plate.start + e.plate_in for e in timeline.events] + [
        timeline.result.start + e.result_in for e in timeline.events
    ]
    root = Tree.fromstring(TIMELINES["fcpxml"][".fcpxml"](timeline).split("<!DOCTYPE fcpxml>")[1])
    found = root.findall(".//asset-clip")
    assert sorted(assert_exact_frames(clip.get("duration"), timeline) for clip in found) == durations
    assert sorted(assert_exact_frames(clip.get("start"), timeline) for clip in found) == sorted(begins)
    lower = root.findall("./library/event/project/sequence/spine/asset-clip")
    assert [assert_exact_frames(clip.get("offset"), timeline) for clip in lower] == [
        timeline.start + event.at for event in timeline.events
    ]
    for clip in lower:
        above = clip.find("asset-clip")
        assert above is not None
        assert (above.get("offset"), above.get("lane")) == (clip.get("start"), "1")
    frame = root.find("./resources/format")
    assert frame is not None
    assert assert_exact_frames(frame.get("frameDuration"), timeline) == 1
    exact_times_for_fcpx(monkeypatch)
    (parsed,) = read(timeline, tmp_path, "fcpxml")
    clips_read = parsed.find_clips()
    assert sorted(assert_frame_count(clip.source_range.duration, timeline.rate) for clip in clips_read) == durations
    assert sorted(assert_frame_count(clip.source_range.start_time, timeline.rate) for clip in clips_read) == sorted(
        begins
    )


def assert_exact_frames(time: str | None, timeline: Timeline) -> int:
    """Convert a fraction of a second to frames; assert that they are whole."""
    assert time is not None
    count = Fraction(time.removesuffix("s")) * timeline.rate
    assert count.denominator == 1
    return int(count)


def test_pictures_are_referenced_as_sequences(tmp_path: Path) -> None:
    timeline = picture_timeline(tmp_path)
    (parsed,) = read(timeline, tmp_path, "otio")
    plate, result = parsed.tracks
    first = clips(result)[0].media_reference
    assert isinstance(first, otio.schema.ImageSequenceReference)
    assert unquote(urlparse(first.target_url_for_image_number(0)).path) == str(tmp_path / "out/comp 1.01001.exr")
    assert first.end_frame() == 1040
    assert unquote(urlparse(clips(plate)[1].media_reference.target_url_for_image_number(39)).path) == str(
        tmp_path / "in/plate x.1040.png"
    )
    for kind in ("xml", "fcpxml"):
        with pytest.raises(ValueError, match="can link only movies"):
            read(timeline, tmp_path, kind)
    result_only, plates = read(timeline, tmp_path, "edl")
    assert len(clips(result_only.video_tracks()[0])) == len(clips(plates.video_tracks()[0])) == 2


def test_linked_movies_match_pictures_frame_for_frame(tmp_path: Path) -> None:
    shot = picture_shot(tmp_path, FILM)
    timeline = make_timeline(
        shot, target_of(tmp_path, "out/c.####.exr"), shots_of(shot), alpha="premultiplied", handles=3
    )
    settings = Settings(keys="k", export=("xml", "fcpxml"), handles=3)
    files = linked_movies(settings, shot, target_of(tmp_path, "out/c.####.exr"), tmp_path)
    assert {kind: path.name for kind, path in files.items()} == {
        "plate": "in_plate.mov" if shot.name == "in" else f"{shot.name}_plate.mov",
        "result": f"{shot.name}_stylized.mov",
    }
    movies = with_linked_movies(timeline, files, shot)
    for kind in ("xml", "fcpxml"):
        if kind == "fcpxml":
            exact_times_for_fcpx(pytest.MonkeyPatch())
        (parsed,) = read(movies, tmp_path, kind)
        for clip in parsed.find_clips():
            path = Path(unquote(urlparse(clip.media_reference.target_url).path))
            assert path in files.values()
    (parsed,) = read(movies, tmp_path, "xml")
    plate, result = parsed.video_tracks()
    for track, media in ((plate, movies.plate), (result, movies.result)):
        assert_track(timeline, track, [event.result_in for event in timeline.events], media.start)
    # A movie is linked itself.
    only = linked_movies(settings, movie_shot(tmp_path, 25, None), target_of(tmp_path, "o.mov"), tmp_path)
    assert only == {}
    assert linked_movies(Settings(keys="k", export="otio"), shot, target_of(tmp_path, "c.####.exr"), tmp_path) == {}


def test_conformed_movie_is_referenced_by_its_pictures(tmp_path: Path) -> None:
    shot = open_shot(source(tmp_path / "v.mkv", stamps=(0, 40, 113, 200), unit=Fraction(1, 1000)), frames="2-4")
    pictures = Pattern(tmp_path / "video", "v.", 4, ".png")
    shots = [(shot.frames, ())]
    timeline = make_timeline(
        shot, parse_target(str(tmp_path / "o.mov"), "v"), shots, alpha=None, fps=FILM, plates=pictures
    )
    (parsed,) = read(timeline, tmp_path, "otio")
    plate, result = parsed.tracks
    for track in (plate, result):
        assert_track(timeline, track, [0], 0)
    first = clips(plate)[0].media_reference.target_url_for_image_number(0)
    assert unquote(urlparse(first).path) == str(tmp_path / "video/v.0002.png")
    assert timeline.rate == FILM


def test_impossible_timeline_is_refused(tmp_path: Path) -> None:
    uneven = open_shot(source(tmp_path / "v.mkv", stamps=(0, 40, 113, 200), unit=Fraction(1, 1000)))
    with pytest.raises(SettingsError, match="give --fps RATE"):
        check_timeline(uneven, None, 0)
    shot = movie_shot(tmp_path, 25, None)
    with pytest.raises(SettingsError, match="--handles 20 leaves none of 40 frames"):
        check_timeline(shot, None, 20)
    with pytest.raises(SettingsError, match="--frames omits some"):
        check_timeline(open_shot(shot.path, frames="1-9x2"), None, 0)
    check_timeline(shot, Fraction(25), 19)
    (tmp_path / "p").mkdir()
    check_timeline(picture_shot(tmp_path / "p", FILM), Fraction(24), 0)


def test_markup_in_a_name_is_escaped(tmp_path: Path) -> None:
    write_image(tmp_path / "a.0001.png", np.zeros((4, 4, 3), np.uint8))
    timeline = replace(movie_timeline(tmp_path, 25, None), name='<"&>')
    for kind in ("otio", "xml", "fcpxml"):
        assert len(read(timeline, tmp_path, kind)) == 1
    assert timeline.count == COUNT
