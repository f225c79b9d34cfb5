"""Notes on frames: numbers that stay, boxes inside the picture, and a file that a person may have edited."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stylize.errors import NoteError, ProjectError
from stylize.project import add_note, edit_note, read_notes, remove_note
from stylize.project.layout import NOTES_FILE
from stylize.project.notes import MAX_TEXT, Note

SIDES = st.floats(0, 1, allow_nan=False)


def test_notes_are_listed_by_frame_and_keep_their_numbers(tmp_path):
    assert read_notes(tmp_path) == ()
    add_note(tmp_path, 7, " later\nsecond line ", (0.1, 0.2, 0.3, 0.4))
    add_note(tmp_path, 3, "Größe")
    add_note(tmp_path, 7, "again")
    assert [(note.number, note.frame, note.text) for note in read_notes(tmp_path)] == [
        (2, 3, "Größe"), (1, 7, "later\nsecond line"), (3, 7, "again"),
    ]  # fmt: skip
    assert read_notes(tmp_path)[1].box == (0.1, 0.2, 0.3, 0.4)
    remove_note(tmp_path, 3)
    edit_note(tmp_path, 1, "changed")
    assert add_note(tmp_path, 1, "new").number == 4, "the number of a removed note is not used again"
    assert [(note.number, note.text) for note in read_notes(tmp_path)] == [(4, "new"), (2, "Größe"), (1, "changed")]
    for change in (lambda: remove_note(tmp_path, 3), lambda: edit_note(tmp_path, 9, "x")):
        with pytest.raises(NoteError, match="expected one of the notes"):
            change()


def test_notes_of_several_threads_are_all_kept(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda frame: add_note(tmp_path, frame, "x"), range(80)))
    assert [note.frame for note in read_notes(tmp_path)] == list(range(80))
    assert sorted(note.number for note in read_notes(tmp_path)) == list(range(1, 81))


@pytest.mark.parametrize("text", ["", "  \n ", "x" * (MAX_TEXT + 1)])
def test_empty_and_endless_texts_are_refused(tmp_path, text):
    with pytest.raises(NoteError, match="expected a note of 1 to 1000 characters"):
        add_note(tmp_path, 1, text)
    assert not (tmp_path / NOTES_FILE).exists()


@pytest.mark.parametrize(
    "box", [(0, 0, 0, 1), (0.5, 0, 0.6, 1), (-0.1, 0, 0.5, 1), (0, 0, 1), "abcd", (0, 0, float("nan"), 1),
            (0, 0, True, 1), {}, (0, 0.9, 0.1, 0.2)],
)  # fmt: skip
def test_boxes_outside_the_picture_are_refused(tmp_path, box):
    with pytest.raises(NoteError, match="expected a box"):
        add_note(tmp_path, 1, "x", box)


@given(SIDES, SIDES, SIDES, SIDES, st.integers(1, 9000), st.integers(1, 9000))
def test_box_in_pixels_is_inside_the_picture(left, top, right, bottom, width, height):
    (left, right), (top, bottom) = sorted((left, right)), sorted((top, bottom))
    box = (left, top, right - left, bottom - top)
    x, y, wide, high = Note(1, 1, "x", box).pixels((width, height))
    assert 0 <= x < width
    assert 0 <= y < height
    assert 1 <= wide <= width - x + 1
    assert 1 <= high <= height - y + 1
    assert abs(x - left * width) <= 1
    assert abs(y + high - bottom * height) <= 1.5


@pytest.mark.parametrize(
    "content", ["{", "[]", "{}", '{"schema": 2, "next": 1, "notes": []}', '{"schema": 1, "next": "1", "notes": []}',
                '{"schema": 1, "next": 1, "notes": [{"number": 1, "frame": 1, "text": 1, "box": 0, "written": ""}]}',
                '{"schema": 1, "next": 1, "notes": [{}]}', "[" * 60000],
)  # fmt: skip
def test_damaged_file_is_one_line_and_stays(tmp_path, content):
    (tmp_path / NOTES_FILE).write_text(content)
    for read in (lambda: read_notes(tmp_path), lambda: add_note(tmp_path, 1, "x")):
        with pytest.raises(NoteError, match=r"notes\.json cannot be read as notes") as caught:
            read()
        assert "\n" not in str(caught.value)
    assert (tmp_path / NOTES_FILE).read_text() == content


def test_two_notes_of_one_number_are_damage(tmp_path):
    add_note(tmp_path, 1, "x")
    content = json.loads((tmp_path / NOTES_FILE).read_text())
    (tmp_path / NOTES_FILE).write_text(json.dumps(content | {"notes": content["notes"] * 2}))
    with pytest.raises(NoteError, match="the same number"):
        read_notes(tmp_path)


def test_link_that_leaves_the_project_is_refused(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "project").mkdir()
    add_note(tmp_path / "other", 1, "x")
    (tmp_path / "project" / NOTES_FILE).symlink_to(tmp_path / "other" / NOTES_FILE)
    with pytest.raises(ProjectError, match="symbolic link"):
        read_notes(tmp_path / "project")
    with pytest.raises(ProjectError, match="symbolic link"):
        add_note(tmp_path / "project", 1, "y")
    assert [note.text for note in read_notes(tmp_path / "other")] == ["x"]
