"""Conforming of a shot: every frame as a file, the input of every stage."""

from collections.abc import Callable

from stylize.media.plates import Plates, conform, plate_pattern
from stylize.media.shot import Shot
from stylize.project import Project
from stylize.stages import cache_key


def conform_plates(shot: Shot, project: Project, progress: Callable[[str, int, int], None]) -> Plates:
    """Return every frame as a file: a movie's are unpacked once, a sequence's are used in place."""
    total = len(shot.frames)
    if shot.kind == "sequence":
        return conform(shot, project.folder("video"), lambda frame: True, lambda frame: None)
    source = [project.digest(shot.path), shot.depth, shot.alpha, shot.size]
    path = plate_pattern(shot, project.folder("video")).path
    made = 0
    # --start-number changes which frame of the file a number names: the cache key has the position.
    places = dict(zip(shot.frames, shot.positions, strict=True))

    def key(frame: int) -> str:
        return cache_key("conform", source, places[frame])

    def done(frame: int) -> bool:
        return project.fresh(path(frame), key(frame))

    def on_frame(frame: int) -> None:
        nonlocal made
        made += 1
        project.record(path(frame), key(frame))
        progress("conform", made, total)

    plates = conform(shot, project.folder("video"), done, on_frame)
    progress("conform", total, total)
    return plates
