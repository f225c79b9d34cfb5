"""Files of the keys of a part: the picture of a key, and the picture that the page paints on."""

from stylize.key_painting import KeyFile
from stylize.media.plates import plate_pattern
from stylize.project.layout import STATE_FOLDER
from stylize.project.records import Records, file_name
from stylize.review.shown_project import Part, ShownProject


def key_file(project: ShownProject, part: Part, frame: int) -> KeyFile | None:
    """Return the picture of a key; None if it does not exist. Raises PaintedKeyError for a key without a number."""
    key = project.keys(part).get(frame)
    if key is None:
        return None
    target = plate_pattern(project.shot, part.root / "keys").path(frame)
    records = Records(part.root / STATE_FOLDER)
    records.load()
    rendered = [digest for entry in records.files(file_name(part.root, target)) for digest in entry.digests]
    return KeyFile(key.path, target, key.is_painted, tuple(rendered))


def painted_part(project: ShownProject, part: Part, frame: int) -> Part:
    """Return the part whose key is painted: a draft takes painted keys from the full size, if that has the key."""
    full = project.full_part(part)
    return full if frame in project.keys(full) else part
