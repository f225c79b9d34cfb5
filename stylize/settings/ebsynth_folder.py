"""EbSynth project folders as shots: plates in `video/`, painted keys in `keys/`, mattes in `mask/`.

`keys/` may be empty if the keys come from elsewhere or a renderer makes them.
"""

from dataclasses import replace
from pathlib import Path

from stylize.errors import PaintedKeyError
from stylize.media.sequences import READ_SUFFIXES
from stylize.settings.options import Settings

VIDEO, KEYS, MASK = "video", "keys", "mask"


def is_ebsynth_folder(path: Path) -> bool:
    """Return whether a folder has plates in `video/` and contains no pictures itself."""
    return has_pictures(path / VIDEO) and not has_pictures(path)


def folders_of(path: Path) -> tuple[Path, ...]:
    """Return the folders that must not receive results: the EbSynth folder and the three below it."""
    return (path, *(path / name for name in (VIDEO, KEYS, MASK))) if is_ebsynth_folder(path) else ()


def has_pictures(folder: Path) -> bool:
    """Return whether a folder exists and contains pictures."""
    return folder.is_dir() and any(file.suffix.lower() in READ_SUFFIXES for file in folder.iterdir())


def open_ebsynth_folder(path: Path, settings: Settings) -> tuple[Path, Settings]:
    """Return the shot of an EbSynth folder, and the settings with its keys and mask unless others are given.

    Any other path is returned unchanged; layers have their own keys and mattes. Raises PaintedKeyError if the run needs
    keys, but there are none and no renderer can paint them.
    """
    if not is_ebsynth_folder(path):
        return path, settings
    if settings.layers:
        return path / VIDEO, settings
    keys = settings.keys or (path / KEYS if has_pictures(path / KEYS) else None)
    if keys is None and settings.runs("render") and not settings.paints:
        raise PaintedKeyError(
            f"{path / KEYS} contains no pictures; paint a key, or give --style PICTURE or --keys FOLDER"
        )
    own_matte = settings.matte is None and has_pictures(path / MASK)
    return path / VIDEO, replace(settings, keys=keys, matte=str(path / MASK) if own_matte else settings.matte)
