"""Changes to notes from the page: add, edit and remove them, and export them into the project."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import stylize
from stylize.errors import ReviewError
from stylize.project import Note, add_note, read_notes
from stylize.review.shown_project import ShownProject
from stylize.settings.command_words import shell_command
from stylize.visible_text import visible


@dataclass(frozen=True)
class NoteChange:
    """Finished change of notes. command: the equivalent command line. files: those written."""

    command: str
    files: tuple[Path, ...] = ()


def note_values(root: Path) -> list[dict[str, Any]]:
    """Return the notes of a project as values that JSON can represent, by frame."""
    return [asdict(note) for note in read_notes(root)]


def change_note(project: ShownProject, values: Mapping[str, Any]) -> NoteChange:
    """Add, edit or remove a note. values: of the request. Raises ReviewError for others, and a StylizeError."""
    change, number, frame, text = (values.get(name) for name in ("change", "number", "frame", "text"))
    root, words = project.root, ["stylize", "note"]
    if change == "remove" and isinstance(number, int):
        stylize.remove_note(root, number)
        return _done([*words, "remove", str(root), str(number)])
    if change == "edit" and isinstance(number, int) and isinstance(text, str):
        stylize.edit_note(root, number, text)
        return _done([*words, "edit", str(root), str(number), text])
    if change != "add" or not isinstance(frame, int) or not isinstance(text, str):
        raise ReviewError("expected a note to add, edit or remove; reload the page")
    if not project.has_frame(frame):
        raise ReviewError(f"expected a frame of the shot, found {frame}; reload the page")
    note = add_note(root, frame, text, values.get("box"))
    return _done([*words, "add", str(root), str(frame), note.text, *_box_words(note)])


def export_notes(root: Path, kinds: Any) -> NoteChange:
    """Export the notes of a project into its folder ``export``. kinds: of the request. Raises a StylizeError."""
    if not isinstance(kinds, list) or not all(isinstance(kind, str) for kind in kinds):
        raise ReviewError("expected the kinds of files to export; reload the page")
    written = stylize.export_notes(root, kinds=kinds)
    return NoteChange(_command(["stylize", "note", "export", str(root), "--as", ",".join(kinds)]), written)


def _box_words(note: Note) -> list[str]:
    return [] if note.box is None else ["--box", ",".join(f"{share:g}" for share in note.box)]


def _done(words: Sequence[str]) -> NoteChange:
    return NoteChange(_command(words))


def _command(words: Sequence[str]) -> str:
    return visible(shell_command(words))
