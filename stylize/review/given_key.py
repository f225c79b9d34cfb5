"""Picture that a person supplies as a key, by dropping it on the page."""

import tempfile
from pathlib import Path

from stylize.context.keys import check_key
from stylize.errors import InputError, PaintedKeyError, ReviewError
from stylize.io_errors import PROJECT_OPTION
from stylize.media.images import read_image, write_image
from stylize.media.plates import plate_pattern
from stylize.media.safe_write import atomic_write
from stylize.media.sequences import READ_SUFFIXES
from stylize.project.layout import LOCK_FILE
from stylize.project.lock import exclusive
from stylize.review.key_change import KeyChange, check_frame
from stylize.review.key_edits import set_aside_painted, store
from stylize.review.shown_project import ShownProject
from stylize.settings.references import shell_word
from stylize.visible_text import visible


def paint_key(project: ShownProject, frame: int, name: str, content: bytes, part: str = "") -> KeyChange:
    """Use a picture as the painted key of a frame. A key that was painted before is moved to ``keys/replaced/``.

    name: file name of the picture, whose suffix states the format. Raises PaintedKeyError for a picture that cannot be
    read, or whose size differs from that of the shot.
    """
    check_frame(project, frame)
    suffix = Path(name).suffix.lower()
    if suffix not in READ_SUFFIXES:
        raise PaintedKeyError(
            f"expected a picture as {' '.join(READ_SUFFIXES)}, found {visible(suffix) or 'no suffix'}"
        )
    full = project.full_part(project.part(part))
    if project.settings.layers and not full.look.name:
        raise ReviewError("expected a layer of this project; choose one with Show at the top of the page")
    target = plate_pattern(project.shot, full.root / "keys").path(frame)
    with tempfile.TemporaryDirectory(prefix="stylize-review-") as folder, exclusive(project.root / LOCK_FILE):
        given = Path(folder) / f"picture{suffix}"
        given.write_bytes(content)
        try:
            # The size is checked before the pixels are decoded, which bounds their number.
            check_key(given, frame, project.shot.frames, project.shot.size)
            pixels = read_image(given, project.shot.colour, untagged=project.shot.colour)
        except InputError as error:
            raise PaintedKeyError(str(error).replace(str(given), visible(name))) from error
        set_aside_painted(project, full, frame)
        with atomic_write(target, PROJECT_OPTION, keep_suffix=True) as partial:
            if suffix == ".png":
                partial.write_bytes(content)
            else:
                write_image(partial, pixels)
    if frame in full.look.settings.drop_key:
        store(project, full, {"drop_key": tuple(one for one in full.look.settings.drop_key if one != frame)})
    return KeyChange(visible(f"cp {shell_word(name)} {shell_word(str(target))}"))
