"""Per-frame inputs of a project for a new version of its shot: mattes, guides, controls, depth, motion vectors.

Their files keep the old frame numbers, so they are copied into the new project under the new ones, where these differ.
Movies have no numbers and go by the position of their frames; they are unpacked where the positions differ.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from stylize.errors import InputError
from stylize.ingest.copies import copy_contents
from stylize.ingest.shot_versions import Replacement
from stylize.ingest.unpacking import folder_of, unpack
from stylize.media.companions import Companion
from stylize.media.opening import is_movie_file
from stylize.media.plates import plate_pattern
from stylize.media.sequences import READ_SUFFIXES, Pattern, find_sequence, format_frames, parse_range
from stylize.media.shot import Shot
from stylize.project import Project, is_edited
from stylize.project.layout import INPUTS
from stylize.real_path import real_path
from stylize.settings import DEPTH_AUTO, GuideSpec, Settings, is_matte_keyword
from stylize.settings.conditions import ControlSpec
from stylize.settings.extension_options import EXTENSION_OPTIONS, paths_in
from stylize.settings.options import OPTIONS
from stylize.settings.shifted_frames import map_looks

# Options that name motion vectors, and the file types of these.
_VECTORS, _VECTOR_SUFFIXES = ("vectors", "vectors_back", "vectors_forward"), (".exr", ".flo")
# Label of the copies in the records of the project.
_COPIED = "replaced-shot"
# Folder in the project for the unpacked frames of movies, by option.
_UNPACKED = {"matte": "mask", "guide": "guides", "control": "guides", "depth": "guides"}


@dataclass(frozen=True)
class _Move:
    """Files of one input under new numbers. options: those that name it. pattern: of the copies.

    files: old file of each new frame. movie: frames of a movie to unpack under new numbers, None for pictures.
    """

    options: list[str]
    path: Path
    pattern: Pattern
    files: Mapping[int, Path]
    movie: Shot | None = None

    @property
    def numbers(self) -> set[int]:
        """New frames that the input has."""
        return {*self.files, *(self.movie.frames if self.movie else ())}


@dataclass
class InputMoves:
    """Inputs to copy, as found by ``plan_inputs``.

    settings: with the paths of the copies. kept: path in the new version of each input. options: those that name any.
    """

    settings: Settings
    moves: list[_Move] = field(default_factory=list)
    kept: dict[tuple[str, Path], Path] = field(default_factory=dict)
    options: list[str] = field(default_factory=list)


def plan_inputs(
    found: Replacement, before: Settings, settings: Settings, given: Collection[str], old: Project, target: Path
) -> InputMoves:
    """Find the inputs that need other numbers. Nothing is written.

    before, settings: those of the old version, and those of the new one, with its numbers. given: options that the user
    has given for the new version, which stay as they are. target: folder of the new project. Raises InputError if files
    are missing, or if a movie does not fit the old version.
    """
    moves = InputMoves(settings)
    # Movies may have the frames of the part that was processed.
    whole = replace(found, old=_part(found.old, before.frames), new=_part(found.new, settings.frames))

    def moved(name: str, value: Any) -> Any:
        return _with_paths(name, value, lambda path: _plan(whole, name, path, old, target, moves))

    moves.settings = map_looks(settings, moved, given)
    return moves


def copy_inputs(found: Replacement, moves: InputMoves, project: Project, message: Callable[[str], None]) -> None:
    """Copy the inputs into the new project, and report what the user has to do. Raises OutputError, InputError."""
    for move in moves.moves:
        for number, file in move.files.items():
            _copy(project, file, move.pattern.path(number))
        if move.movie is not None:
            movie = _without_changed(move.movie, move.pattern, project)
            unpack(movie, move.pattern.folder, lambda number: project.seal(_COPIED))
        names = ", ".join(OPTIONS[one].flags[-1] for one in dict.fromkeys(move.options))
        message(f"{names} {move.path}: copied to {move.pattern} under the new frame numbers")
        missing = _needed(found, move.options[0]) - move.numbers
        absent = [number for number in missing if not move.pattern.path(number).exists()]
        if absent:
            message(
                f"warning: {names} {move.path} has no file for the frames {format_frames(absent)} of the new version; "
                f"add them as {move.pattern}, or give the option anew"
            )
    if moves.options and found.changed:
        listed = ", ".join(dict.fromkeys(OPTIONS[name].flags[-1] for name in moves.options))
        message(
            f"{listed}: the files of the changed frames {format_frames(found.changed)} are those of the old version; "
            "check them"
        )


def report_other_inputs(
    found: Replacement, settings: Settings, given: Collection[str], message: Callable[[str], None]
) -> None:
    """Name the numbered inputs of extensions, which keep the old frame numbers."""
    if not found.renumbered:
        return

    def named(name: str, value: Any) -> Any:
        if OPTIONS[name].type is EXTENSION_OPTIONS and value:
            for path in paths_in(value):
                if not path.is_file():
                    message(
                        f"warning: {OPTIONS[name].flags[-1]} names {path}, which is not copied: give it with the frame "
                        f"numbers of {found.new.path}"
                    )
        return value

    map_looks(settings, named, given)


# Planning


def _plan(found: Replacement, name: str, path: Path, old: Project, target: Path, moves: InputMoves) -> Path:
    """Return the path of an input in the new version, and add its files to ``moves`` if they need other numbers."""
    moves.options.append(name)
    known = moves.kept.get((_kind(name), path))
    if known is None:
        try:
            known = moves.kept[_kind(name), path] = _find(found, name, path, old, target, moves)
        except InputError as error:
            problem = str(error).removeprefix(f"{OPTIONS[name].flags[-1]} ")
            raise InputError(f"{OPTIONS[name].flags[-1]} {problem}") from error
    for move in moves.moves:
        if str(move.pattern) == str(known):
            move.options.append(name)
    return known


def _find(found: Replacement, name: str, path: Path, old: Project, target: Path, moves: InputMoves) -> Path:
    is_file = path.is_file()
    if is_file and not is_movie_file(path):
        return path  # one picture for all frames
    pattern_in = partial(_free_pattern, target, name, moves)
    if is_file:
        return _find_movie(found, name, path, old, pattern_in, moves)
    files = find_sequence(path, _VECTOR_SUFFIXES if name in _VECTORS else READ_SUFFIXES)
    if not found.renumbered:
        return path
    taken = {number: files[before] for number, before in found.frames.items() if before in files}
    suffix = next(iter(files.values())).suffix
    moves.moves.append(_Move([], path, pattern_in(suffix), taken))
    return Path(str(moves.moves[-1].pattern))


def _find_movie(
    found: Replacement, name: str, path: Path, old: Project, pattern_in: Callable[[str], Pattern], moves: InputMoves
) -> Path:
    companion = Companion(OPTIONS[name].flags[-1], InputError)
    as_new = _positions(companion, path, found.new)
    if as_new is not None and _positions(companion, path, found.old) is None:
        return path  # it has been replaced, too
    movie = companion.movie(path, found.old)
    places = dict(zip(movie.frames, movie.positions, strict=True))
    wanted = {number: before for number, before in found.frames.items() if before in places}
    if as_new == {number: places[before] for number, before in wanted.items()}:
        return path
    pattern = pattern_in(".png")
    unpacked = plate_pattern(movie, folder_of(path, old, _UNPACKED[name]))
    edited = {number: file for number, before in wanted.items() if is_edited(old, file := unpacked.path(before))}
    decoded = sorted(number for number in wanted if number not in edited)
    part = replace(
        movie, name=pattern.prefix.rstrip("."), frames=tuple(decoded),
        positions=tuple(places[wanted[number]] for number in decoded),
    )  # fmt: skip
    moves.moves.append(_Move([], path, pattern, edited, part))
    return Path(str(pattern))


def _positions(companion: Companion, path: Path, shot: Shot) -> dict[int, int] | None:
    """Return the position in a movie that each frame of a shot would have; None if the movie does not fit the shot."""
    try:
        movie = companion.movie(path, shot)
    except InputError:
        return None
    return dict(zip(movie.frames, movie.positions, strict=True))


def _free_pattern(target: Path, name: str, moves: InputMoves, suffix: str) -> Pattern:
    """Return the names of the copies of an input, in a folder that no other input uses."""
    used = {move.pattern.folder.name for move in moves.moves}
    base = name.replace("_", "-")
    folder = next(one for n in count(1) if (one := base if n == 1 else f"{base}-{n}") not in used)
    return Pattern(real_path(target) / INPUTS / folder, f"{base}.", 4, suffix)


def _kind(name: str) -> str:
    """Return what tells apart the uses of one path: its files are found by type, and vectors need other frames."""
    return name if name in _VECTORS else ""


def _needed(found: Replacement, name: str) -> set[int]:
    """Return the frames that an input must have: vectors to the previous frame none for the first, and so on."""
    frames = found.new.frames
    return {*(frames[1:] if name == "vectors_back" else frames[:-1] if name == "vectors_forward" else frames)}


def _part(shot: Shot, frames: str | None) -> Shot:
    """Return the part of a shot that was processed."""
    if frames is None:
        return shot
    chosen = set(parse_range(frames).select(shot.frames))
    return _at(shot, [place for place, number in enumerate(shot.frames) if number in chosen])


def _at(shot: Shot, places: Sequence[int]) -> Shot:
    """Return a shot with some of its frames, by their places."""
    return replace(
        shot,
        frames=tuple(shot.frames[place] for place in places),
        positions=tuple(shot.positions[place] for place in places),
        files=tuple(shot.files[place] for place in places) if shot.files else (),
    )


def _with_paths(name: str, value: Any, change: Callable[[Path], Path]) -> Any:
    """Return the value of an option with the paths of its per-frame files replaced."""
    if not value:
        return value
    if name in _VECTORS or name == "cryptomatte":
        return change(value)
    if (name == "matte" and not is_matte_keyword(value)) or (name == "depth" and value != DEPTH_AUTO):
        return str(change(Path(value)))
    if name == "guide":
        return tuple(replace(one, path=change(one.path)) for one in _all(value, GuideSpec))
    if name == "control":
        return tuple(
            one if one.path is None else replace(one, path=change(one.path)) for one in _all(value, ControlSpec)
        )
    return value


def _all(value: Any, kind: type) -> Iterable[Any]:
    assert all(isinstance(one, kind) for one in value)
    return value


# Copying


def _copy(project: Project, source: Path, target: Path) -> None:
    """Copy a file, unless its target was changed by the user, after a run that was killed."""
    if not project.is_changed(target):
        project.place(target, _COPIED, partial(copy_contents, source))


def _without_changed(movie: Shot, pattern: Pattern, project: Project) -> Shot:
    """Return the frames of a movie whose copies the user has not changed, after a run that was killed."""
    places = [place for place, number in enumerate(movie.frames) if not project.is_changed(pattern.path(number))]
    return _at(movie, places)
