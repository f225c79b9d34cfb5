"""Result of a comparison of looks."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PaintedLook:
    """One look of a comparison.

    number: on the sheet, from 1. frame: the painted frame. style: its reference pictures. preset: its preset, if any.
    seed: its seed. plate, picture: files of the plate and of the painted frame. command: line for a POSIX shell that
    paints the picture again. shot_command: line that stylises the whole shot with this look. is_new: whether it was
    painted in this call, and not kept from an earlier one.
    """

    number: int
    frame: int
    style: tuple[Path, ...]
    preset: Path | None
    seed: int
    plate: Path
    picture: Path
    command: str
    shot_command: str
    is_new: bool


@dataclass(frozen=True)
class LooksResult:
    """Comparison of looks. folder: its folder. sheet: picture of all looks. text, data: their commands, as text and as
    JSON. looks: in the order of the sheet.
    """

    folder: Path
    sheet: Path
    text: Path
    data: Path
    looks: tuple[PaintedLook, ...]
