"""Unpacking of movies that accompany a shot, such as guides and mattes, into the project.

Each movie has its own folder, named after the movie and the digest of its contents. The same movie at another path
reuses the folder, and a changed movie gets a new one.
"""

import contextlib
import glob
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path

from stylize.media.images import make_folder, write_image
from stylize.media.safe_write import PARTIAL, Seal, no_seal
from stylize.media.sequences import Pattern, format_frames, frame_number
from stylize.media.shot import Shot, read_frames
from stylize.project import Project, is_damaged, is_edited
from stylize.stages import cache_key

_DIGITS = 12
_FRAMES_FOLDER = re.compile(rf"(.+)\.[0-9a-f]{{{_DIGITS}}}")


def folder_of(movie: Path, project: Project, name: str) -> Path:
    """Return the folder for the frames of a movie in the folder ``name`` of the project."""
    return frames_folder(project.folder(name), movie.stem, project.digest(movie))


def frames_folder(folder: Path, stem: str, digest: str) -> Path:
    """Return the folder in ``folder`` for the frames of a movie. stem: of its file name. digest: of its contents."""
    return folder / f"{stem}.{digest[:_DIGITS]}"


def unpack_once(movie: Shot, project: Project, name: str) -> dict[int, Path]:
    """Unpack the frames of ``movie`` that are missing or out of date. Return the file of each frame, by number.

    Frames that the user has changed are used unchanged; see ``edited_frames``. Unreadable files are reported as damaged
    and unpacked again. Frames that the movie has lost are reported. Raises InputError if the movie is unreadable,
    OutputError if the folder is not writable.
    """
    for loss in movie.warnings:
        project.message(f"warning: {loss}")
    digest = project.digest(movie.path)
    keys = {
        number: cache_key("unpack", digest, *movie.cache_inputs(place))
        for number, place in zip(movie.frames, movie.positions, strict=True)
    }
    pattern = _pattern(movie, folder_of(movie.path, project, name))
    missing = [
        n
        for n, number in enumerate(movie.frames)
        if not project.fresh(path := pattern.path(number), keys[number]) and not is_edited(project, path)
    ]
    report_damaged(project, [pattern.path(movie.frames[n]) for n in missing])
    missing_frames = replace(
        movie, frames=tuple(movie.frames[n] for n in missing), positions=tuple(movie.positions[n] for n in missing)
    )
    if missing:
        unpack(missing_frames, pattern.folder, lambda number: project.seal(keys[number]))
        project.save()
    return {number: pattern.path(number) for number in movie.frames}


def unpack(movie: Shot, folder: Path, seal_of: Callable[[int], Seal] = lambda frame: no_seal) -> dict[int, Path]:
    """Write each frame of ``movie`` to a folder. Return the file of each frame, by number.

    seal_of: returns the seal that records a frame's file. Raises InputError or OutputError, as ``unpack_once`` does.
    """
    make_folder(folder)
    pattern = _pattern(movie, folder)
    for number, pixels in read_frames(movie):
        write_image(pattern.path(number), pixels, seal=seal_of(number))
    return {number: pattern.path(number) for number in movie.frames}


def remove_stale_frames(project: Project, requested: Mapping[str, Collection[Path]]) -> None:
    """Remove unpacked frames of movies that are no longer requested. Files that stylize did not write are kept.

    requested: files whose frames may have been unpacked, by project folder.
    """
    for name, files in requested.items():
        keep = {folder_of(path, project, name) for path in files if path.is_file()}
        for folder in project.folder(name).iterdir():
            match = _FRAMES_FOLDER.fullmatch(folder.name)
            if match is None or folder in keep or not folder.is_dir():
                continue
            for path in folder.iterdir():
                if project.ours(path) or _is_partial(path.name, match[1]):
                    project.forget(path)
            with contextlib.suppress(OSError):
                folder.rmdir()


def _is_partial(name: str, movie: str) -> bool:
    """Return whether a file is a partial one of a killed run.

    Earlier versions named such files ``*.png.partial`` or ``*.part.png``.
    """
    endings = "|".join(map(re.escape, (f".png{PARTIAL}", ".png.partial", ".part.png")))
    return re.fullmatch(rf"\.{re.escape(movie)}\.\d+({endings})", name) is not None


def edited_frames(project: Project, requested: Mapping[str, Collection[Path]]) -> list[Path]:
    """Return the unpacked frames that the user has changed. requested: as in ``remove_stale_frames``."""
    movies = dict.fromkeys((path, name) for name, files in requested.items() for path in files if path.is_file())
    return [
        path
        for movie, name in movies
        for path in sorted(folder_of(movie, project, name).glob(f"{glob.escape(movie.stem)}.*.png"))
        if path.stem.removeprefix(f"{movie.stem}.").isdecimal() and is_edited(project, path)
    ]


def report_damaged(project: Project, files: Collection[Path]) -> None:
    """Report unpacked frames that are damaged and will be unpacked again. files: in one folder."""
    damaged = [path for path in files if is_damaged(project, path)]
    if damaged:
        frames = format_frames(number for path in damaged if (number := frame_number(path)) is not None)
        project.message(f"{frames} in {damaged[0].parent}: damaged and unpacked again")


def _pattern(movie: Shot, folder: Path) -> Pattern:
    return Pattern(folder, f"{movie.name}.", 4, ".png")
