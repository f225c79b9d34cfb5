"""A folder of EbSynth's as a shot: plates in `video/`, painted keys in `keys/`, mattes in `mask/`.

Keys may be none yet, where they come from elsewhere or something else paints them.
"""

from dataclasses import replace
from pathlib import Path

from stylize.errors import PaintedKeyError
from stylize.media.sequences import PICTURE_SUFFIXES
from stylize.settings import MODEL_RENDERERS, Settings

_VIDEO, _KEYS, _MASK = "video", "keys", "mask"


def is_ebsynth_folder(path: Path) -> bool:
    """Whether a folder holds no pictures itself, but plates in a folder of that name."""
    return _has_pictures(path / _VIDEO) and not _has_pictures(path)


def unfolded(path: Path, settings: Settings) -> tuple[Path, Settings]:
    """The shot in an EbSynth folder, and the settings with its keys and mask where no others were asked for.

    What is no such folder is given back as it is; layers have keys and mattes of their own. Raises PaintedKeyError
    where keys are to be painted, and neither keys nor a way to paint them are there.
    """
    if not is_ebsynth_folder(path):
        return path, settings
    if settings.layers:
        return path / _VIDEO, settings
    keys = settings.keys or (path / _KEYS if _has_pictures(path / _KEYS) else None)
    if keys is None and settings.runs("render") and not _paints(settings):
        raise PaintedKeyError(f"{path / _KEYS} has no pictures; paint one, or give --style PICTURE or --keys FOLDER")
    own_matte = settings.matte is None and _has_pictures(path / _MASK)
    return path / _VIDEO, replace(settings, keys=keys, matte=str(path / _MASK) if own_matte else settings.matte)


def folders_of(path: Path) -> tuple[Path, ...]:
    """The folders of an EbSynth folder that keep their meaning only if nothing else is put there; itself is one."""
    return (path, *(path / name for name in (_VIDEO, _KEYS, _MASK))) if is_ebsynth_folder(path) else ()


def _paints(settings: Settings) -> bool:
    return settings.style is not None or settings.renderer in MODEL_RENDERERS


def _has_pictures(folder: Path) -> bool:
    return folder.is_dir() and any(file.suffix.lower() in PICTURE_SUFFIXES for file in folder.iterdir())
