"""Writing of a golden project from an approved one; see ``golden``.

The keys of the golden project are pictures. It therefore needs no renderer and no model, and checks everything after
the keys: motion, propagation, mattes and layers.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stylize.errors import OutputError, ProjectError
from stylize.io_errors import output_error
from stylize.media.images import make_folder
from stylize.media.safe_write import atomic_write
from stylize.media.sequences import READ_SUFFIXES, frame_number
from stylize.quality.golden import APPROVED, FILE, approve_frames
from stylize.real_path import real_path
from stylize.settings import OPTIONS, Settings
from stylize.settings.look_options import LOOK_OPTIONS
from stylize.settings.path_resolution import FromProject, ToProject

_KEYS = "keys"
# Stages that a golden project runs, besides those that pick and render keys.
_STAGES = frozenset({"conform", "split", "propagate"})
# Options that would change the keys, which are pictures here.
_REPLACED = ("keys", "keyframes", "refine", "layers")


@dataclass(frozen=True)
class ApprovedLook:
    """Look of an approved project. name: of its layer; empty for the only look. keys: picture of each key, by frame."""

    name: str
    settings: Settings
    keys: Mapping[int, Path]


def write_golden(
    folder: Path, shot: Path, settings: Settings, looks: tuple[ApprovedLook, ...], frames: Mapping[int, Path]
) -> None:
    """Write a golden project into a folder, or replace the one of the same shot there.

    frames: finished picture of each frame. Raises ProjectError if the folder holds anything else, OutputError if it
    cannot be written.
    """
    import tomli_w

    root = real_path(folder)
    near = ToProject(root)
    _check_folder(root, near.path(str(real_path(shot))))
    table = _settings(settings, looks, near)
    try:
        make_folder(root)
        for look in looks:
            _copy_keys(look, root / _keys_folder(look.name))
    except OSError as error:
        raise output_error(error, root) from error
    approve_frames(frames, root / APPROVED)
    # Written last, so that an interrupted golden project is not found, or is checked with its former settings.
    with atomic_write(root / FILE) as partial:
        partial.write_text(
            tomli_w.dumps({"shot": near.path(str(real_path(shot))), "settings": table}), encoding="utf-8"
        )


def _check_folder(root: Path, shot: str) -> None:
    """Raise ProjectError unless a folder is new, empty, or a golden of this shot."""
    import tomllib

    if root.is_dir() and not any(root.iterdir()):
        return
    if not (root / FILE).is_file():
        if root.exists():
            raise ProjectError(f"{root} exists and is not a golden project; choose another folder with -o")
        return
    try:
        found = tomllib.loads((root / FILE).read_text(encoding="utf-8")).get("shot")
    except (OSError, ValueError, RecursionError) as error:
        raise ProjectError(f"{root / FILE} cannot be read as TOML ({error}); fix it, or choose another -o") from error
    here = FromProject(root)
    if not isinstance(found, str) or here.path(found) != here.path(shot):
        raise ProjectError(f"{root} is the golden project of another shot, {found}; choose another folder with -o")


def _keys_folder(layer: str) -> str:
    return f"{_KEYS}_{layer}" if layer else _KEYS


def _settings(settings: Settings, looks: tuple[ApprovedLook, ...], near: ToProject) -> dict[str, Any]:
    """Return the settings that give the same frames from the keys, in the form of a file."""
    if not settings.layers:
        return _kept(settings, settings.stored(), near) | _of_keys(looks[0])
    shared = {name: value for name, value in settings.stored().items() if name not in LOOK_OPTIONS}
    layers = []
    for look in looks:
        own = {name: value for name, value in look.settings.stored().items() if name in LOOK_OPTIONS}
        layers.append({"name": look.name} | _kept(look.settings, own, near) | _of_keys(look))
    return _kept(settings, shared, near) | {"layers": layers}


def _kept(settings: Settings, stored: Mapping[str, Any], near: ToProject) -> dict[str, Any]:
    """Return the stored options that matter after the keys, with paths near the golden relative."""
    # Without rendering, only boil is random.
    replaced = {*_REPLACED, *(("seed",) if settings.boil == 0 else ())}
    return {
        name: OPTIONS[name].resolve(OPTIONS[name].resolve(value), near)
        for name, value in stored.items()
        if name not in replaced and _STAGES & set(OPTIONS[name].stages)
    }


def _of_keys(look: ApprovedLook) -> dict[str, Any]:
    if not look.keys:
        return {}  # a matte that is black in all frames
    return {"keys": f"./{_keys_folder(look.name)}", "keyframes": sorted(look.keys)}


def _copy_keys(look: ApprovedLook, folder: Path) -> None:
    """Copy the keys of a look, and remove those of an earlier approval. Raises OSError, OutputError for a link."""
    if folder.is_symlink():
        raise OutputError(f"{folder} is a symbolic link, expected a real folder; replace it by a folder")
    make_folder(folder)
    names = {f"key.{frame:04d}{path.suffix.lower()}": path for frame, path in look.keys.items()}
    for name, path in names.items():
        with atomic_write(folder / name, keep_suffix=True) as partial:
            shutil.copyfile(path, partial)
    for path in folder.iterdir():
        is_key = path.suffix.lower() in READ_SUFFIXES and frame_number(path) is not None
        if is_key and path.name not in names:
            path.unlink()
