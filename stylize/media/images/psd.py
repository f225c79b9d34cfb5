"""Detection of Photoshop files that hold layers, but no merged picture, which is all that OpenImageIO reads of them."""

import struct
from pathlib import Path

from stylize.errors import InputError

SUFFIXES = (".psd", ".psb")
_SIGNATURE = b"8BPS"
# Size of the header before the sections, and the image resource about the merged picture: a 32-bit version, and a byte
# that is 0 if there is no such picture.
_HEADER_SIZE, _VERSION_INFO, _FLAG_AT = 26, 1057, 4


def refuse_unmerged(path: Path) -> None:
    """Raise InputError for a file without a merged picture, which would be read as all white."""
    try:
        with path.open("rb") as file:
            if not file.read(_HEADER_SIZE).startswith(_SIGNATURE):
                return
            file.seek(_length(file.read(4)), 1)
            resources = file.read(_length(file.read(4)))
    except OSError as error:
        raise InputError(f"{path}: the picture cannot be read ({error.strerror}); check its permissions") from error
    except struct.error:
        return  # truncated, which the reader reports
    info = _resource(resources, _VERSION_INFO)
    if len(info) > _FLAG_AT and not info[_FLAG_AT]:
        raise InputError(
            f"{path}: expected a merged picture, found layers only; save it with 'Maximize compatibility', or as PNG"
        )


def _resource(resources: bytes, wanted: int) -> bytes:
    """Return the contents of an image resource; empty if there is none."""
    place = 0
    while place + 12 <= len(resources):
        number, name_size = struct.unpack_from(">HB", resources, place + 4)
        # The name, with its length, and the contents are padded to an even size.
        start = place + 6 + (name_size + 2) // 2 * 2
        if start + 4 > len(resources):
            break
        size = _length(resources[start : start + 4])
        if number == wanted:
            return resources[start + 4 : start + 4 + size]
        place = start + 4 + (size + 1) // 2 * 2
    return b""


def _length(data: bytes) -> int:
    return int(struct.unpack(">I", data)[0])
