"""A folder of EbSynth's as a shot: plates in `video/`, painted keys in `keys/`, mattes in `mask/`."""

from dataclasses import replace
from pathlib import Path

from stylize.sequences import PICTURE_SUFFIXES
from stylize.settings import Settings

_VIDEO, _KEYS, _MASK = "video", "keys", "mask"


def is_ebsynth_folder(path: Path) -> bool:
    """Whether a folder holds no pictures itself, but plates and keys in folders of these names."""
    if not path.is_dir() or not all(_has_pictures(path / name) for name in (_VIDEO, _KEYS)):
        return False
    return not _has_pictures(path)


def unfolded(path: Path, settings: Settings) -> tuple[Path, Settings]:
    """The shot in an EbSynth folder, and the settings with its keys and mask where no others were asked for.

    What is no such folder is given back as it is.
    """
    if not is_ebsynth_folder(path):
        return path, settings
    keys = settings.keys or path / _KEYS
    own_matte = settings.matte is None and _has_pictures(path / _MASK)
    return path / _VIDEO, replace(settings, keys=keys, matte=str(path / _MASK) if own_matte else settings.matte)


def _has_pictures(folder: Path) -> bool:
    return folder.is_dir() and any(file.suffix.lower() in PICTURE_SUFFIXES for file in folder.iterdir())
