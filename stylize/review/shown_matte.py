"""Files of the mattes that a part of a project has used, as far as they are pictures."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from stylize.context.mattes import NETWORK_FOLDER
from stylize.errors import InputError
from stylize.ingest.unpacking import frames_folder
from stylize.media.opening import is_sequence
from stylize.media.sequences import find_sequence
from stylize.project.digests import status_of
from stylize.review.known_digests import known_digest
from stylize.review.shown_project import Part, ShownProject
from stylize.settings import is_matte_keyword


def matte_file(project: ShownProject, part: Part, frame: int) -> Path | None:
    """Return the file of a frame's matte; None if there is none, or if it is not a picture of its own.

    Mattes that are the alpha of the plates have no file, and drafts show none, because theirs are scaled.
    """
    matte = part.look.settings.matte
    if matte is None or part.base != project.root:
        return None
    if is_matte_keyword(matte):
        return project.file(project.root / "mask" / NETWORK_FOLDER, frame)
    try:
        path = Path(matte)
        if path.is_file() and is_sequence(path):
            return path
        if path.is_file():
            path = frames_folder(project.root / "mask", path.stem, known_digest(path))
        return _sequence(path, *status_of((path if path.is_dir() else path.parent).stat())).get(frame)
    except (InputError, OSError):
        return None


@lru_cache(16)
def _sequence(path: Path, *status: int) -> Mapping[int, Path]:
    return find_sequence(path)
