"""The gate before an upgrade: golden projects are made anew and compared with what a person approved.

A folder of goldens holds one folder each with a `golden.toml`:

    shot = "../inputs/plates"     # paths are seen from this file
    mean = 1.0                    # tolerance, of 255 levels; leave it out for exact bits
    far = 16                      # a pixel is far off beyond so many levels ...
    share = 0.02                  # ... and so many of them may be

    [settings]                    # as in a project file
    keys = "../inputs/painted"

Approved frames lie beside it in `approved/`. What differs is shown in `differs/`: approved, now, and eight times the
difference.
"""

import shutil
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from propagate.arrays import Pixels
from stylize.errors import ProjectError, SettingsError
from stylize.export.flatten import flatten
from stylize.images import make_folder, quantise, read_image, to_float, write_image
from stylize.settings import FOLDER, GUIDES, OPTIONS, PATH, PICTURE, Settings, read_settings

_FILE, _APPROVED, _DIFFERS = "golden.toml", "approved", "differs"
_KNOWN = {"shot", "mean", "far", "share", "settings"}
_LEVELS, _MAGNIFIED = 255, 8


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
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProjectError(f"{path} cannot be read as TOML ({error}); mend it") from error
    strange = sorted(set(told) - _KNOWN)
    if strange or not isinstance(told.get("shot"), str):
        raise ProjectError(
            f"{path} must name the shot, and may hold {', '.join(sorted(_KNOWN))}; mend {strange or 'it'}"
        )
    numbers = {name: told.get(name, 0) for name in ("mean", "far", "share")}
    if any(isinstance(n, bool) or not isinstance(n, int | float) or n < 0 for n in numbers.values()):
        raise ProjectError(f"{path}: mean, far and share are numbers of 0 or more; mend it")
    settings = told.get("settings", {})
    if not isinstance(settings, Mapping) or {"output", "export"} & settings.keys():
        raise SettingsError(f"{path}: [settings] is a table without output and export; what is compared are the frames")
    given = read_settings({name: _seen_from(path.parent, name, value) for name, value in settings.items()}, str(path))
    return Golden(path.parent, path.parent / told["shot"], given, **numbers)


def _seen_from(folder: Path, name: str, value: Any) -> Any:
    """A path of the settings made whole; other values as they are."""
    kind = OPTIONS[name].kind if name in OPTIONS else None
    if kind in (PATH, PICTURE, FOLDER) and isinstance(value, str):
        return str(folder / value)
    if kind is GUIDES and isinstance(value, list):
        return [str(folder / str(guide)) for guide in value]
    return value


def _check(golden: Golden, run: Run, update: bool) -> Verdict:
    approved, differs = golden.folder / _APPROVED, golden.folder / _DIFFERS
    with tempfile.TemporaryDirectory(prefix="stylize-golden-") as scratch:
        made = run(golden.shot, golden.settings, Path(scratch) / "golden.stylize")
        if update:
            _approve(made, approved)
            shutil.rmtree(differs, ignore_errors=True)
            return Verdict(golden.name, len(made), ())
        if not approved.is_dir():
            raise ProjectError(f"{golden.folder} has nothing approved; look at it, and approve it with --update")
        shutil.rmtree(differs, ignore_errors=True)
        return Verdict(golden.name, len(made), tuple(_compared(golden, made, approved, differs)))


def _approve(made: Mapping[int, Path], approved: Path) -> None:
    fresh = approved.with_name(f".{_APPROVED}.part")
    shutil.rmtree(fresh, ignore_errors=True)
    make_folder(fresh)
    for path in made.values():
        shutil.copyfile(path, fresh / path.name)
    shutil.rmtree(approved, ignore_errors=True)
    fresh.replace(approved)


def _compared(golden: Golden, made: Mapping[int, Path], approved: Path, differs: Path) -> list[str]:
    there = {path.name for path in approved.glob("*.png")}
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
