"""Contact sheet: plates, keys, results and errors of selected frames, with a verdict and advice."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

from propagate.arrays import F32, Bytes
from stylize.delivery.frame_choice import ShotKeys, choose_by_error
from stylize.delivery.result_verdict import judge, percentage
from stylize.errors import OutputError
from stylize.media.images import read_values
from stylize.planning.key_advice import worst_frames
from stylize.sheets import Cell, Column, Fact, LegendItem, Reference, Row, Scale, Sheet, State, Verdict
from stylize.sheets.heat_map import heat_over, round_top
from stylize.sheets.labelled_sheet import thumbnail

# Up to this number of frames, they are rows, so that the pictures of one are side by side.
_MAX_FRAME_ROWS = 2
# Max width of an error map on a sheet, and the colours' range in errors of the worst frame: single pixels exceed it.
_MAP_BOX = (640, 420)
_RANGE = 3


@dataclass(frozen=True)
class Contents:
    """Content of a contact sheet.

    name: of the shot. subtitle, facts, references: for the header. shots: frames and keys of each, ascending. plates,
    finished: file of each frame. keys: files of the keys by frame, by the name of their row, of each layer. errors:
    root mean squared error of each measured frame, 0..1. error_maps: file of the error map of each frame that has one.
    judged: whether to judge the result by the keys that would pay off; several layers cannot be judged together.
    min_gap: min distance of keys in frames. dropped: frames that must not be keys. pixel_aspect: width of a pixel
    divided by its height.
    """

    name: str
    shots: Sequence[ShotKeys]
    plates: Mapping[int, Path]
    finished: Mapping[int, Path]
    keys: Mapping[str, Mapping[int, Path]]
    errors: Mapping[int, float] = field(default_factory=dict)
    error_maps: Mapping[int, Path] = field(default_factory=dict)
    subtitle: str = ""
    facts: Sequence[Fact] = ()
    references: Sequence[Reference] = ()
    judged: bool = True
    min_gap: int = 0
    dropped: Sequence[int] = ()
    pixel_aspect: Fraction = Fraction(1)


@dataclass(frozen=True)
class ErrorPicture:
    """Heat map of a frame's error over its plate. error: file of the error map. top: error of the lightest colour."""

    error: Path
    plate: Path
    top: float

    def __call__(self) -> Bytes:
        """Return the picture, reduced, with pixels of the plate's shape: RGB, uint8 (H, W, 3)."""
        import cv2

        grey = np.ascontiguousarray(read_values(self.error)[..., 0], F32)
        plate = thumbnail(self.plate, _MAP_BOX)
        size = plate.shape[1], plate.shape[0]
        return heat_over(plate, np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), F32), self.top)


def error_top(errors: Iterable[float]) -> float:
    """Return the error of the lightest colour of heat maps, the same for all frames of a sheet or page."""
    return round_top(_RANGE * max(errors, default=0.0))


def contact_sheet(contents: Contents) -> Sheet:
    """Lay out a contact sheet. Raises OutputError without frames."""
    frames = [frame for shot in contents.shots for frame in shot.frames]
    if not frames:
        raise OutputError("a contact sheet has no frames to show; run the earlier stages first")
    chosen = choose_by_error(contents.shots, contents.errors)
    parts = [_frame_cells(contents, frame) for frame in chosen]
    names = list(parts[0])
    headings = [Column(name) for name in names]
    if len(chosen) <= _MAX_FRAME_ROWS:
        columns = headings
        rows = [
            Row(list(cells.values()), f"frame {frame}", _frame_note(contents, frame))
            for frame, cells in zip(chosen, parts, strict=True)
        ]
    else:
        columns = [
            Column(
                f"frame {frame}",
                _frame_note(contents, frame),
                State.OUTLINED if _is_key(contents, frame) else State.NORMAL,
            )
            for frame in chosen
        ]
        rows = [Row([cells[one.heading] for cells in parts], one.heading) for one in headings]
    return Sheet(
        contents.name, rows, contents.subtitle, contents.facts, contents.references, _verdict(contents), columns,
        _legend(contents), pixel_aspect=contents.pixel_aspect,
    )  # fmt: skip


def _verdict(contents: Contents) -> Verdict | None:
    if not contents.judged:
        return None
    return judge(contents.shots, contents.errors, contents.min_gap, contents.dropped)


# The pictures

_PLATE, _RESULT, _ERROR = "plate", "result", "error"
_STATES = {True: State.OUTLINED, False: State.NORMAL}


def _frame_cells(contents: Contents, frame: int) -> dict[str, Cell]:
    """Return the pictures of a frame by the name of their row."""
    cells = {_PLATE: Cell(contents.plates[frame])}
    for name, files in contents.keys.items():
        cells[name] = _key_cell(contents, name, files, frame)
    cells[_RESULT] = Cell(contents.finished[frame])
    if contents.error_maps:
        cells[_ERROR] = _error_cell(contents, frame)
    return cells


def _key_cell(contents: Contents, name: str, files: Mapping[int, Path], frame: int) -> Cell:
    """Return the key of a frame, or the nearest one of its shot, dimmed."""
    if frame in files:
        return Cell(files[frame], f"key {frame}", State.OUTLINED)
    inside = next((set(shot.frames) for shot in contents.shots if frame in set(shot.frames)), set())
    nearest = min((key for key in files if key in inside), key=lambda key: (abs(key - frame), key), default=None)
    if nearest is None:
        return Cell(None, "no key in this shot", State.DIMMED)
    return Cell(files[nearest], f"key {nearest}", State.DIMMED)


def _error_cell(contents: Contents, frame: int) -> Cell:
    path = contents.error_maps.get(frame)
    if path is None or frame not in contents.errors:
        return Cell(None, "not measured", State.DIMMED)
    error = contents.errors[frame]
    return Cell(ErrorPicture(path, contents.plates[frame], error_top(contents.errors.values())), percentage(error))


def _is_key(contents: Contents, frame: int) -> bool:
    return any(frame in files for files in contents.keys.values())


def _frame_note(contents: Contents, frame: int) -> str:
    """Return what is special about a frame, and its shot if there are several."""
    frames = [one for shot in contents.shots for one in shot.frames]
    keys = [key for shot in contents.shots for key in shot.keys]
    ends = {frames[0]: "first frame", frames[-1]: "last frame"}
    if _is_key(contents, frame):
        note = "key"
    else:
        note = "worst frame" if worst_frames(frames, contents.errors, keys, 1) == [frame] else ends.get(frame, "")
    if len(contents.shots) == 1:
        return note
    number = next(place for place, shot in enumerate(contents.shots, 1) if frame in shot.frames)
    return f"shot {number}, {note}" if note else f"shot {number}"


def _legend(contents: Contents) -> list[LegendItem]:
    items = [LegendItem(State.OUTLINED, "key"), LegendItem(State.DIMMED, "the nearest key of the shot")]
    if contents.error_maps and contents.errors:
        scale = Scale("0 %", f"{100 * error_top(contents.errors.values()):g} %")
        items.append(LegendItem(scale, "error: difference of a result from its warped keys, of the full range"))
    return items
