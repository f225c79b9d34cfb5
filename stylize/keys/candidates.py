"""Candidates of a key: pictures with other seeds, of which a person picks one."""

import shutil
from functools import partial
from pathlib import Path

from stylize.media.images import make_folder
from stylize.project import Project
from stylize.stages import stable_hash

# Folder in keys/ for candidates.
CANDIDATES = "candidates"
# Seeds fit into 31 bits, as those of --seed do.
_SEED_BITS = 31


def candidate_seed(seed: int, frame: int, place: int) -> int:
    """Return the seed of a candidate. seed: that of the key. place: its number; 1 has the key's own seed."""
    if place == 1:
        return seed
    return int(stable_hash("candidate", seed, frame, place, size=8), 16) % (1 << _SEED_BITS)


def candidate_file(key: Path, place: int) -> Path:
    """Return the file of a candidate. key: file of the key. place: number of the candidate, from 1."""
    return key.parent / CANDIDATES / f"{key.stem}.{place}.png"


def existing_candidates(key: Path) -> tuple[int, ...]:
    """Return the numbers of the candidates of a key that exist. key: file of the key."""
    names = (path.stem.removeprefix(f"{key.stem}.") for path in (key.parent / CANDIDATES).glob("*.png"))
    return tuple(sorted(int(name) for name in names if name.isascii() and name.isdigit()))


def is_usable(project: Project, path: Path, key: str) -> bool:
    """Return whether a candidate was painted from the inputs of a cache key, or was retouched by a person."""
    return path.is_file() and (project.made_from(path, key) or project.is_changed(path))


def copy_picture(source: Path, target: Path, key: str, project: Project) -> None:
    """Copy the picture of a key or candidate, recorded under a cache key. Raises OutputError."""
    make_folder(target.parent)
    project.place(target, key, partial(_copy, source))


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
