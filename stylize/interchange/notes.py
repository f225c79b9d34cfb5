"""Export of the notes of a project: as markers of timelines and of a script for After Effects, and as a sheet.

Timelines link the delivered result if all of it exists, otherwise the frames in the project.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from propagate.arrays import Pixels
from stylize.context.shot_facts import footage
from stylize.errors import NoteError, OutputError, SettingsError
from stylize.ingest.open_footage import open_footage
from stylize.interchange.aftereffects import jsx_of
from stylize.interchange.text_exports import result_alpha, write_text
from stylize.interchange.timelines import TIMELINES
from stylize.interchange.timelines.timeline import Timeline, make_timeline
from stylize.media.images import read_image
from stylize.media.plates import plate_pattern
from stylize.media.sequences import Pattern, format_frames, pattern_of
from stylize.media.shot import Shot, read_plate
from stylize.media.targets import Target, target_of
from stylize.planning.cuts import split
from stylize.planning.plan_report import timecodes
from stylize.project import Note, Project, read_notes, trusted_settings
from stylize.project.layout import STATE_FOLDER
from stylize.project.protect import refuse_changed, refuse_inputs
from stylize.project.records import Records
from stylize.real_path import real_path
from stylize.reporter import Reporter
from stylize.settings import Settings
from stylize.settings.ebsynth_folder import open_ebsynth_folder
from stylize.settings.input_files import inputs_of
from stylize.sheets import Cell, Fact, Row, Sheet, write_sheet
from stylize.sheets.design import DARK
from stylize.visible_text import visible

SHEET = "sheet"
# Kinds of exports, with the endings of their file names; the sheet may have further, numbered files.
KINDS: Mapping[str, tuple[str, ...]] = {
    "otio": (".otio",), "edl": (".edl",), "aftereffects": (".jsx",), SHEET: (".png",),
}  # fmt: skip
# Max number of notes on one sheet.
NOTES_ON_A_SHEET = 12
# Width of the outline of a box, in thousandths of the width of the picture.
_OUTLINE = 5


def export_notes(
    root: Path, kinds: Sequence[str], folder: Path | None, reporter: Reporter, *, overwrite: bool = False,
    trust: bool = False, allow: Sequence[str] = (),
) -> tuple[Path, ...]:  # fmt: skip
    """Write the notes of a project, and return the files. See ``stylize.export_notes``."""
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        found = ", ".join(map(visible, unknown)) or "none"
        raise SettingsError(f"expected one or more of {', '.join(KINDS)}, found {found}; choose among them")
    path, settings = trusted_settings(root, {"trust": trust, "allow": allow}, reporter.message)
    footage_path, settings = open_ebsynth_folder(path, settings)
    shot = open_footage(footage_path, settings, frames=settings.frames, rate=settings.rate)
    project = Project(root, overwrite=overwrite, message=reporter.message)
    with project.locked():
        job = _Job(shot, settings, project)
        target_folder = real_path(folder if folder is not None else project.folder("export"))
        files = {kind: _files(kind, shot, target_folder, len(job.notes)) for kind in dict.fromkeys(kinds)}
        flat = [file for some in files.values() for file in some]
        refuse_inputs(flat, inputs_of(settings), shot, project)
        if not overwrite:
            refuse_changed(flat, project)
        for kind, some in files.items():
            reporter.check()
            job.write(kind, some)
    return tuple(flat)


def _files(kind: str, shot: Shot, folder: Path, count: int) -> list[Path]:
    [suffix] = KINDS[kind]
    sheets = -(-count // NOTES_ON_A_SHEET) if kind == SHEET else 1
    numbers = ["", *(f".{number}" for number in range(2, sheets + 1))]
    return [folder / f"{shot.name}_notes{number}{suffix}" for number in numbers]


class _Job:
    """Notes of a locked project that are being exported. Raises NoteError without any on frames of the shot."""

    def __init__(self, shot: Shot, settings: Settings, project: Project) -> None:
        self.shot, self.settings, self.project = shot, settings, project
        frames = set(shot.frames)
        found = read_notes(project.root)
        self.notes = [note for note in found if note.frame in frames]
        if not self.notes:
            raise NoteError(f"{project.root} has no notes on frames of its shot; add one first")
        others = [note.frame for note in found if note.frame not in frames]
        if others:
            project.message(f"warning: notes on frames that the shot does not have are left out: {others}")
        self.out = plate_pattern(shot, project.folder("out"))
        records = Records(project.folder(STATE_FOLDER))
        records.load()
        recorded = records.latest_fact("cuts")
        cuts = [one for one in recorded if isinstance(one, int)] if isinstance(recorded, list) else []
        self.shots = split(shot.frames, cuts)

    def write(self, kind: str, files: Sequence[Path]) -> None:
        """Write one kind of export."""
        seal = self.project.seal("")
        if kind == SHEET:
            for number, file in enumerate(files):
                start = number * NOTES_ON_A_SHEET
                write_sheet(self._sheet(self.notes[start : start + NOTES_ON_A_SHEET]), file, seal)
            return
        timeline = self._timeline()
        text = (
            jsx_of(timeline, files[0].parent) if kind == "aftereffects" else TIMELINES[kind][KINDS[kind][0]](timeline)
        )
        write_text(files[0], text, seal)

    def _timeline(self) -> Timeline:
        shot, settings = self.shot, self.settings
        target = self._target()
        return make_timeline(
            shot, target, [(frames, ()) for frames in self.shots],
            alpha=result_alpha(shot, settings, target), fps=settings.fps, handles=settings.handles,
            plates=self._plates(), notes=self.notes,
        )  # fmt: skip

    def _target(self) -> Target:
        """Return the delivered result, or the frames in the project. Raises OutputError if neither is complete."""
        shot, folder = self.shot, self.project.folder("export")
        in_project = Target("folder", self.out.folder, self.out)
        for target in (target_of(self.settings.output, shot.name, folder, padding=shot.padding), in_project):
            if all(file.is_file() for file in target.files(shot.frames)):
                return target
        missing = [frame for frame in shot.frames if not self.out.path(frame).is_file()]
        raise OutputError(
            f"markers need a result, but the frames {format_frames(missing)} are not finished; run the project first, "
            "or export only the sheet"
        )

    def _plates(self) -> Pattern:
        shot = self.shot
        if shot.kind == "sequence" and not shot.converted:
            return pattern_of([real_path(file) for file in shot.files], shot.frames)
        return plate_pattern(shot, self.project.folder("video"))

    def _sheet(self, notes: Sequence[Note]) -> Sheet:
        shot = self.shot
        frames = len({note.frame for note in self.notes})
        return Sheet(
            visible(shot.name), [self._row(note) for note in notes], f"notes, {footage(shot, len(self.shots))}",
            (Fact("notes", str(len(self.notes))), Fact("frames", str(frames))), pixel_aspect=shot.pixel_aspect,
        )  # fmt: skip

    def _row(self, note: Note) -> Row:
        shot = self.shot
        result = self.out.path(note.frame)
        places = {"plate": self._plate_reader(note.frame), "result": _reader(result) if result.is_file() else None}
        lines = " ".join(note.text.split())
        cells = [
            Cell(None if read is None else _boxed(read, note), kind if read else f"no {kind}", note=text)
            for (kind, read), text in zip(places.items(), (visible(lines), ""), strict=True)
        ]
        return Row(cells, f"note {note.number}, frame {note.frame}", timecodes(shot)[note.frame])

    def _plate_reader(self, frame: int) -> Callable[[], Pixels] | None:
        """Return a function that reads a plate; None for one of a movie that is not unpacked."""
        stored = plate_pattern(self.shot, self.project.folder("video")).path(frame)
        if stored.is_file():
            return _reader(stored)
        if not self.shot.in_place:
            return None
        file = self.shot.files[self.shot.frames.index(frame)]
        return lambda: read_plate(file, self.shot)


def _reader(path: Path) -> Callable[[], Pixels]:
    return lambda: read_image(path)


def _boxed(read: Callable[[], Pixels], note: Note) -> Callable[[], Pixels]:
    """Return a function that reads a picture and outlines the box of a note on it, in two colours for contrast."""
    if note.box is None:
        return read

    def draw() -> Pixels:
        pixels = np.array(read())
        height, width = pixels.shape[:2]
        box = note.pixels((width, height))
        assert box is not None
        line = max(1, width * _OUTLINE // 1000)
        _outline(pixels, box, 2 * line, DARK.ground)
        _outline(pixels, box, line, DARK.key)
        return pixels

    return draw


def _outline(pixels: Pixels, box: tuple[int, int, int, int], line: int, colour: tuple[int, int, int]) -> None:
    """Draw the outline of a box into a picture. line: its width in pixels."""
    left, top, width, height = box
    full = 1.0 if np.issubdtype(pixels.dtype, np.floating) else float(np.iinfo(pixels.dtype).max)
    values = [channel * full / 255 for channel in colour] + [full] * (pixels.shape[2] - 3)
    inner_top, inner_left = max(top, top + height - line), max(left, left + width - line)
    rows, columns = slice(top, top + height), slice(left, left + width)
    for area in (
        pixels[top : top + line, columns], pixels[inner_top : top + height, columns],
        pixels[rows, left : left + line], pixels[rows, inner_left : left + width],
    ):  # fmt: skip
        area[...] = np.array(values).astype(pixels.dtype)
