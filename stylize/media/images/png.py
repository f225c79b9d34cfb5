"""What a PNG needs beyond OpenImageIO: whether its end is there, and texts of its own."""

from collections.abc import Mapping
from pathlib import Path

from stylize.errors import InputError
from stylize.media.png_text import SIGNATURE, text_chunk

_END = b"IEND\xaeB`\x82"
# Signature, and the header with its length, name and sum.
_HEADER = 8 + 25


def refuse_cut(path: Path) -> None:
    """InputError for a PNG without its end, before libpng writes its own complaint to the terminal."""
    try:
        with path.open("rb") as file:
            if file.read(8) != SIGNATURE:
                return
            file.seek(max(0, path.stat().st_size - 65536))
            whole = _END in file.read()
    except OSError as error:
        raise InputError(f"{path}: the picture cannot be read ({error.strerror}): check its permissions") from error
    if not whole:
        raise InputError(f"{path}: the picture is cut off, its end is missing: copy or export it again")


def finish(path: Path, text: Mapping[str, str]) -> None:
    """Check that the file has its end, and put text chunks behind the header."""
    with path.open("rb") as file:
        file.seek(-len(_END), 2)
        if file.read() != _END:
            raise OSError("the disk is full")
    if text:
        data = path.read_bytes()
        chunks = b"".join(text_chunk(key, value) for key, value in text.items())
        path.write_bytes(data[:_HEADER] + chunks + data[_HEADER:])
