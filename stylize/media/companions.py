"""Pictures that accompany a shot, one for each frame, such as mattes and guides."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from stylize.errors import InputError, SettingsError
from stylize.media.images import image_size
from stylize.media.movie_shot import refuse_damage
from stylize.media.opening import is_movie_file, open_shot
from stylize.media.sequences import READ_SUFFIXES, find_sequence, format_frames, parse_pattern
from stylize.media.shot import Shot


@dataclass(frozen=True)
class Companion:
    """A kind of accompanying pictures.

    name: singular noun in messages. error: type of error to raise. is_plate: they are filmed like the shot, so that
    their movies are converted like it; others are data.
    """

    name: str
    error: type[InputError]
    is_plate: bool = False

    def files(self, path: Path, shot: Shot, unpack: Callable[[Shot], dict[int, Path]]) -> dict[int, Path]:
        """Return the file of each frame: numbered pictures, a movie of equal length, or one still for all frames.

        unpack: writes the frames of a movie to files, and returns the files by frame number. Raises `error` if pictures
        are missing or unreadable, or if their size or number differs from the shot's.
        """
        try:
            if self.is_movie(path):
                return unpack(self.movie(path, shot))
            files = self._pictures(path, shot)
            for file in dict.fromkeys(files.values()):
                self.check_size(file, image_size(file), shot.size)
        except self.error:
            raise
        except InputError as error:
            raise self.error(f"{self.name} {error}") from error
        return files

    def is_movie(self, path: Path) -> bool:
        """Return whether `path` is a movie, whose frames must be unpacked."""
        return path.is_file() and is_movie_file(path)

    def check_size(self, file: Path, found: tuple[int, int], expected: tuple[int, int]) -> None:
        """Raise `error` unless both sizes, (width, height), are equal."""
        if found != expected:
            sizes = f"expected {expected[0]}x{expected[1]} like the shot, found {found[0]}x{found[1]}"
            raise self.error(f"{self.name} {file}: {sizes}; resize it to the size of the plates")

    def file_of(self, files: Mapping[int, Path], frame: int) -> Path:
        """Return the file of a frame. Raises `error` if there is none."""
        if frame not in files:
            existing = f"found {self.name}s for frames {format_frames(files)}"
            raise self.error(f"frame {frame} has no {self.name}, {existing}; add it")
        return files[frame]

    def _pictures(self, path: Path, shot: Shot) -> dict[int, Path]:
        if path.is_file():
            return dict.fromkeys(shot.frames, path)
        if not path.is_dir() and parse_pattern(path, READ_SUFFIXES) is None:
            expected = "expected pictures, a movie or one picture"
            raise self.error(f"{self.name} {path}: no such file, {expected}; check the path")
        files = find_sequence(path)
        missing = [number for number in shot.frames if number not in files]
        if missing:
            expected = f"expected one file for each of the frames {format_frames(shot.frames)}"
            raise self.error(f"{self.name} {path}: {expected}, missing {format_frames(missing)}; add them")
        return {number: files[number] for number in shot.frames}

    def movie(self, path: Path, shot: Shot) -> Shot:
        """Open the part of a movie that belongs to the shot. Its frames have the shot's frame numbers.

        Damage of that part is reported by these numbers, and refused if the shot is opened with --strict.
        """
        movie = self._converted(path, shot) if self.is_plate else open_shot(path)
        self.check_size(path, movie.size, shot.size)
        positions, number = self._place(movie, shot)
        damage = movie.damage.messages(path.name, number, positions)
        if shot.strict:
            refuse_damage(damage)
        whole = movie.damage.messages(path.name, lambda position: movie.frames[position], movie.positions)
        others = tuple(one for one in movie.warnings if one not in whole)
        return replace(movie, frames=shot.frames, positions=positions, warnings=damage + others)

    def _converted(self, path: Path, shot: Shot) -> Shot:
        """Open a movie with the conversions of the shot."""
        curve = None if shot.tonemap is None else shot.tonemap.curve
        method = None if shot.deinterlacing is None else shot.deinterlacing.method
        try:
            return open_shot(path, tonemap=curve, deinterlace=method)
        except SettingsError as error:
            raise self.error(f"{self.name} is converted like the shot: {error}") from error

    def _place(self, movie: Shot, shot: Shot) -> tuple[tuple[int, ...], Callable[[int], int]]:
        """Return the position of each frame in the movie, and the function from positions to frame numbers.

        The movie matches either the whole source or the shot's part.
        """
        if len(movie.frames) == shot.source_frames:
            first = shot.frames[0] - shot.positions[0]
            return shot.positions, lambda position: first + position
        if len(movie.frames) == len(shot.frames):
            return tuple(range(len(shot.frames))), lambda position: shot.frames[position]
        counts = " or ".join(map(str, dict.fromkeys((shot.source_frames, len(shot.frames)))))
        found = f"expected {counts} frames like the shot, found {len(movie.frames)}"
        raise self.error(f"{self.name} {movie.path}: {found}; export it with the same length")
