"""Mattes that a person paints on the page: the files of a look's painted frames, of its strokes, and of all its mattes.

They are in ``mattes/`` of the project, or in ``mattes/LAYER/``. ``painted/`` has one picture for each painted frame,
``clicked/`` what a network found in a frame, and ``tracked/`` the mattes of all frames that were propagated from the
painted ones.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from propagate.arrays import F32, Floats
from stylize.context.keys import set_aside
from stylize.context.mattes import read_matte
from stylize.errors import InputError, MatteError, ReviewError
from stylize.media.images import image_info, make_folder, quantise, read_values, write_image
from stylize.project.digests import status_of
from stylize.review.shown_matte import shown_matte
from stylize.review.shown_project import Part, ShownProject
from stylize.stages import stable_hash

# Folder of a project for mattes that are painted and propagated on the page.
MATTES = "mattes"


@dataclass(frozen=True)
class MatteFolders:
    """Folders of the mattes of one look. root: the folder that has them."""

    root: Path

    @property
    def painted(self) -> Path:
        """Folder of the painted mattes, one picture for each painted frame."""
        return self.root / "painted"

    @property
    def tracked(self) -> Path:
        """Folder of the mattes of all frames."""
        return self.root / "tracked"

    @property
    def clicked(self) -> Path:
        """Folder of the mattes that a network found from clicks."""
        return self.root / "clicked"

    @property
    def clicks(self) -> Path:
        """File of the clicks, one a line, as ``--matte`` takes them."""
        return self.root / "clicks.txt"


def matte_folders(project: ShownProject, layer: str) -> MatteFolders:
    """Return the folders of a look. layer: its name; empty without layers."""
    return MatteFolders(project.root / MATTES / layer)


def painted_frames(project: ShownProject, layer: str) -> dict[int, Path]:
    """Return the painted mattes of a look, by frame, ascending."""
    folder = matte_folders(project, layer).painted
    found = {frame: project.file(folder, frame) for frame in sorted(project.existing(folder))}
    return {frame: path for frame, path in found.items() if path is not None and project.holds(path)}


def editable_matte(project: ShownProject, part: Part, frame: int) -> Floats | None:
    """Return the matte of a frame that paint is added to: float32 (H, W) in [0, 1] at the size of the plates.

    This is the painted matte, or the one that runs use, before it is grown or inverted; None if there is none.
    Raises MatteError for a file that is unreadable, or has another size.
    """
    _check_frame(project, frame)
    painted = painted_frames(project, part.look.name).get(frame)
    if painted is not None:
        return read_matte(painted, project.shot.size)
    tracked = project.file(matte_folders(project, part.look.name).tracked, frame)
    if tracked is not None and project.holds(tracked):
        return read_matte(tracked, project.shot.size)
    shown = shown_matte(project, part, frame)
    return None if shown is None else shown.read()


def paint_matte(
    project: ShownProject, part: Part, frame: int, paint: Path, corner: tuple[int, int] = (0, 0), *, keep: bool = True
) -> Path:
    """Paint on the matte of a frame, which becomes a painted matte. Return its file. paint: picture with alpha: white
    paints inside, black outside, and transparent pixels leave the matte bit-identical. corner: (x, y) of its upper left
    corner on the plate. keep: move a matte that was painted before to ``replaced/``. Raises MatteError for a picture
    without alpha, or that does not lie on the plate.
    """
    _check_full_size(project, part)
    width, height = project.shot.size
    values, alpha = _read_paint(paint, (width - corner[0], height - corner[1]), corner)
    before = editable_matte(project, part, frame)
    mixed = np.zeros((height, width), F32) if before is None else before.copy()
    rows, columns = (slice(start, start + length) for start, length in zip(corner[::-1], alpha.shape, strict=True))
    base = mixed[rows, columns]
    painted = np.where(alpha == 1, values, base + alpha * (values - base))
    mixed[rows, columns] = np.where(alpha > 0, painted, base)
    return _replace(project, part, frame, mixed, keep=keep)


def take_matte(project: ShownProject, part: Part, frame: int, matte: Floats) -> Path:
    """Use a matte as the painted one of a frame. Return its file. matte: float32 (H, W) in [0, 1]."""
    _check_full_size(project, part)
    _check_frame(project, frame)
    return _replace(project, part, frame, matte, keep=True)


def drop_matte(project: ShownProject, part: Part, frame: int) -> Path:
    """Move the painted matte of a frame to ``replaced/``, and return its new file. Raises ReviewError for none."""
    found = painted_frames(project, part.look.name).get(frame)
    if found is None:
        raise ReviewError(f"expected a frame with a painted matte, found {frame}; reload the page")
    return set_aside(found)


def check_inside(project: ShownProject, path: Path) -> None:
    """Raise ReviewError for a file that is outside the project through a link."""
    if not project.holds(path.parent):
        raise ReviewError(
            f"{path.parent.name}: expected a folder of the project, found a link that leaves it; remove it"
        )


def matte_version(path: Path) -> str:
    """Return the version of a matte's file, which changes with its contents."""
    return stable_hash(status_of(path.stat()))


def _replace(project: ShownProject, part: Part, frame: int, matte: Floats, *, keep: bool) -> Path:
    """Write a painted matte. Runs read propagated mattes only, so that this may happen during one."""
    path = matte_folders(project, part.look.name).painted / project.file_name(frame)
    check_inside(project, path)
    make_folder(path.parent)
    if keep and path.exists():
        set_aside(path)
    write_image(path, quantise(matte, np.uint16))
    return path


def _read_paint(path: Path, space: tuple[int, int], corner: tuple[int, int]) -> tuple[Floats, Floats]:
    """Return the values and the alpha of paint: float32 (H, W) in [0, 1]. The size is checked before it is decoded."""
    try:
        info = image_info(path)
        fits = min(corner) >= 0 and info.size[0] <= space[0] and info.size[1] <= space[1]
        if not fits or not info.alpha:
            raise MatteError(
                f"expected paint with alpha of at most {space[0]}x{space[1]}, found {info.size[0]}x{info.size[1]}; "
                "reload the page"
            )
        values = read_values(path)
    except InputError as error:
        raise MatteError(f"paint of a matte: {str(error).replace(str(path), 'the picture')}") from error
    return np.ascontiguousarray(values[..., 0]), np.ascontiguousarray(values[..., -1])


def _check_full_size(project: ShownProject, part: Part) -> None:
    if part.base != project.root:
        raise ReviewError("mattes are painted at full size, which drafts use as well; choose Full size with Show")
    if project.settings.layers and not part.look.name:
        raise ReviewError("expected a layer of this project; choose one with Show at the top of the page")


def _check_frame(project: ShownProject, frame: int) -> None:
    if not project.has_frame(frame):
        raise ReviewError(f"expected a frame of the shot, found {frame}; reload the page")
