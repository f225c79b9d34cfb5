"""Notes as markers, read by the programs' own readers, and as a sheet."""

import numpy as np
import pytest

import stylize
from stylize.errors import FrameRangeError, NoteError, OutputError, SettingsError
from stylize.interchange.aftereffects import jsx_of
from stylize.interchange.timelines import TIMELINES
from stylize.interchange.timelines.timeline import make_timeline
from stylize.media.images import read_image
from stylize.project import Note, add_note
from tests.interchange.timelines import FILM, movie_shot, shots_of, target_of

# Two on the frame of a key, one in the other shot, one on frames that the handles cover.
NOTES = (
    Note(1, 1010, "the eye\nswims", (0.25, 0.5, 0.5, 0.25)), Note(2, 1010, "too dark"), Note(3, 1025, 'a "b" <c> & é'),
    Note(4, 1001, "hidden"),
)  # fmt: skip
COMMENT = "note 1: the eye swims [box 16,24 32x12]"


@pytest.fixture(scope="module")
def timeline(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notes")
    shot = movie_shot(folder, FILM, "10:00:00:00")
    target = target_of(folder, "out.mov")
    return make_timeline(shot, target, shots_of(shot), alpha=None, handles=3, notes=NOTES)


def test_notes_are_on_their_shots_by_frame(timeline):
    assert [[remark.number for remark in event.remarks] for event in timeline.events] == [[1, 2], [3]]


def test_otio_has_a_marker_for_each_note(timeline, tmp_path):
    otio = pytest.importorskip("opentimelineio")
    (tmp_path / "x.otio").write_text(TIMELINES["otio"][".otio"](timeline), encoding="utf-8")
    read = otio.adapters.read_from_file(str(tmp_path / "x.otio"))
    for track in read.tracks[:2]:
        clips = [item for item in track if isinstance(item, otio.schema.Clip)]
        markers = [one for clip in clips for one in clip.markers if one.name.startswith("note")]
        assert [(one.name, one.comment, one.color) for one in markers] == [
            ("note 1", "the eye\nswims", "CYAN"), ("note 2", "too dark", "CYAN"), ("note 3", 'a "b" <c> & é', "CYAN"),
        ]  # fmt: skip
        assert list(markers[0].metadata["stylize"]["box"]) == [16, 24, 32, 12]
        # Frame 1010 is 6 frames after frame 1004, the first on the timeline.
        start = clips[0].source_range.start_time
        assert [(one.marked_range.start_time - start).value for one in markers[:2]] == [6, 6]
        assert (markers[2].marked_range.start_time - clips[1].source_range.start_time).value == 1025 - 1018


def test_edl_locates_each_note_on_one_line(timeline):
    lines = [line for line in TIMELINES["edl"][".edl"](timeline).splitlines() if "CYAN" in line]
    # 24 frames per second of timecode; the timeline begins at the third frame.
    assert lines == [
        f"* LOC: 10:00:00:09 CYAN    {COMMENT}", "* LOC: 10:00:00:09 CYAN    note 2: too dark",
        '* LOC: 10:00:01:00 CYAN    note 3: a "b" <c> & é',
    ]  # fmt: skip


def test_final_cut_formats_have_the_notes_as_markers(timeline):
    from xml.etree import ElementTree as Tree

    xml = Tree.fromstring(TIMELINES["xml"][".xml"](timeline).split("\n", 2)[2])
    found = [(one.findtext("name"), one.findtext("comment"), one.findtext("in")) for one in xml.iter("marker")]
    assert ("note 1", COMMENT, "9") in found
    fcpxml = Tree.fromstring(TIMELINES["fcpxml"][".fcpxml"](timeline).split("\n", 2)[2])
    assert COMMENT in [one.get("value") for one in fcpxml.iter("marker")]


def test_after_effects_has_one_marker_for_all_that_is_on_a_frame(timeline, tmp_path):
    """A second marker at the same time would replace the first."""
    pytest.importorskip("dukpy")
    from tests.interchange.test_aftereffects import assert_whole_frames, files, run

    done = run(jsx_of(timeline, tmp_path), files(timeline))
    marked = [(assert_whole_frames(one["time"], timeline), one["comment"]) for one in done["markers"]]
    assert marked == [
        (6, f"key 1010\n{COMMENT}\nnote 2: too dark"), (21, 'key 1025\nnote 3: a "b" <c> & é'),
    ]  # fmt: skip


@pytest.mark.slow
def test_notes_of_a_project_are_exported_and_handed_over(plates, style, tmp_path):
    result = stylize.run(plates, style=style, keyframes=(1, 8))
    with pytest.raises(NoteError, match="has no notes on frames"):
        stylize.export_notes(result.project)
    stylize.add_note(result.project, 4, "here", box=(0.25, 0.25, 0.5, 0.5))
    add_note(result.project, 99, "of another version of the shot")
    with pytest.raises(FrameRangeError, match=r"expected one of the frames 1-8 of the shot, found 99"):
        stylize.add_note(result.project, 99, "x")
    with pytest.raises(SettingsError, match="expected one or more of otio, edl, aftereffects, sheet, found pdf"):
        stylize.export_notes(result.project, kinds=("pdf",))
    messages = []
    written = stylize.export_notes(result.project, on_message=messages.append)
    folder = result.project / "export"
    assert written == tuple(folder / f"plate_notes{suffix}" for suffix in (".otio", ".edl", ".jsx", ".png"))
    assert any("left out: [99]" in message for message in messages)
    assert "note 1: here" in written[1].read_text()
    box = np.array((255, 184, 77), np.uint8)
    assert (read_image(written[3]) == box).all(axis=-1).sum() > 100, "the box is outlined on the sheet"
    stylize.export_notes(result.project)
    written[1].write_text("mine")
    with pytest.raises(OutputError, match="changed, replaced or damaged"):
        stylize.export_notes(result.project)
    stylize.export_notes(result.project, kinds=("edl",), overwrite=True)
    assert "note 1: here" in written[1].read_text()

    stylize.run(result.project, export="otio", output=f"{tmp_path}/out/")
    assert '"note 1"' in (tmp_path / "out" / "plate.otio").read_text()

    (result.project / "out" / "plate.0003.png").unlink(missing_ok=True)
    for path in (result.project / "out").iterdir():
        path.unlink()
    for path in (tmp_path / "out").glob("*.png"):
        path.unlink()
    with pytest.raises(OutputError, match="markers need a result, but the frames 1-8 are not finished"):
        stylize.export_notes(result.project, kinds=("otio",))
    assert stylize.export_notes(result.project, kinds=("sheet",))
