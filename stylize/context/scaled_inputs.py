"""Mattes and guides of a draft: files scaled from those of the full size, in the folder of the draft.

A matte is grown, shrunk and feathered at full size and then scaled, so that its options refer to pixels of the full
size. Where the full-size matte is 0 (or 1) throughout the area of a pixel, the scaled matte is exactly 0 (or 1).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from propagate.arrays import Floats
from stylize.context.guides import Guide
from stylize.context.mattes import Mattes, Shaping
from stylize.media.images import make_folder, quantise, write_image
from stylize.media.scaling import scale_values
from stylize.media.sequences import Pattern
from stylize.project import Project
from stylize.stages import cache_key


def scaled_mattes(mattes: Mattes, size: tuple[int, int], project: Project, pattern: Pattern) -> Mattes:
    """Return mattes scaled to (width, height). project: project of the draft. pattern: pattern of their files there."""
    parameters = [*mattes.shaping.parameters(), mattes.by_alpha]

    def write(frame: int, key: str, target: Path) -> None:
        _write(scale_values(mattes.read(frame), size), key, target, project)

    paths = _scaled_files(mattes.paths, [size, parameters], project, pattern, write)
    return Mattes(paths, size, shaping=Shaping())


def scaled_guide(guide: Guide, size: tuple[int, int], project: Project, pattern: Pattern) -> Guide:
    """Return a guide, or the pictures of a control, scaled to (width, height); for arguments see ``scaled_mattes``."""

    def write(frame: int, key: str, target: Path) -> None:
        values = scale_values(guide.read(frame), size)
        if values.ndim == 3 and values.shape[2] < 3:
            values = np.pad(values, ((0, 0), (0, 0), (0, 3 - values.shape[2])))
        _write(values, key, target, project)

    paths = _scaled_files(guide.paths, [size, guide.low, guide.high, guide.channels], project, pattern, write)
    return replace(guide, paths=paths, size=size, low=0.0, high=1.0)


def _scaled_files(
    paths: Mapping[int, Path], parameters: object, project: Project, pattern: Pattern,
    write: Callable[[int, str, Path], None],
) -> dict[int, Path]:  # fmt: skip
    """Return the scaled file of every frame. Frames that share a file also share the scaled one.

    write: writes the scaled file of a frame, with its cache key, to a path.
    """
    make_folder(pattern.folder)
    made: dict[Path, Path] = {}
    for frame, path in paths.items():
        if path in made:
            continue
        key, made[path] = cache_key("draft", project.digest(path), parameters), pattern.path(frame)
        if not project.fresh(made[path], key):
            write(frame, key, made[path])
    return {frame: made[path] for frame, path in paths.items()}


def _write(values: Floats, key: str, target: Path, project: Project) -> None:
    write_image(target, quantise(values, np.uint16), seal=project.seal(key))
