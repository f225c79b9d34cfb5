"""Plates of a draft: files with all frames scaled down, in the folder of the draft."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from propagate.arrays import Pixels
from stylize.media.images import ImageInfo, write_image
from stylize.media.plates import Plates, plate_pattern
from stylize.media.scaling import scale_picture
from stylize.media.sequences import format_frames
from stylize.media.shot import Shot, read_frames, read_plate
from stylize.project import Project, check_edited, is_edited
from stylize.stages import cache_key


def draft_plates(
    shot: Shot, size: tuple[int, int], project: Project, progress: Callable[[str, int, int], None]
) -> Plates:
    """Return the frames of a full-size shot as files of ``size`` (width, height), scaled down once.

    project: project of the draft. A movie is scaled while it is decoded; its full-size frames are not written. If the
    project has a full-size frame that the user has edited, that frame is scaled instead. Frames that the user has
    edited in the folder of the draft are used unchanged, and reported. Raises InputError if such a frame does not fit
    the draft.
    """
    small, total = replace(shot, size=size), len(shot.frames)
    path = plate_pattern(shot, project.folder("video")).path
    contents = plate_contents(shot, project.main, shot.frames)
    keys = {frame: cache_key("draft", contents[frame], size, shot.depth, shot.alpha) for frame in shot.frames}
    edited = [frame for frame in shot.frames if is_edited(project, path(frame))]
    for frame in edited:
        check_edited(path(frame), ImageInfo(size, 16 if shot.depth == 16 else 8, shot.alpha))
    if edited:
        project.message(
            f"{format_frames(edited)} in {path(edited[0]).parent}: changed by hand and used unchanged; delete them to "
            "scale the plates again"
        )
    wanted = [
        frame for frame in shot.frames if frame not in edited and not project.fresh(path(frame), keys[frame])
    ]  # fmt: skip
    for done, (frame, pixels) in enumerate(_full_plates(shot, project.main, wanted), 1):
        write_image(path(frame), scale_picture(pixels, size), seal=project.seal(keys[frame]))
        progress("conform", done, len(wanted))
    progress("conform", total, total)
    return Plates({frame: path(frame) for frame in shot.frames}, small)


def plate_contents(shot: Shot, project: Project, frames: Sequence[int]) -> dict[int, list[object]]:
    """Return the inputs of the pixels of some frames of a full-size shot, for cache keys. Frames need not be files.

    project: the main project. The inputs of a movie's frame are the movie and the position in it, or the file of the
    frame if the user has edited it.
    """
    if shot.kind == "sequence":
        view = [] if shot.in_place else [shot.layer, repr(shot.view)]
        places = {frame: place for place, frame in enumerate(shot.frames)}
        return {frame: [*_picture_contents(shot, project, places[frame]), *view] for frame in frames}
    source, places = project.digest(shot.path), dict(zip(shot.frames, shot.positions, strict=True))
    found: dict[int, list[object]] = {frame: [source, *shot.cache_inputs(places[frame])] for frame in frames}
    changed = _changed_plates(shot, project, frames)
    return found | {frame: [project.digest(path)] for frame, path in changed.items()}


def _picture_contents(shot: Shot, project: Project, place: int) -> list[object]:
    """Return the contents of the pictures that a frame is made of, and its conversions."""
    return [*(project.plate_digest(file) for file in shot.files_of(place)), *shot.conversions(shot.positions[place])]


def _changed_plates(shot: Shot, project: Project, frames: Sequence[int]) -> dict[int, Path]:
    """Return the files of the full-size frames of a movie that the user has edited."""
    path = plate_pattern(shot, project.folder("video")).path
    return {frame: path(frame) for frame in frames if is_edited(project, path(frame))}


def _full_plates(shot: Shot, project: Project, frames: list[int]) -> Iterator[tuple[int, Pixels]]:
    """Yield the number and the pixels of some frames at full size."""
    wanted = set(frames)
    places = [place for place, frame in enumerate(shot.frames) if frame in wanted]
    part = replace(
        shot,
        frames=tuple(shot.frames[place] for place in places),
        positions=tuple(shot.positions[place] for place in places),
        files=tuple(shot.files[place] for place in places) if shot.files else (),
    )
    changed = _changed_plates(shot, project, part.frames) if shot.kind == "movie" else {}
    for frame, pixels in read_frames(part):
        yield frame, read_plate(changed[frame], shot) if frame in changed else pixels
