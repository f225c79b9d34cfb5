"""File names of numbered frames.

Patterns are written as `name.####.png`, `name.%04d.png` or `name.@.png`, and ranges as `1001-1100x2` or `-4-12`. In a
folder, the frame number is the run of digits that differs between the files; in a single name, see `frame_numbers`.
Pictures are not opened.
"""

import re
import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

from stylize.errors import FrameRangeError, SequenceError, SettingsError
from stylize.limits import FRAME_DIGITS
from stylize.media.frame_numbers import Reading, likeliest, number_text, readings, skeleton, varying_run
from stylize.visible_text import visible

# Pictures that are read and written, and those that are only read.
PICTURE_SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".exr", ".dpx")
READ_ONLY_SUFFIXES = (
    ".webp", ".tga", ".bmp", ".sgi", ".rgb", ".bw", ".jp2", ".j2k", ".gif", ".psd", ".psb", ".jfif", ".ppm", ".pgm",
)  # fmt: skip
READ_SUFFIXES = (*PICTURE_SUFFIXES, *READ_ONLY_SUFFIXES)

# Default minimum number of digits of frame numbers.
DEFAULT_PADDING = 4

# In plate_####@2x.png, @2x is not a placeholder.
_PLACEHOLDER = re.compile(r"#+|@+(?![@]|[0-9]+x)|%0?([0-9]*)d")
_RANGE_PART = re.compile(r"(-?[0-9]+)(?:-(-?[0-9]+)(?:x([0-9]+))?)?")
# Characters after which a minus is the sign of the number, in the names of a pattern.
_SEPARATORS = "._- "
_MAX_LISTED_RANGES = 6
_MAX_LISTED_NAMES = 4


@dataclass(frozen=True)
class FrameRange:
    """Requested frames. text: as the user wrote it. parts: as ranges with steps."""

    text: str
    parts: tuple[range, ...]

    def select(self, frames: Sequence[int]) -> tuple[int, ...]:
        """Return the requested numbers, ascending and unique. Raises FrameRangeError if one is not in `frames`."""
        existing = set(frames)
        if not existing:
            raise FrameRangeError(f"frames {self.text} were requested, but there are none; choose another source")
        first, last = min(existing), max(existing)
        if any(part[0] < first or part[-1] > last for part in self.parts):
            raise self._missing(self.text, existing)
        requested = sorted({number for part in self.parts for number in part})
        if missing := [number for number in requested if number not in existing]:
            raise self._missing(format_frames(missing), existing)
        return tuple(requested)

    def _missing(self, missing: str, existing: Iterable[int]) -> FrameRangeError:
        listed = format_frames(existing)
        return FrameRangeError(f"frames {missing} were requested, but the frames are {listed}; choose among these")


def parse_range(text: str) -> FrameRange:
    """Parse a range such as `1001-1100`, `10-50x2`, `7` or `1-3,9`. Raises SettingsError if it is invalid."""
    pieces = [piece.strip() for piece in text.split(",")]
    return FrameRange(text.strip(), tuple(_parse_part(piece, text) for piece in pieces))


def _parse_part(piece: str, text: str) -> range:
    match = _RANGE_PART.fullmatch(piece)
    if match is None:
        raise SettingsError(f"cannot read {text!r} as frames; write them like 1001-1100, 10-50x2, 7 or 1-3,9")
    if max(len(part or "") for part in match.groups()) > FRAME_DIGITS:
        raise SettingsError(f"a frame number has more than {FRAME_DIGITS} digits; correct it")
    first = int(match[1])
    last = int(match[2] or first)
    step = int(match[3] or 1)
    if last < first:
        raise SettingsError(f"frames {text!r}: expected the smaller number first; write {last}-{first}")
    if step < 1:
        raise SettingsError(f"frames {text!r}: expected a step of at least 1, found 0; write 1 or more after the x")
    numbers = range(first, last + 1, step)
    return range(first, numbers[-1] + 1, step)


