"""PNG details beyond OpenImageIO: text chunks, and the check for a missing end."""

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

from stylize.errors import InputError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_END = b"IEND\xaeB`\x82"
# The signature, then the IHDR chunk with its length, name and checksum.
_HEADER_SIZE = 8 + 25
_TAIL_SIZE = 65536
# Larger chunks are skipped: no text is so long.
_MAX_TEXT_SIZE = 1 << 24


def read_texts(path: Path) -> dict[str, str]:
    """Return the texts of a PNG (chunks tEXt, zTXt, iTXt) by key; empty for a file of another format.

    Raises InputError when the file cannot be read or a text is damaged.
    """
    found: dict[str, str] = {}
    try:
        with path.open("rb") as file:
            if file.read(8) != _SIGNATURE:
                return {}
            while len(head := file.read(8)) == 8:
                size, kind = struct.unpack(">I4s", head)
                if kind in (b"tEXt", b"zTXt", b"iTXt") and size <= _MAX_TEXT_SIZE:
                    key, text = _decode_text(kind, file.read(size))
                    found[key] = text
                    file.seek(4, 1)
                else:
                    file.seek(size + 4, 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); give a picture that is there") from error
    except (ValueError, zlib.error) as error:
        raise InputError(f"{path}: a text in it is damaged ({error}); take the picture from where it came") from error
    return found


def refuse_truncated(path: Path) -> None:
    """Raise InputError for a PNG without its end, before libpng writes a message of its own to the terminal.

    Files of other formats pass. InputError also if the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            if file.read(8) != _SIGNATURE:
                return
            file.seek(max(0, path.stat().st_size - _TAIL_SIZE))
            complete = _END in file.read()
    except OSError as error:
        raise InputError(f"{path}: the picture cannot be read ({error.strerror}): check its permissions") from error
    if not complete:
        raise InputError(f"{path}: the picture is cut off, its end is missing: copy or export it again")


def finish(path: Path, texts: Mapping[str, str]) -> None:
    """Check that a PNG just written has its end, then insert `texts` as chunks after the header.

    Raises OSError if the end is missing, which means that the disk is full.
    """
    with path.open("rb") as file:
        file.seek(-len(_END), 2)
        if file.read() != _END:
            raise OSError("the disk is full")
    if texts:
        data = path.read_bytes()
        chunks = b"".join(_text_chunk(key, text) for key, text in texts.items())
        path.write_bytes(data[:_HEADER_SIZE] + chunks + data[_HEADER_SIZE:])


def _decode_text(kind: bytes, data: bytes) -> tuple[str, str]:
    """Return the key and the text of a chunk; ValueError or zlib.error if it is damaged."""
    key, _, rest = data.partition(b"\0")
    if kind == b"tEXt":
        return key.decode("latin-1"), rest.decode("latin-1")
    if kind == b"zTXt":
        return key.decode("latin-1"), zlib.decompress(rest[1:]).decode("latin-1")
    # Compression flag and method, language tag, translated key.
    compressed, (_, _, text) = rest[:1] == b"\1", rest[2:].split(b"\0", 2)
    return key.decode("latin-1"), (zlib.decompress(text) if compressed else text).decode()


def _text_chunk(key: str, text: str) -> bytes:
    """Return a text chunk: `tEXt` where Latin-1 is enough, since every program reads it, else `iTXt`."""
    name = key.encode("latin-1")
    try:
        kind, data = b"tEXt", name + b"\0" + text.encode("latin-1")
    except UnicodeEncodeError:
        kind, data = b"iTXt", name + b"\0\0\0\0\0" + text.encode()
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
