"""A folder of EbSynth's as a shot: plates in `video/`, painted keys in `keys/`, mattes in `mask/`.

Keys may be none yet, where they come from elsewhere or something else paints them.
"""

from pathlib import Path

from stylize.media.sequences import PICTURE_SUFFIXES

VIDEO, KEYS, MASK = "video", "keys", "mask"


def is_ebsynth_folder(path: Path) -> bool:
    """Whether a folder holds no pictures itself, but plates in a folder of that name."""
    return has_pictures(path / VIDEO) and not has_pictures(path)


def folders_of(path: Path) -> tuple[Path, ...]:
    """The folders of an EbSynth folder that keep their meaning only if nothing else is put there; itself is one."""
    return (path, *(path / name for name in (VIDEO, KEYS, MASK))) if is_ebsynth_folder(path) else ()


def has_pictures(folder: Path) -> bool:
    """Return whether a folder exists and holds pictures."""
    return folder.is_dir() and any(file.suffix.lower() in PICTURE_SUFFIXES for file in folder.iterdir())
