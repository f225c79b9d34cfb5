"""Table of the source frames of deinterlaced footage, in the project: ``source_frames.csv``, with one row per frame."""

import csv
import io
from functools import partial
from pathlib import Path

from stylize.io_errors import PROJECT_OPTION, output_error
from stylize.media.shot import Shot
from stylize.project import Project
from stylize.reporter import OnMessage
from stylize.stages import cache_key

NAME = "source_frames.csv"
_KINDS = {
    "frames": "deinterlaced, one frame per frame",
    "fields": "deinterlaced, one frame per field",
    "film": "frames of the film that its video carries",
}
COLUMNS = ("frame", "source_frame", "top_field", "bottom_field")


def write_source_frames(shot: Shot, project: Project, message: OnMessage) -> None:
    """Write the table of deinterlaced footage; remove that of an earlier run for frames that are used as they are.

    A table that the user has edited is kept, and reported. Raises OutputError if the folder is not writable.
    """
    path = project.root / NAME
    ours = project.ours(path)
    if shot.deinterlacing is None:
        if ours:
            project.forget(path)
        return
    text = source_table(shot)
    key = cache_key("conform", NAME, text)
    if project.fresh(path, key):
        return
    if path.exists() and not ours:
        message(f"{path} was changed by hand and is kept; delete it to have the frames of the source listed again")
        return
    project.place(path, key, partial(_write_text, text))
    message(
        f"{shot.path.name}: {_KINDS[shot.deinterlacing.method]}, {shot.source_frames} in all, at "
        f"{float(shot.rate):.6g} frames per second; {path} lists where they come from"
    )


def source_table(shot: Shot) -> str:
    """Return the table as CSV: the frame, that of the source, and the frames of the source that its fields are from.

    Frames of the source are numbered as those of the shot, from its start number. A field that is interpolated is
    empty.
    """
    how = shot.deinterlacing
    if how is None:
        return ""
    start = shot.frames[0] - shot.positions[0]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for frame, position in zip(shot.frames, shot.positions, strict=True):
        source = how.source(position)
        fields = ("" if field is None else start + field for field in (source.top, source.bottom))
        writer.writerow([frame, start + source.frame, *fields])
    return text.getvalue()


def _write_text(text: str, path: Path) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise output_error(error, path, PROJECT_OPTION) from error
