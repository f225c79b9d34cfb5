"""The gate before an upgrade: golden projects are made anew and compared with what a person approved.

A folder of goldens holds one folder each with a `golden.toml`:

    shot = "../inputs/plates"     # paths are seen from this file
    mean = 1.0                    # tolerance, of 255 levels; leave it out for exact bits
    far = 16                      # a pixel is far off beyond so many levels ...
    share = 0.02                  # ... and so many of them may be

    [settings]                    # as in a project file
    keys = "../inputs/painted"

Approved frames lie beside it in `approved/`. What differs is shown in `differs/`: approved, now, and eight times the
difference. In both, only pictures named as the shot's frames are ours to replace and remove.
"""

import re
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from propagate.arrays import Pixels
from stylize.errors import OutputError, ProjectError, SettingsError
from stylize.media.flatten import flatten
from stylize.media.images import make_folder, quantise, read_image, to_float, write_image
from stylize.settings import OPTIONS, Settings, read_settings

_FILE, _APPROVED, _DIFFERS = "golden.toml", "approved", "differs"
_KNOWN = {"shot", "mean", "far", "share", "settings"}
_LEVELS, _MAGNIFIED = 255, 8
# Of every tolerance: two of levels, and a share of pixels.
_MOST = {"mean": _LEVELS, "far": _LEVELS, "share": 1}
# A picture of ours is named after its shot and its frame.
_OURS = re.compile(r"(.+)\.\d{4,}\.png")


@dataclass(frozen=True)
class Golden:
    """One golden. mean, far: in levels of 255. share: of pixels that may be further off than ``far``."""

    folder: Path
    shot: Path
    settings: Settings
    mean: float
    far: float
    share: float

    @property
    def name(self) -> str:
        """Its folder's."""
        return self.folder.name


@dataclass(frozen=True)
class Verdict:
    """Of one golden. differs: what is wrong, told in words, frame by frame; none where all is as approved."""

    name: str
    frames: int
    differs: tuple[str, ...]


Run = Callable[[Path, Settings, Path], Mapping[int, Path]]


def check_goldens(folder: Path, run: Run, *, update: bool) -> tuple[Verdict, ...]:
    """Makes every golden of a folder anew and compares it, or with ``update`` approves what comes out.

    run: makes a shot with these settings in this project folder, and gives the file of every frame. Raises
    ProjectError where there is no golden, or one that is damaged.
    """
    goldens = [_opened(path) for path in sorted(folder.glob(f"*/{_FILE}"))]
    if not goldens:
        raise ProjectError(f"{folder}: expected folders with a {_FILE} in each, found none; see the README")
    return tuple(_check(golden, run, update) for golden in goldens)


def _opened(path: Path) -> Golden:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProjectError(f"{path} cannot be read as TOML ({error}); mend it") from error
    strange = sorted(set(table) - _KNOWN)
    if strange or not isinstance(table.get("shot"), str):
        raise ProjectError(
            f"{path} must name the shot, and may hold {', '.join(sorted(_KNOWN))}; mend {strange or 'it'}"
        )
    numbers = {name: table.get(name, 0) for name in _MOST}
    for name, most in _MOST.items():
        number = numbers[name]
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= most:
            raise ProjectError(f"{path}: {name} must be a number from 0 to {most}, not {number!r}; mend it")
    settings = table.get("settings", {})
    if not isinstance(settings, Mapping) or {"output", "export"} & settings.keys():
        raise SettingsError(f"{path}: [settings] is a table without output and export; what is compared are the frames")
    given = _seen_from(path.parent, read_settings(settings, str(path)), str(path))
    return Golden(path.parent, path.parent / table["shot"], given, **numbers)


def _seen_from(folder: Path, settings: Settings, where: str) -> Settings:
    """Settings whose paths are made whole."""
    stored = settings.stored().items()
    return read_settings({name: OPTIONS[name].resolve(value, folder) for name, value in stored}, where)