def format_frames(frames: Iterable[int]) -> str:
    """Format frame numbers for messages, as in `1001-1003, 1007`. At most 6 ranges are listed."""
    runs: list[list[int]] = []
    for number in sorted(set(frames)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    listed = [f"{first}" if first == last else f"{first}-{last}" for first, last in runs[:_MAX_LISTED_RANGES]]
    more = [f"and {len(runs) - _MAX_LISTED_RANGES} more"] if len(runs) > _MAX_LISTED_RANGES else []
    return ", ".join(listed + more)


def name_range(frames: Sequence[int]) -> str:
    """Name a shot or a part of one in a message, as in `frame 7` or `frames 12 to 16`. frames: ascending."""
    first, last = frames[0], frames[-1]
    return f"frame {first}" if first == last else f"frames {first} to {last}"


def name_frames(frames: Iterable[int], noun: str = "frame") -> str:
    """Name frames in a message, as in `frame 7` or `frames 12-16, 20`; see ``format_frames``."""
    numbers = set(frames)
    return f"{noun}{'' if len(numbers) == 1 else 's'} {format_frames(numbers)}"


@dataclass(frozen=True)
class Pattern:
    """Pattern of file names with a frame number.

    prefix, suffix: the name before and after the number, such as `.png` or `_left.png` for the suffix. padding: minimum
    number of digits.
    """

    folder: Path
    prefix: str
    padding: int
    suffix: str

    def path(self, frame: int) -> Path:
        """Return the path of a frame."""
        return self.folder / f"{self.prefix}{number_text(frame, self.padding)}{self.suffix}"

    def match(self, name: str) -> int | None:
        """Return the frame number in a file name, or None if the pattern does not match."""
        if len(name) <= len(self.prefix) + len(self.suffix):
            return None
        if not (name.startswith(self.prefix) and name.endswith(self.suffix)):
            return None
        text = name[len(self.prefix) : len(name) - len(self.suffix)]
        negative = text.startswith("-") and (not self.prefix or self.prefix[-1] in _SEPARATORS)
        digits = text.removeprefix("-") if negative else text
        # C and Python count the sign: %04d gives -004.
        if not _is_digits(digits) or len(digits) < self.padding - (negative and self.padding > 1):
            return None
        # A padding of four digits never gives 00012. A padding of one digit accepts any number of zeros.
        if self.padding > 1 and len(digits) > self.padding and digits[0] == "0":
            return None
        return -int(digits) if negative else int(digits)

    def __str__(self) -> str:
        return str(self.folder / f"{self.prefix}{'#' * self.padding}{self.suffix}")


def parse_pattern(text: str | Path, suffixes: Sequence[str] = PICTURE_SUFFIXES) -> Pattern | None:
    """Parse `dir/name.####.png`, `dir/name.%04d.png` or `dir/name.@.png`. Return None if the text is not a pattern.

    `####` matches four digits or more, `@` and `%d` any number of digits. The last placeholder is the frame number.
    suffixes: file types of patterns; names of other types, such as `me@home.mp4`, are not patterns.
    """
    path = Path(text)
    placeholders = list(_PLACEHOLDER.finditer(path.stem))
    if path.suffix.lower() not in suffixes or not placeholders:
        return None
    last = placeholders[-1]
    padding = int(last[1] or 1) if last[0].startswith("%") else len(last[0])
    return Pattern(path.parent, path.stem[: last.start()], padding, path.stem[last.end() :] + path.suffix)


def pattern_of(files: Sequence[Path], frames: Sequence[int]) -> Pattern:
    """Return the pattern of numbered files. frames: their numbers. Raises SequenceError if no name has its number."""
    # A number at or above 0 shows the padding. That of 1001 may be one to four digits: all give this name.
    file, frame = next(
        ((file, frame) for file, frame in zip(files, frames, strict=True) if frame >= 0), (files[0], frames[0])
    )
    fitting = {one: _pattern(file, one) for one in readings(file.stem) if one.number == frame}
    everywhere = [one for one, pattern in fitting.items() if pattern.match(files[-1].name) == frames[-1]]
    found = likeliest(everywhere or list(fitting))
    if found is None:
        raise SequenceError(f"{file}: expected the frame number {frame} in the name; rename the file")
    return fitting[found]


def frame_number(path: Path) -> int | None:
    """Return the frame number in a single file name, as `frame_numbers.likeliest`. None if it has no digits."""
    found = likeliest(readings(path.stem))
    return None if found is None else found.number


def base_name(path: Path, frame: int | None = None) -> str:
    """Return a file name without number, suffix and separators: `plate` for `plate.1001.png`.

    frame: the number of the file, if it is known.
    """
    found = readings(path.stem)
    reading = likeliest([one for one in found if one.number == frame] or found)
    return (reading.before if reading else path.stem).rstrip("._- ")


def find_sequence(path: str | Path, suffixes: Sequence[str] = READ_SUFFIXES) -> dict[int, Path]:
    """Return the files of one sequence by frame number, ascending. Gaps are allowed; see `check_no_gaps`.

    path: folder, pattern or single picture. A picture without a number is frame 1. suffixes: file types to find.
    Read-only types in a folder are ignored if it also has others. Raises SequenceError if there are no files, if a
    folder contains several sequences or pictures without a number, or if two files have the same number.
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
        raise SequenceError(f"{pattern}: no file in {folder} matches; check the name and the number of digits")
    return files


def is_contiguous(frames: Sequence[int]) -> bool:
    """Return whether frame numbers, ascending, have no gaps."""
    return not frames or frames[-1] - frames[0] == len(frames) - 1


def check_no_gaps(frames: Sequence[int], step: int = 1, name: str | Path = "the sequence") -> None:
    """Raise SequenceError, with the missing numbers, if frame numbers have gaps.

    frames: ascending. step: expected difference of neighbours. name: name of the sequence in messages.
    """
    steps = ((before, after) for before, after in pairwise(frames) if after - before > step)
    # Limited to the number of gaps that are listed: names such as 20261121_093000 have gaps of millions.
    missing = [range(before + step, after, step) for before, after in islice(steps, _MAX_LISTED_RANGES)]
    if missing:
        listed = ", ".join(f"{gap[0]}" if len(gap) == 1 else f"{gap[0]}-{gap[-1]}" for gap in missing)
        advice = f"add the missing files, or choose frames that exist with --frames{_existing(frames)}"
        found = f"frame {listed} is" if missing[0] == missing[-1] and len(missing[0]) == 1 else f"frames {listed} are"
        raise SequenceError(f"{name}: {found} missing from the sequence; {advice}")


def _existing(frames: Sequence[int]) -> str:
    """Return existing frames as a value of --frames, with a space before; empty if there are too many ranges."""
    text = format_frames(frames)
    return "" if " more" in text else f" {text.replace(', ', ',')}"


def _one_sequence(folder: Path, suffixes: Sequence[str]) -> dict[int, Path]:
    files = _pictures(folder, suffixes)
    files = [file for file in files if file.suffix.lower() not in READ_ONLY_SUFFIXES] or files
    if not files:
        kinds = " ".join(suffixes)
        raise SequenceError(f"{folder}: expected numbered pictures ({kinds}), found none in the folder; check the path")
    groups = list(_sequences(files))
    if len(groups) > 1:
        raise _several_error(folder, groups, suffixes)
    (group,) = groups
    if group.pattern is None:
        raise SequenceError(f"{group.files[0][1]}: expected a frame number in the name; rename the file")
    return _by_number(group.files)


@dataclass(frozen=True)
class _Group:
    """Files of one sequence, with their numbers. pattern: None for a picture without a number."""

    pattern: Pattern | None
    files: list[tuple[int, Path]]

    def __str__(self) -> str:
        """Name of the file or of the pattern, for messages."""
        return self.files[0][1].name if self.pattern is None or len(self.files) == 1 else Path(str(self.pattern)).name


def _sequences(files: Iterable[Path]) -> Iterator[_Group]:
    """Yield the sequences that files belong to."""
    alike: dict[tuple[str, str], list[Path]] = defaultdict(list)
    for file in files:
        alike[skeleton(file.stem), file.suffix].append(file)
    for group in alike.values():
        if not readings(group[0].stem):
            yield _Group(None, [(1, group[0])])
            continue
        members: dict[tuple[str, str], list[tuple[Reading, Path]]] = defaultdict(list)
        for reading, file in number_alike(group):
            members[reading.before, reading.after].append((reading, file))
        for members_of in members.values():
            padding = _padding([reading for reading, _ in members_of])
            first, file = members_of[0]
            pattern = Pattern(file.parent, first.before, padding, first.after + file.suffix)
            yield _Group(pattern, [(reading.number, file) for reading, file in members_of])


def _padding(found: Sequence[Reading]) -> int:
    """Return the number of digits that names share. C and Python count the sign, as in -004, so it is not decisive."""
    return min(len(one.digits) for one in [one for one in found if not one.negative] or found)


def number_alike(files: Sequence[Path]) -> list[tuple[Reading, Path]]:
    """Return the reading of each file, whose names have equal skeletons with digits."""
    run = varying_run([file.stem for file in files])
    rows = [(readings(file.stem), file) for file in files]
    if run is None:
        run = next(index for index, one in enumerate(rows[0][0]) if one is likeliest(rows[0][0]))
    return [(row[run], file) for row, file in rows]


def _several_error(folder: Path, groups: Sequence[_Group], suffixes: Sequence[str]) -> SequenceError:
    """Return the error for a folder of several sequences or stray pictures, with a pattern to type."""
    listed = ", ".join(map(str, groups[:_MAX_LISTED_NAMES])) + (", ..." if len(groups) > _MAX_LISTED_NAMES else "")
    longest = max(groups, key=lambda group: len(group.files))
    pattern, count = longest.pattern, len(longest.files)
    if pattern is None or count == 1 or parse_pattern(str(pattern), suffixes) != pattern:
        advice = "rename them so that only the frame number differs, or move the others elsewhere"
    else:
        numbers = format_frames(number for number, _ in longest.files)
        advice = f"give the pattern of one, such as {shlex.quote(visible(str(pattern)))} for frames {numbers}"
    return SequenceError(f"{folder}: expected one sequence, found {len(groups)} ({listed}); {advice}")


def _pattern(path: Path, reading: Reading) -> Pattern:
    return Pattern(path.parent, reading.before, len(reading.digits), reading.after + path.suffix)


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _pictures(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """Return the files in a folder with these suffixes, sorted, without hidden ones (temporary, macOS's `._name`)."""
    if not folder.is_dir():
        raise SequenceError(f"{folder}: no such folder; check the path")
    try:
        files = sorted(folder.iterdir())
    except OSError as error:
        raise SequenceError(f"{folder}: the folder cannot be read ({error.strerror}); check its permissions") from error
    return [file for file in files if file.suffix.lower() in suffixes and not file.name.startswith(".")]


def _by_number(files: Iterable[tuple[int, Path]]) -> dict[int, Path]:
    found: dict[int, Path] = {}
    for number, file in files:
        if number in found:
            both = f"{found[number].name} and {file.name}"
            raise SequenceError(f"{file.parent}: {both} are both frame {number}; keep one of them")
        found[number] = file
    return dict(sorted(found.items()))
