"""An EbSynth folder as a shot with its keys and mask."""

from dataclasses import replace
from pathlib import Path

from stylize.errors import PaintedKeyError
from stylize.media.ebsynth_folder import KEYS, MASK, VIDEO, has_pictures, is_ebsynth_folder
from stylize.settings import Settings


def open_ebsynth_folder(path: Path, settings: Settings) -> tuple[Path, Settings]:
    """Return the shot in an EbSynth folder, and the settings with its keys and mask unless others are requested.

    A path that is no such folder is returned unchanged; layers have keys and mattes of their own. Raises
    PaintedKeyError if the run needs keys, and there are neither keys nor a way to paint them.
    """
    if not is_ebsynth_folder(path):
        return path, settings
    if settings.layers:
        return path / VIDEO, settings
    keys = settings.keys or (path / KEYS if has_pictures(path / KEYS) else None)
    if keys is None and settings.runs("render") and not settings.paints:
        raise PaintedKeyError(f"{path / KEYS} has no pictures; paint one, or give --style PICTURE or --keys FOLDER")
    own_matte = settings.matte is None and has_pictures(path / MASK)
    return path / VIDEO, replace(settings, keys=keys, matte=str(path / MASK) if own_matte else settings.matte)
