"""Frame numbers of painted keys, whose names are chosen by people and by their programs."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from stylize.errors import PaintedKeyError, SequenceError
from stylize.media.frame_numbers import (
    IN_WORD,
    OTHER,
    Reading,
    likeliest,
    number_text,
    readings,
    skeleton,
    varying_runs,
)
from stylize.media.sequences import READ_SUFFIXES, Pattern, number_alike

# Pictures, and files of painting programs, that are not read.
_OTHER_PICTURES = frozenset(
    (
        ".afdesign", ".afphoto", ".ai", ".arw", ".avif", ".cin", ".clip", ".cr2", ".cr3", ".dng", ".eps", ".heic",
        ".heif", ".iff", ".jxl", ".jxr", ".kra", ".mdp", ".nef", ".ora", ".pdf", ".pdn", ".pic", ".procreate", ".pxd",
        ".qoi", ".raf", ".raw", ".rif", ".riff", ".sai", ".sai2", ".svg", ".tga2", ".wdp", ".xcf",
    )
)  # fmt: skip


def number_keys(
    files: Sequence[Path], patterns: Iterable[Pattern] = (), frames: Collection[int] = ()
) -> dict[Path, int]:
    """Return the frame number of each key in a folder.

    The names of the plates are tried first. Then, in similar names, the run of digits that differs is the number. Then
    the rules of `frame_numbers` apply to each name.

    patterns: names of the plates and of rendered keys. frames: frames of the shot; empty if they are unknown. Raises
    PaintedKeyError for a name without a number, and for one with several that may each be the number.
    """
    own = tuple(patterns)
    found = {file: number for file in files if (number := _by_plate(file, own)) is not None}
    return {file: found[file] for file in files if file in found} | _by_rules(
        [file for file in files if file not in found], frozenset(frames)
    )


def refuse_other_kinds(folder: Path, keys: Iterable[Path]) -> None:
    """Raise PaintedKeyError for a picture that is not read, unless a key of the same name or number accompanies it."""
    found = list(keys)
    stems, numbers = {key.stem for key in found}, {one.number for key in found if (one := _likeliest(key))}
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() not in _OTHER_PICTURES or file.name.startswith(".") or file.stem in stems:
            continue
        reading = _likeliest(file)
        if reading is None or reading.number not in numbers:
            raise PaintedKeyError(
                f"{file}: expected a key as {' '.join(READ_SUFFIXES)}, found {file.suffix}, which is not read; export "
                "it as PNG under the same name, or move it elsewhere"
            )


def _likeliest(file: Path) -> Reading | None:
    return likeliest(readings(file.stem))


def _by_plate(file: Path, patterns: Sequence[Pattern]) -> int | None:
    """Return the number of a key that is named like the plates, possibly with more text after the number."""
    for pattern in patterns:
        tail = pattern.suffix[: len(pattern.suffix) - len(Path(f"x{pattern.suffix}").suffix)]
        number = Pattern(pattern.folder, pattern.prefix, pattern.padding, tail or "\0").match(
            file.stem if tail else f"{file.stem}\0"
        )
        if number is not None:
            return number
    for pattern in patterns:
        for one in readings(file.stem) if pattern.prefix else ():
            if one.before == pattern.prefix and len(one.digits) >= pattern.padding:
                return one.number
    return None


def _by_rules(files: Sequence[Path], frames: frozenset[int]) -> dict[Path, int]:
    alike: dict[str, list[Path]] = defaultdict(list)
    for file in files:
        alike[skeleton(file.stem)].append(file)
    numbers: dict[Path, int] = {}
    for group in alike.values():
        varying = _varying(group)
        numbers |= {file: one.number for one, file in varying} or {file: _single(file, frames) for file in group}
    return numbers


def _varying(group: Sequence[Path]) -> list[tuple[Reading, Path]]:
    """Return the readings of several names that differ in one number; empty if that is a version or a copy."""
    if len(varying_runs([file.stem for file in group])) != 1:
        return []
    found = number_alike(group)
    ranks = [one.rank for file in group for one in readings(file.stem)]
    decided = min(ranks) == OTHER or all(one.rank != OTHER for one, _ in found)
    return found if decided and len({one.number for one, _ in found}) == len(group) else []


def _single(file: Path, frames: frozenset[int]) -> int:
    """Return the number of one name. Digits in a word, as in sh010, are rejected if others name a frame too."""
    found = readings(file.stem)
    best = likeliest(found)
    if best is None:
        raise PaintedKeyError(f"{file} has no frame number in its name; rename it, for example to key.0012.png")
    others = [one for one in found if one.rank == best.rank or best.rank == IN_WORD]
    rivals = {one.number for one in others if one.number in frames} - {best.number}
    if rivals:
        named = " and ".join(map(str, sorted({best.number, *rivals})))
        raise PaintedKeyError(
            f"{file}: expected one frame number in the name, found {named}; rename it, for example to "
            f"key.{number_text(best.number, 4)}{file.suffix}"
        )
    return best.number


def by_number(numbers: dict[Path, int]) -> dict[int, Path]:
    """Return keys by frame, ascending. Raises SequenceError if two have the same number."""
    found: dict[int, Path] = {}
    for file, number in numbers.items():
        if number in found:
            one, other = found[number].name, file.name
            raise SequenceError(f"{file.parent}: {one} and {other} are both frame {number}; keep one of them")
        found[number] = file
    return dict(sorted(found.items()))
