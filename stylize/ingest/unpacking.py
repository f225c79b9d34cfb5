"""Movies that accompany a shot, such as guides and mattes: their frames are unpacked into the project once.

Each movie has a folder of its own, named after it and its contents. The same movie at another path or with another
weight reuses the folder, and one that has changed gets a new folder.
"""

import contextlib
import glob
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path

from stylize.media.images import make_folder, write_image
from stylize.media.sequences import Pattern
from stylize.media.shot import Shot, read_frames
from stylize.project import Project
from stylize.stages import cache_key

_DIGITS = 12
_OURS = re.compile(rf"(.+)\.[0-9a-f]{{{_DIGITS}}}")


def folder_of(movie: Path, project: Project, name: str) -> Path:
    """Return the folder for the frames of a movie in the folder ``name`` of the project."""
    return project.folder(name) / f"{movie.stem}.{project.digest(movie)[:_DIGITS]}"


def unpack_once(movie: Shot, project: Project, name: str) -> dict[int, Path]:
    """Return the file of every frame of ``movie``, and unpack those that are missing or out of date.

    A frame that a person has changed stays and is used unchanged; see ``edited_frames``. Delete it to unpack it again.
    InputError if the movie cannot be read, OutputError if the folder cannot be written.
    """
    digest = project.digest(movie.path)
    keys = {
        number: cache_key("unpack", digest, place) for number, place in zip(movie.frames, movie.positions, strict=True)
    }
    pattern = _pattern(movie, folder_of(movie.path, project, name))
    missing = [
        n
        for n, number in enumerate(movie.frames)
        if not project.fresh(path := pattern.path(number), keys[number]) and not _edited(project, path)
    ]
    missing_frames = replace(
        movie, frames=tuple(movie.frames[n] for n in missing), positions=tuple(movie.positions[n] for n in missing)
    )
    if missing:
        unpack(missing_frames, pattern.folder, lambda number: project.record(pattern.path(number), keys[number]))
        project.save()
    return {number: pattern.path(number) for number in movie.frames}


def unpack(movie: Shot, folder: Path, on_frame: Callable[[int], None] = lambda frame: None) -> dict[int, Path]:
    """Write every frame of ``movie`` to a folder; ``on_frame`` is called after each. Raises as ``unpack_once``."""
    make_folder(folder)
    pattern = _pattern(movie, folder)
    for number, pixels in read_frames(movie):
        write_image(pattern.path(number), pixels)
        on_frame(number)
    return {number: pattern.path(number) for number in movie.frames}


def remove_stale_frames(project: Project, requested: Mapping[str, Collection[Path]]) -> None:
    """Remove the frames of movies that are no longer requested. Files that a person put there stay.

    requested: by folder of the project, all files that may have been unpacked into it.
    """
    for name, files in requested.items():
        keep = {folder_of(path, project, name) for path in files if path.is_file()}
        for folder in project.folder(name).iterdir():
            ours = _OURS.fullmatch(folder.name)
            if ours is None or folder in keep or not folder.is_dir():
                continue
            for path in folder.iterdir():
                if project.ours(path) or _is_partial(path.name, ours[1]):
                    project.forget(path)
            with contextlib.suppress(OSError):
                folder.rmdir()


def _is_partial(name: str, movie: str) -> bool:
    """Return whether a file is one that a killed run left half written; earlier versions named it ``*.part.png``."""
    return re.fullmatch(rf"\.{re.escape(movie)}\.\d+\.(png\.partial|part\.png)", name) is not None


def edited_frames(project: Project, requested: Mapping[str, Collection[Path]]) -> list[Path]:
    """List the unpacked frames that a person has changed. requested: as in ``remove_stale_frames``."""
    movies = dict.fromkeys((path, name) for name, files in requested.items() for path in files if path.is_file())
    return [
        path
        for movie, name in movies
        for path in sorted(folder_of(movie, project, name).glob(f"{glob.escape(movie.stem)}.*.png"))
        if path.stem.removeprefix(f"{movie.stem}.").isdecimal() and _edited(project, path)
    ]


def _edited(project: Project, path: Path) -> bool:
    return path.is_file() and not project.ours(path)


def _pattern(movie: Shot, folder: Path) -> Pattern:
    return Pattern(folder, f"{movie.name}.", 4, ".png")