def _check(golden: Golden, run: Run, update: bool) -> Verdict:
    approved, differs = golden.folder / _APPROVED, golden.folder / _DIFFERS
    with tempfile.TemporaryDirectory(prefix="stylize-golden-") as scratch:
        made = run(golden.shot, golden.settings, Path(scratch) / "golden.stylize")
        if update:
            _approve(made, approved)
            _clear(differs, made)
            return Verdict(golden.name, len(made), ())
        if not approved.is_dir():
            raise ProjectError(f"{golden.folder} has nothing approved; look at it, and approve it with --update")
        _clear(differs, made)
        return Verdict(golden.name, len(made), tuple(_compared(golden, made, approved, differs)))


def _approve(made: Mapping[int, Path], approved: Path) -> None:
    """Puts pictures in the place of those that were approved; what else lies there stays."""
    make_folder(approved)
    try:
        # All are copied before the first one is replaced: a full disk leaves what was approved.
        with tempfile.TemporaryDirectory(prefix=f".{_APPROVED}-", dir=approved.parent) as fresh:
            for path in made.values():
                shutil.copyfile(path, Path(fresh) / path.name)
            for path in made.values():
                (Path(fresh) / path.name).replace(approved / path.name)
        for name in _ours(approved, made) - {path.name for path in made.values()}:
            (approved / name).unlink()
    except OSError as error:
        raise OutputError(f"{approved} cannot be written ({error.strerror}); free space or mend its rights") from error


def _clear(differs: Path, made: Mapping[int, Path]) -> None:
    """Removes the pictures that an earlier check left, and the folder if nothing else is in it."""
    try:
        for name in _ours(differs, made):
            (differs / name).unlink()
        if differs.is_dir() and not any(differs.iterdir()):
            differs.rmdir()
    except OSError as error:
        raise OutputError(f"{differs} cannot be cleared ({error.strerror}); mend its rights") from error


def _ours(folder: Path, made: Mapping[int, Path]) -> set[str]:
    """Names of the pictures in a folder that are named as those that are made, of whatever frame."""
    names = {path.name for path in folder.iterdir() if path.is_file()} if folder.is_dir() else set()
    shots = {_shot_of(path.name) for path in made.values()}
    return {name for name in names if _shot_of(name) in shots - {None}}


def _shot_of(name: str) -> str | None:
    match = _OURS.fullmatch(name)
    return match and match[1]


def _compared(golden: Golden, made: Mapping[int, Path], approved: Path, differs: Path) -> list[str]:
    there = _ours(approved, made)
    told = [f"{name} is approved, and is not made any more" for name in sorted(there - {p.name for p in made.values()})]
    for frame, path in made.items():
        if path.name not in there:
            told.append(f"frame {frame} is made, and was never approved")
            continue
        now, before = read_image(path), read_image(approved / path.name)
        wrong = _wrong(golden, now, before)
        if wrong:
            told.append(f"frame {frame}: {wrong}")
            if now.shape == before.shape:
                make_folder(differs)
                write_image(differs / path.name, _shown(now, before))
    return told


def _wrong(golden: Golden, now: Pixels, before: Pixels) -> str:
    """What keeps a frame from being taken, or nothing."""
    if now.shape != before.shape or now.dtype != before.dtype:
        return f"expected {before.shape} {before.dtype}, found {now.shape} {now.dtype}"
    apart = np.abs(to_float(now) - to_float(before)) * _LEVELS
    mean, far = float(apart.mean()), float((apart.max(axis=-1) > golden.far).mean())
    if mean <= golden.mean and far <= golden.share:
        return ""
    exact = "" if golden.mean or golden.far or golden.share else ", expected the same bits"
    return f"{mean:.3g} levels off in the mean (up to {golden.mean:g}), {far:.2%} of pixels far off{exact}"


def _shown(now: Pixels, before: Pixels) -> Pixels:
    """Approved, now, and the difference magnified, side by side."""
    one, other = (to_float(flatten(picture)) for picture in (before, now))
    return quantise(np.concatenate([one, other, np.abs(one - other) * _MAGNIFIED], axis=1), np.uint8)
