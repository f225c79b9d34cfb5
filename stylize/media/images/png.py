"""PNG details beyond OpenImageIO: the check for a missing end, and text chunks."""

from collections.abc import Mapping
from pathlib import Path

from stylize.errors import InputError
from stylize.media.png_text import SIGNATURE, text_chunk

_END = b"IEND\xaeB`\x82"
# The signature, then the IHDR chunk with its length, name and checksum.
_HEADER = 8 + 25
_TAIL = 65536


def refuse_truncated(path: Path) -> None:
    """Raise InputError for a PNG without its end, before libpng writes a message of its own to the terminal.

    Files of other formats pass. InputError also if the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            if file.read(8) != SIGNATURE:
                return
            file.seek(max(0, path.stat().st_size - _TAIL))
            complete = _END in file.read()
    except OSError as error:
        raise InputError(f"{path}: the picture cannot be read ({error.strerror}): check its permissions") from error
    if not complete:
        raise InputError(f"{path}: the picture is cut off, its end is missing: copy or export it again")


def finish(path: Path, text: Mapping[str, str]) -> None:
    """Check that a PNG just written has its end, then insert `text` as chunks after the header.

    Raises OSError if the end is missing, which means that the disk is full.
    """
    with path.open("rb") as file:
        file.seek(-len(_END), 2)
        if file.read() != _END:
            raise OSError("the disk is full")
    if text:
        data = path.read_bytes()
        chunks = b"".join(text_chunk(key, value) for key, value in text.items())
        path.write_bytes(data[:_HEADER] + chunks + data[_HEADER:])
