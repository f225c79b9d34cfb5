"""Regression check before an upgrade: golden projects are regenerated and compared with approved frames.

A folder of goldens holds one folder each with a `golden.toml`:

    shot = "../inputs/plates"     # paths are relative to this file
    mean = 1.0                    # tolerance, in levels of 255; omit it for bit-identical frames
    far = 16                      # a pixel is far off beyond this many levels ...
    share = 0.02                  # ... and this share of pixels may be

    [settings]                    # as in a project file
    keys = "../inputs/painted"

Approved frames lie alongside in `approved/`. Frames that differ are written to `differs/`: approved, current, and eight
times the difference. In both folders, only pictures named like the shot's frames are replaced or removed.
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

_FILE, _APPROVED, _DIFFERENCES = "golden.toml", "approved", "differs"
_FIELDS = {"shot", "mean", "far", "share", "settings"}
_LEVELS, _MAGNIFICATION = 255, 8
# Maximum of every tolerance: two in levels, and a share of pixels.
_MAX_TOLERANCE = {"mean": _LEVELS, "far": _LEVELS, "share": 1}
# Our pictures are named after their shot and their frame.
_PICTURE_NAME = re.compile(r"(.+)\.\d{4,}\.png")


@dataclass(frozen=True)
class Golden:
    """One golden project. mean, far: in levels of 255. share: of pixels that may be further off than ``far``."""

    folder: Path
    shot: Path
    settings: Settings
    mean: float
    far: float
    share: float

    @property
    def name(self) -> str:
        """Name of its folder."""
        return self.folder.name


@dataclass(frozen=True)
class Verdict:
    """Result of one golden. differences: described in words, frame by frame; none if all is as approved."""

    name: str
    frames: int
    differences: tuple[str, ...]


Run = Callable[[Path, Settings, Path], Mapping[int, Path]]


def check_goldens(folder: Path, run: Run, *, update: bool) -> tuple[Verdict, ...]:
    """Regenerate every golden of a folder, and compare it, or with ``update`` approve the result.

    run: renders a shot with the given settings in a project folder, and returns the file of every frame. Raises
    ProjectError if there is no golden, or a damaged one.
    """
    goldens = [_read_golden(path) for path in sorted(folder.glob(f"*/{_FILE}"))]
    if not goldens:
        raise ProjectError(f"{folder}: expected folders with a {_FILE} in each, found none; see the README")
    return tuple(_check(golden, run, update) for golden in goldens)


def _read_golden(path: Path) -> Golden:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProjectError(f"{path} cannot be read as TOML ({error}); fix it") from error
    unknown = sorted(set(table) - _FIELDS)
    if unknown or not isinstance(table.get("shot"), str):
        raise ProjectError(
            f"{path} must name the shot, and may hold {', '.join(sorted(_FIELDS))}; fix {unknown or 'it'}"
        )
    numbers = {name: table.get(name, 0) for name in _MAX_TOLERANCE}
    for name, maximum in _MAX_TOLERANCE.items():
        number = numbers[name]
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= maximum:
            raise ProjectError(f"{path}: {name} must be a number from 0 to {maximum}, not {number!r}; fix it")
    settings = table.get("settings", {})
    if not isinstance(settings, Mapping) or {"output", "export"} & settings.keys():
        raise SettingsError(f"{path}: [settings] is a table without output and export; what is compared are the frames")
    resolved = _resolve_paths(path.parent, read_settings(settings, str(path)), str(path))
    return Golden(path.parent, path.parent / table["shot"], resolved, **numbers)


def _resolve_paths(folder: Path, settings: Settings, where: str) -> Settings:
    """Return settings whose paths are resolved against ``folder``."""
    stored = settings.stored().items()
    return read_settings({name: OPTIONS[name].resolve(value, folder) for name, value in stored}, where)


def _check(golden: Golden, run: Run, update: bool) -> Verdict:
    approved, differences = golden.folder / _APPROVED, golden.folder / _DIFFERENCES
    with tempfile.TemporaryDirectory(prefix="stylize-golden-") as scratch:
        made = run(golden.shot, golden.settings, Path(scratch) / "golden.stylize")
        if update:
            _approve(made, approved)
            _clear(differences, made)
            return Verdict(golden.name, len(made), ())
        if not approved.is_dir():
            raise ProjectError(f"{golden.folder} has nothing approved; look at it, and approve it with --update")
        _clear(differences, made)
        return Verdict(golden.name, len(made), tuple(_compare(golden, made, approved, differences)))


def _approve(made: Mapping[int, Path], approved: Path) -> None:
    """Replace the approved pictures by new ones; other files in the folder stay."""
    make_folder(approved)
    try:
        # All are copied before the first one is replaced, so that a full disk leaves the approved pictures intact.
        with tempfile.TemporaryDirectory(prefix=f".{_APPROVED}-", dir=approved.parent) as staging:
            for path in made.values():
                shutil.copyfile(path, Path(staging) / path.name)
            for path in made.values():
                (Path(staging) / path.name).replace(approved / path.name)
        for name in _shot_pictures(approved, made) - {path.name for path in made.values()}:
            (approved / name).unlink()
    except OSError as error:
        raise OutputError(
            f"{approved} cannot be written ({error.strerror}); free space or fix its permissions"
        ) from error


def _clear(differences: Path, made: Mapping[int, Path]) -> None:
    """Remove the pictures that an earlier check left, and the folder if nothing else is in it."""
    try:
        for name in _shot_pictures(differences, made):
            (differences / name).unlink()
        if differences.is_dir() and not any(differences.iterdir()):
            differences.rmdir()
    except OSError as error:
        raise OutputError(f"{differences} cannot be cleared ({error.strerror}); fix its permissions") from error


def _shot_pictures(folder: Path, made: Mapping[int, Path]) -> set[str]:
    """Return the names of the pictures in a folder that belong to the shots in ``made``, of any frame."""
    names = {path.name for path in folder.iterdir() if path.is_file()} if folder.is_dir() else set()
    shots = {_shot_of(path.name) for path in made.values()}
    return {name for name in names if _shot_of(name) in shots - {None}}


def _shot_of(name: str) -> str | None:
    match = _PICTURE_NAME.fullmatch(name)
    return match and match[1]


def _compare(golden: Golden, made: Mapping[int, Path], approved: Path, differences: Path) -> list[str]:
    approved_names = _shot_pictures(approved, made)
    findings = [
        f"{name} is approved, and is not made any more"
        for name in sorted(approved_names - {p.name for p in made.values()})
    ]
    for frame, path in made.items():
        if path.name not in approved_names:
            findings.append(f"frame {frame} is made, and was never approved")
            continue
        current, reference = read_image(path), read_image(approved / path.name)
        mismatch = _mismatch(golden, current, reference)
        if mismatch:
            findings.append(f"frame {frame}: {mismatch}")
            if current.shape == reference.shape:
                make_folder(differences)
                write_image(differences / path.name, _comparison(current, reference))
    return findings


def _mismatch(golden: Golden, current: Pixels, reference: Pixels) -> str:
    """Describe why a frame fails; empty if it passes."""
    if current.shape != reference.shape or current.dtype != reference.dtype:
        return f"expected {reference.shape} {reference.dtype}, found {current.shape} {current.dtype}"
    difference = np.abs(to_float(current) - to_float(reference)) * _LEVELS
    mean, far = float(difference.mean()), float((difference.max(axis=-1) > golden.far).mean())
    if mean <= golden.mean and far <= golden.share:
        return ""
    exact = "" if golden.mean or golden.far or golden.share else ", expected the same bits"
    return f"{mean:.3g} levels off in the mean (up to {golden.mean:g}), {far:.2%} of pixels far off{exact}"


def _comparison(current: Pixels, reference: Pixels) -> Pixels:
    """Return the approved and the current picture and their magnified difference, side by side."""
    one, other = (to_float(flatten(picture)) for picture in (reference, current))
    return quantise(np.concatenate([one, other, np.abs(one - other) * _MAGNIFICATION], axis=1), np.uint8)
