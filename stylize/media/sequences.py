"""Numbered frames: patterns such as `name.####.png`, `name.%04d.png` and `name.@.png`, and ranges as `1001-1100x2`.

A frame number is the last run of digits in a file's name before its suffix: 7 in `v2_0007.png`. No picture is opened.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

from stylize.errors import FrameRangeError, SequenceError, SettingsError

PICTURE_SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".exr", ".dpx")

_PLACEHOLDER = re.compile(r"#+|@+|%0?([0-9]*)d")
_RANGE_PART = re.compile(r"([0-9]+)(?:-([0-9]+)(?:x([0-9]+))?)?")
_NUMBERED_STEM = re.compile(r"(.*?)([0-9]+)([^0-9]*)", re.DOTALL)
_MAX_LISTED_RANGES = 6
_MAX_LISTED_NAMES = 4


@dataclass(frozen=True)
class FrameRange:
    """Requested frames: `text` as it was written, `parts` as ranges with steps."""

    text: str
    parts: tuple[range, ...]

    def select(self, frames: Sequence[int]) -> tuple[int, ...]:
        """Return the requested numbers, ascending, each once; FrameRangeError if `frames` lacks one of them."""
        existing = set(frames)
        if not existing:
            raise FrameRangeError(f"frames {self.text} were asked for, but there are none: choose another source")
        first, last = min(existing), max(existing)
        if any(part[0] < first or part[-1] > last for part in self.parts):
            raise self._missing(self.text, existing)
        requested = sorted({number for part in self.parts for number in part})
        if missing := [number for number in requested if number not in existing]:
            raise self._missing(format_frames(missing), existing)
        return tuple(requested)

    def _missing(self, missing: str, existing: Iterable[int]) -> FrameRangeError:
        listed = format_frames(existing)
        return FrameRangeError(f"frames {missing} were asked for, but the frames are {listed}: choose among these")


def parse_range(text: str) -> FrameRange:
    """Read `1001-1100`, `10-50x2`, `7` or `1-3,9`; SettingsError if it is none of these."""
    pieces = [piece.strip() for piece in text.split(",")]
    return FrameRange(text.strip(), tuple(_parse_part(piece, text) for piece in pieces))


def _parse_part(piece: str, text: str) -> range:
    match = _RANGE_PART.fullmatch(piece)
    if match is None:
        raise SettingsError(f"frames {text!r} cannot be read: write them like 1001-1100, 10-50x2, 7 or 1-3,9")
    first = int(match[1])
    last = int(match[2] or first)
    step = int(match[3] or 1)
    if last < first:
        raise SettingsError(f"frames {text!r} run backwards: write the smaller number first, {last}-{first}")
    if step < 1:
        raise SettingsError(f"frames {text!r} have a step of 0: write 1 or more after the x")
    numbers = range(first, last + 1, step)
    return range(first, numbers[-1] + 1, step)


def format_frames(frames: Iterable[int]) -> str:
    """Format frame numbers for messages: `1001-1003, 1007`; at most 6 ranges are listed."""
    runs: list[list[int]] = []
    for number in sorted(set(frames)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    listed = [f"{first}" if first == last else f"{first}-{last}" for first, last in runs[:_MAX_LISTED_RANGES]]
    more = [f"and {len(runs) - _MAX_LISTED_RANGES} more"] if len(runs) > _MAX_LISTED_RANGES else []
    return ", ".join(listed + more)


@dataclass(frozen=True)
class Pattern:
    """A file name with a frame number of at least `padding` digits.

    `suffix` is everything after the number, with the file type: `.png` or `_left.png`.
    """

    folder: Path
    prefix: str
    padding: int
    suffix: str

    def path(self, frame: int) -> Path:
        """Return the path of a frame."""
        return self.folder / f"{self.prefix}{frame:0{self.padding}d}{self.suffix}"

    def match(self, name: str) -> int | None:
        """Return the frame number of a file of this name, or None if the pattern does not match it."""
        if len(name) <= len(self.prefix) + len(self.suffix):
            return None
        if not (name.startswith(self.prefix) and name.endswith(self.suffix)):
            return None
        digits = name[len(self.prefix) : len(name) - len(self.suffix)]
        if not _is_digits(digits) or len(digits) < self.padding:
            return None
        # Padding of four digits never gives 00012; padding of one digit accepts any number of zeros.
        return None if self.padding > 1 and len(digits) > self.padding and digits[0] == "0" else int(digits)

    def __str__(self) -> str:
        return str(self.folder / f"{self.prefix}{'#' * self.padding}{self.suffix}")


def parse_pattern(text: str | Path, suffixes: Sequence[str] = PICTURE_SUFFIXES) -> Pattern | None:
    """Parse `dir/name.####.png`, `dir/name.%04d.png` or `dir/name.@.png`; None if it is no pattern.

    Only names with one of `suffixes` are patterns, so that `me@home.mp4` stays a movie. `####` means four digits or
    more, `@` and `%d` any number of them. Of several placeholders the last one is the frame number.
    """
    path = Path(text)
    placeholders = list(_PLACEHOLDER.finditer(path.stem))
    if path.suffix.lower() not in suffixes or not placeholders:
        return None
    last = placeholders[-1]
    padding = int(last[1] or 1) if last[0].startswith("%") else len(last[0])
    return Pattern(path.parent, path.stem[: last.start()], padding, path.stem[last.end() :] + path.suffix)


def pattern_of(path: Path) -> Pattern:
    """Return the pattern of a numbered file; SequenceError if it has no number."""
    match = _NUMBERED_STEM.fullmatch(path.stem)
    if match is None:
        raise SequenceError(f"{path}: expected a frame number in the name: rename the file")
    # The padding of 1001 may be four digits or one: both give this name.
    return Pattern(path.parent, match[1], len(match[2]), match[3] + path.suffix)


def frame_number(path: Path) -> int | None:
    """Return the frame number of a file, the last run of digits in its stem; None if it has no digits."""
    parts = _split_stem(path)
    return parts and parts[1]


def base_name(path: Path) -> str:
    """Return a file's name without number, suffix and the separators around them: `plate` of `plate.1001.png`."""
    parts = _split_stem(path)
    return (parts[0] if parts else path.stem).rstrip("._- ")


