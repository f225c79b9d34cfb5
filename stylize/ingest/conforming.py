"""Conforming of a shot: each frame becomes a file that the stages read."""

from collections.abc import Callable, Sequence
from pathlib import Path

from stylize.ingest.unpacking import report_damaged
from stylize.media.images import ImageInfo
from stylize.media.plates import Plates, conform, plate_pattern
from stylize.media.sequences import format_frames
from stylize.media.shot import Shot
from stylize.project import Project, check_edited, is_edited
from stylize.stages import cache_key


def conform_plates(shot: Shot, project: Project, progress: Callable[[str, int, int], None]) -> Plates:
    """Return the plates of a shot. The frames of a movie, views of linear light, and pictures that are converted are
    written to files once.

    The files of other sequences are used in place.

    Unpacked frames that the user has changed are used unchanged, and reported. progress: called with the stage, and the
    number of frames done and in total. Raises InputError if a changed frame does not fit the shot.
    """
    total = len(shot.frames)
    if shot.in_place:
        return conform(shot, project.folder("video"), lambda frame: True, lambda frame: None)
    form = [shot.depth, shot.alpha, shot.size]
    source = [project.digest(shot.path), *form] if shot.kind == "movie" else []
    places = {frame: place for place, frame in enumerate(shot.frames)} if shot.kind == "sequence" else {}
    path = plate_pattern(shot, project.folder("video")).path
    made = 0
    # The cache key contains the position because --start-number changes the frame that a number refers to.
    inputs = {frame: shot.cache_inputs(place) for frame, place in zip(shot.frames, shot.positions, strict=True)}

    def key(frame: int) -> str:
        if places:
            return _picture_key(shot, project, places[frame], form)
        return cache_key("conform", source, *inputs[frame])

    def done(frame: int) -> bool:
        return project.fresh(path(frame), key(frame)) or is_edited(project, path(frame))

    def on_frame(frame: int) -> None:
        nonlocal made
        made += 1
        progress("conform", made, total)

    _report(shot, project, path)
    plates = conform(shot, project.folder("video"), done, on_frame, lambda frame: project.seal(key(frame)))
    progress("conform", total, total)
    return plates


def _picture_key(shot: Shot, project: Project, place: int, form: Sequence[object]) -> str:
    """Return the cache key of a plate that is made of pictures. place: of the frame. form: of its pixels."""
    contents = [project.digest(file) for file in shot.files_of(place)]
    if not shot.converted:
        return cache_key("view", *contents, *form, shot.layer, repr(shot.view))
    how = shot.conversions(shot.positions[place])
    return cache_key("conform", contents, *form, shot.layer, *how, uses=("read",))


def _report(shot: Shot, project: Project, path: Callable[[int], Path]) -> None:
    """Report plates that were changed by hand, and damaged ones that will be unpacked again."""
    edited = [frame for frame in shot.frames if is_edited(project, path(frame))]
    for frame in edited:
        check_edited(path(frame), ImageInfo(shot.size, 16 if shot.depth == 16 else 8, shot.alpha))
    folder = path(shot.frames[0]).parent
    if edited:
        project.message(
            f"{format_frames(edited)} in {folder}: changed by hand and used unchanged; delete them to unpack them again"
        )
    report_damaged(project, [path(frame) for frame in shot.frames])
