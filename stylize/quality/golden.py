"""Regression check before an upgrade: regenerate golden projects and compare them with approved frames.

A folder of goldens contains one folder per golden, each with a `golden.toml`:

    shot = "../inputs/plates"     # paths are relative to this file
    mean = 1.0                    # tolerance, in levels of 255; omit it for bit-identical frames
    far = 16                      # a pixel is far off if it differs by more levels
    share = 0.02                  # share of pixels that may be far off

    [settings]                    # as in a project file
    keys = "../inputs/painted"

Approved frames are next to it in `approved/`. Frames that differ are written to `differs/`: approved, current, and the
difference magnified eight times. In both folders, only pictures named like the shot's frames are replaced or removed.
"""

import re
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from propagate.arrays import Pixels
from stylize.errors import OutputError, ProjectError, SettingsError
from stylize.media.flatten import flatten
from stylize.media.images import make_folder, quantise, read_image, to_float, write_image
from stylize.project import check_references
from stylize.real_path import real_path
from stylize.settings import OPTIONS, Settings, read_settings
from stylize.settings.references import SHOT, path_reference, references_of

FILE, APPROVED, _DIFFERENCES = "golden.toml", "approved", "differs"
_FIELDS = {"shot", "mean", "far", "share", "settings"}
_LEVELS, _MAGNIFICATION = 255, 8
# Maximum of each tolerance: two in levels, one a share of pixels.
_MAX_TOLERANCE = {"mean": _LEVELS, "far": _LEVELS, "share": 1}
# Pictures are named after their shot and their frame.
_PICTURE_NAME = re.compile(r"(.+)\.\d{4,}\.png")


@dataclass(frozen=True)
class Golden:
    """Golden project. mean, far: in levels of 255. share: share of pixels that may be off by more than ``far``."""

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
    """Result of one golden. differences: described in words, frame by frame; empty if all frames match."""

    name: str
    frames: int
    differences: tuple[str, ...]


Run = Callable[[Path, Settings, Path], Mapping[int, Path]]


def check_goldens(
    folder: Path, run: Run, *, update: bool, trust: bool = False, allow: Sequence[str] = ()
) -> tuple[Verdict, ...]:
    """Regenerate every golden of a folder and compare it, or approve the result with ``update``.

    run: renders a shot with the given settings in a project folder, and returns the file of every frame. trust: let
    goldens access anything outside the folder. allow: paths that they may access there. Raises ProjectError if there is
    no golden, a damaged one, or one that accesses anything else outside.
    """
    goldens = [_read_golden(path) for path in sorted(folder.glob(f"*/{FILE}"))]
    if not goldens:
        raise ProjectError(
            f"{folder}: expected folders that each contain a {FILE}, found none; see docs/how-to/quality.md"
        )
    for golden in goldens if not trust else ():
        _check_inside(golden, folder, allow)
    return tuple(_check(golden, run, update) for golden in goldens)


def _read_golden(path: Path) -> Golden:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ProjectError(f"{path} cannot be read as TOML ({error}); fix it") from error
    unknown = sorted(set(table) - _FIELDS)
    shot = table.get("shot")
    if unknown or not isinstance(shot, str) or "\0" in shot:
        raise ProjectError(f"{path} must have a shot, and may have {', '.join(sorted(_FIELDS))}; fix {unknown or 'it'}")
    numbers = {name: table.get(name, 0) for name in _MAX_TOLERANCE}
    for name, maximum in _MAX_TOLERANCE.items():
        number = numbers[name]
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= maximum:
            raise ProjectError(f"{path}: {name} must be a number from 0 to {maximum}, not {number!r}; fix it")
    settings = table.get("settings", {})
    if not isinstance(settings, Mapping) or {"output", "export"} & settings.keys():
        raise SettingsError(
            f"{path}: [settings] must be a table without output and export, because only frames are compared"
        )
    resolved = _resolve_paths(path.parent, read_settings(settings, str(path)), str(path))
    return Golden(path.parent, path.parent / shot, resolved, **numbers)


