"""Files of the paint that a person adds to a key: the key without paint, and the paint, in ``keys/painting/``. The
painted key is an ordinary picture in ``keys/``, as if it came from a painting program. The paint is stored separately,
so that it can be extended, or erased down to the rendered key.
"""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from propagate.arrays import Pixels
from stylize.context.keys import set_aside
from stylize.errors import InputError, PaintedKeyError
from stylize.io_errors import PROJECT_OPTION
from stylize.keys.paint_over import PaintedPicture, painted_picture
from stylize.media.colour import BT709, Colour
from stylize.media.images import image_info, image_size, make_folder, read_image, write_image
from stylize.media.safe_write import atomic_write
from stylize.project.digests import digest_of
from stylize.visible_text import visible

# Folder in keys/ for keys without their paint, and for the paint.
PAINTING = "painting"
# Size in pixels of a side beyond which no key is painted, as the memory of a browser is limited.
MAX_SIDE = 8192


@dataclass(frozen=True)
class KeyFile:
    """Picture of a key. target: name that the run gives it, a PNG. is_painted: by a person.

    rendered: digests of the pictures that runs have written under that name, latest last.
    """

    path: Path
    target: Path
    is_painted: bool
    rendered: tuple[str, ...] = ()

    @property
    def below(self) -> Path:
        """The key without paint."""
        return self.target.parent / PAINTING / self.target.name

    @property
    def paint(self) -> Path:
        """The paint: RGBA of 16 bits, with the primaries of BT.709."""
        return self.below.with_name(f"{self.target.stem}.paint.png")


@dataclass(frozen=True)
class KeyPainting:
    """Key that is being painted. digest: of its picture. is_rendered: the picture below the paint is a rendered key."""

    file: KeyFile
    picture: PaintedPicture
    digest: str
    is_rendered: bool


def open_painting(file: KeyFile, colour: Colour) -> KeyPainting:
    """Read a key and its paint. colour: of the shot.

    Raises InputError for an unreadable key, PaintedKeyError for one that is too large to paint.
    """
    size = image_size(file.path)
    if max(size) > MAX_SIDE:
        raise PaintedKeyError(
            f"{file.path}: expected a key of at most {MAX_SIDE} pixels on each side, found "
            f"{size[0]}x{size[1]}; paint it in another program"
        )
    digest = digest_of(file.path)
    shown = read_image(file.path, colour, untagged=colour)
    below, is_rendered = _below(file, shown, colour)
    paint = _stored_paint(file, shown.shape[:2]) if file.is_painted else None
    return KeyPainting(file, painted_picture(below, shown, paint, colour), digest, is_rendered)


def save_painting(painting: KeyPainting, paint: Pixels) -> KeyPainting:
    """Store paint and the painted key, and return the resulting painting. The project must be locked.

    paint: straight RGBA, uint16 (H, W, 4), BT.709. Without any, a key that was rendered becomes the rendered one again.
    A painted key under another name, or in another format, is moved to ``keys/replaced/``. Raises PaintedKeyError if
    the key has changed since it was opened, OutputError.
    """
    file = painting.file
    if not file.path.is_file() or digest_of(file.path) != painting.digest:
        raise PaintedKeyError(f"{visible(file.path.name)} has changed in the meantime; its new picture is loaded")
    if painting.is_rendered and not paint[..., 3].any():
        return _restore(painting, paint)
    picture = painting.picture.painted(paint)
    make_folder(file.below.parent)
    if not file.is_painted:
        keep_rendered(file)
    elif not painting.is_rendered:
        write_image(file.below, picture.below)
    write_image(file.paint, paint)
    if file.is_painted and file.path != file.target:
        set_aside(file.path)
    write_image(file.target, picture.shown)
    now = replace(file, path=file.target, is_painted=True)
    return KeyPainting(now, picture, digest_of(file.target), painting.is_rendered)


def keep_rendered(file: KeyFile) -> None:
    """Copy a rendered key, so that it can be restored after a person has painted over it. Raises OutputError."""
    make_folder(file.below.parent)
    with atomic_write(file.below, PROJECT_OPTION) as partial:
        shutil.copyfile(file.path, partial)


def forget_painting(file: KeyFile) -> None:
    """Remove the paint of a key, and the key below it, for a key that is dropped or replaced."""
    for path in (file.paint, file.below):
        path.unlink(missing_ok=True)


def _restore(painting: KeyPainting, paint: Pixels) -> KeyPainting:
    """Restore the rendered key byte for byte, so that runs recognise it as theirs."""
    file = painting.file
    if file.is_painted:
        if file.path != file.target:
            set_aside(file.path)
        with atomic_write(file.target, PROJECT_OPTION) as partial:
            shutil.copyfile(file.below, partial)
    forget_painting(file)
    now = replace(file, path=file.target, is_painted=False)
    below = painting.picture.below
    return KeyPainting(now, PaintedPicture(below, below, paint, painting.picture.colour), digest_of(file.target), True)


def _below(file: KeyFile, shown: Pixels, colour: Colour) -> tuple[Pixels, bool]:
    """Return the picture below the paint, and whether it was rendered."""
    if not file.is_painted:
        return shown, True
    digest = digest_of(file.below) if file.below.is_file() else ""
    is_stale = digest in file.rendered[:-1]  # a later run has rendered another key
    try:
        if digest and not is_stale and image_size(file.below) == (shown.shape[1], shown.shape[0]):
            return read_image(file.below, colour, untagged=colour), digest in file.rendered
    except InputError:
        pass  # a damaged copy: the key as it is becomes the picture below
    return shown, False


def _stored_paint(file: KeyFile, shape: tuple[int, ...]) -> Pixels | None:
    """Return the stored paint; None if there is none that fits."""
    try:
        info = image_info(file.paint) if file.paint.is_file() else None
        if info is None or (info.size, info.depth, info.alpha) != ((shape[1], shape[0]), 16, True):
            return None
        return np.ascontiguousarray(read_image(file.paint, BT709, untagged=BT709))
    except InputError:
        return None
