"""An EbSynth folder as a shot: plates in `video/`, painted keys in `keys/`, mattes in `mask/`.

There may be no keys yet, if they come from elsewhere or are painted by the run.
"""

from pathlib import Path

from stylize.media.sequences import PICTURE_SUFFIXES

VIDEO, KEYS, MASK = "video", "keys", "mask"


def is_ebsynth_folder(path: Path) -> bool:
    """Return whether a folder holds no pictures itself, but plates in its folder `video/`."""
    return has_pictures(path / VIDEO) and not has_pictures(path)


def folders_of(path: Path) -> tuple[Path, ...]:
    """List the folders of an EbSynth folder, itself included, in which other files would change its meaning."""
    return (path, *(path / name for name in (VIDEO, KEYS, MASK))) if is_ebsynth_folder(path) else ()


def has_pictures(folder: Path) -> bool:
    """Return whether a folder exists and holds pictures."""
    return folder.is_dir() and any(file.suffix.lower() in PICTURE_SUFFIXES for file in folder.iterdir())