def _check_inside(golden: Golden, folder: Path, allow: Sequence[str]) -> None:
    """Raise ProjectError for a golden that accesses anything outside the folder of goldens."""
    used = {SHOT: golden.shot} | {name: golden.folder / name for name in (APPROVED, _DIFFERENCES)}
    references = references_of(golden.settings.stored()) | {
        path_reference(name, real_path(path)) for name, path in used.items()
    }
    what = f"{golden.folder / FILE} reaches outside {folder}"
    check_references(folder, references, allow, what, overridable=False)


def _resolve_paths(folder: Path, settings: Settings, where: str) -> Settings:
    """Return settings whose paths are resolved against ``folder``."""
    stored = settings.stored().items()
    return read_settings({name: OPTIONS[name].resolve(value, folder) for name, value in stored}, where)


def _check(golden: Golden, run: Run, update: bool) -> Verdict:
    approved, differences = golden.folder / APPROVED, golden.folder / _DIFFERENCES
    for folder in (approved, differences):
        if folder.is_symlink():
            raise OutputError(f"{folder} is a symbolic link, expected a real folder; replace it by a folder")
    with tempfile.TemporaryDirectory(prefix="stylize-golden-") as scratch:
        made = run(golden.shot, golden.settings, Path(scratch) / "golden.stylize")
        if update:
            approve_frames(made, approved)
            _clear(differences, made)
            return Verdict(golden.name, len(made), ())
        if not approved.is_dir():
            raise ProjectError(
                f"{golden.folder} has no approved frames; check the result, and approve it with --update"
            )
        _clear(differences, made)
        return Verdict(golden.name, len(made), tuple(_compare(golden, made, approved, differences)))


def approve_frames(made: Mapping[int, Path], approved: Path) -> None:
    """Replace the approved pictures with new ones; other files in the folder are kept."""
    make_folder(approved)
    try:
        # All are copied before the first is replaced, so that a full disk leaves the approved pictures intact.
        with tempfile.TemporaryDirectory(prefix=f".{APPROVED}-", dir=approved.parent) as staging:
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
    """Remove the pictures of an earlier check, and the folder if it is then empty."""
    try:
        for name in _shot_pictures(differences, made):
            (differences / name).unlink()
        if differences.is_dir() and not any(differences.iterdir()):
            differences.rmdir()
    except OSError as error:
        raise OutputError(f"{differences} cannot be cleared ({error.strerror}); fix its permissions") from error


def _shot_pictures(folder: Path, made: Mapping[int, Path]) -> set[str]:
    """Return the names of the pictures in a folder that belong to any frame of the shots in ``made``."""
    names = {path.name for path in folder.iterdir() if path.is_file()} if folder.is_dir() else set()
    shots = {_shot_of(path.name) for path in made.values()}
    return {name for name in names if _shot_of(name) in shots - {None}}


def _shot_of(name: str) -> str | None:
    match = _PICTURE_NAME.fullmatch(name)
    return match and match[1]


def _compare(golden: Golden, made: Mapping[int, Path], approved: Path, differences: Path) -> list[str]:
    approved_names = _shot_pictures(approved, made)
    findings = [
        f"{name} is approved, but is no longer made"
        for name in sorted(approved_names - {p.name for p in made.values()})
    ]
    for frame, path in made.items():
        if path.name not in approved_names:
            findings.append(f"frame {frame} is made, but was never approved")
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
    exact = "" if golden.mean or golden.far or golden.share else ", expected bit-identical frames"
    return f"mean difference {mean:.3g} levels (tolerance {golden.mean:g}), {far:.2%} of pixels far off{exact}"


def _comparison(current: Pixels, reference: Pixels) -> Pixels:
    """Return the approved and the current picture and their magnified difference, side by side."""
    one, other = (to_float(flatten(picture)) for picture in (reference, current))
    return quantise(np.concatenate([one, other, np.abs(one - other) * _MAGNIFICATION], axis=1), np.uint8)