def find_sequence(path: str | Path, suffixes: Sequence[str] = PICTURE_SUFFIXES) -> dict[int, Path]:
    """Return the files of one sequence by frame number, ascending.

    `path` is a folder, a pattern or a single picture, which is a sequence of one and, without a number, frame 1.
    `suffixes`: of the files to find. Gaps are allowed here: see `check_no_gaps`.
    SequenceError if there are no files, if a folder holds pictures of several sequences or without a number, or if two
    files have one number.
    """
    if Path(path).is_file():
        number = frame_number(Path(path))
        return {1 if number is None else number: Path(path)}
    pattern = None if Path(path).is_dir() else parse_pattern(path, suffixes)
    folder = pattern.folder if pattern else Path(path)
    if pattern is None:
        return _one_sequence(folder, suffixes)
    names = ((pattern.match(file.name), file) for file in _pictures(folder, suffixes))
    files = _by_number((number, file) for number, file in names if number is not None)
    if not files:
        raise SequenceError(f"{pattern}: no file of this pattern is in {folder}: check the name and the digits")
    return files


def find_numbered(folder: str | Path) -> dict[int, Path]:
    """Return all pictures of a folder by frame number, ascending, whatever their names; empty if there are none.

    SequenceError if the folder is missing, or holds a picture without a number or two pictures for one number.
    """
    return _by_number(_numbered_pictures(Path(folder), PICTURE_SUFFIXES))


def is_contiguous(frames: Sequence[int]) -> bool:
    """Return whether ascending `frames` have no gaps."""
    return not frames or frames[-1] - frames[0] == len(frames) - 1


def check_no_gaps(frames: Sequence[int], step: int = 1, name: str | Path = "the sequence") -> None:
    """Raise SequenceError, with the missing numbers, if ascending `frames` are more than `step` apart anywhere."""
    steps = ((before, after) for before, after in pairwise(frames) if after - before > step)
    # At most as many as will be listed: names such as 20261121_093000 leave gaps of millions.
    missing = [range(before + step, after, step) for before, after in islice(steps, _MAX_LISTED_RANGES)]
    if missing:
        listed = ", ".join(f"{gap[0]}" if len(gap) == 1 else f"{gap[0]}-{gap[-1]}" for gap in missing)
        advice = "add the missing files, or choose frames that exist with --frames"
        raise SequenceError(f"{name}: the sequence has gaps, {listed} missing: {advice}")


def _one_sequence(folder: Path, suffixes: Sequence[str]) -> dict[int, Path]:
    files = _numbered_pictures(folder, suffixes)
    if not files:
        kinds = " ".join(suffixes)
        raise SequenceError(f"{folder}: the folder has no pictures, expected numbered ones ({kinds}): check the path")
    names = list(dict.fromkeys(_without_number(file) for _, file in files))
    if len(names) > 1:
        listed = ", ".join(names[:_MAX_LISTED_NAMES]) + (", ..." if len(names) > _MAX_LISTED_NAMES else "")
        raise SequenceError(f"{folder}: expected one sequence, found {len(names)} ({listed}): name one by its pattern")
    return _by_number(files)


def _numbered_pictures(folder: Path, suffixes: Sequence[str]) -> list[tuple[int, Path]]:
    return [(_required_number(file), file) for file in _pictures(folder, suffixes)]


def _required_number(file: Path) -> int:
    number = frame_number(file)
    if number is None:
        raise SequenceError(f"{file}: expected a frame number in the name: rename the file or move it elsewhere")
    return number


def _without_number(file: Path) -> str:
    parts = _split_stem(file)
    return f"{parts[0]}#{parts[2]}{file.suffix}" if parts else file.name


def _split_stem(path: Path) -> tuple[str, int, str] | None:
    match = _NUMBERED_STEM.fullmatch(path.stem)
    return (match[1], int(match[2]), match[3]) if match else None


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _pictures(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """Return the files of a folder with these suffixes, by name, without hidden ones (temporary, macOS's `._name`)."""
    if not folder.is_dir():
        raise SequenceError(f"{folder}: no such folder: check the path")
    try:
        files = sorted(folder.iterdir())
    except OSError as error:
        raise SequenceError(f"{folder}: the folder cannot be read ({error.strerror}): check its permissions") from error
    return [file for file in files if file.suffix.lower() in suffixes and not file.name.startswith(".")]


def _by_number(files: Iterable[tuple[int, Path]]) -> dict[int, Path]:
    found: dict[int, Path] = {}
    for number, file in files:
        if number in found:
            both = f"{found[number].name} and {file.name}"
            raise SequenceError(f"{file.parent}: {both} are both frame {number}: keep one of them")
        found[number] = file
    return dict(sorted(found.items()))
