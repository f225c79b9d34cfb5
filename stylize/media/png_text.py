"""Texts that a PNG carries beside its pixels, read and written."""

import struct
import zlib
from pathlib import Path

from stylize.errors import InputError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Bytes of one chunk beyond which it is passed over: no text is so long.
_LARGEST = 1 << 24


def read_texts(path: Path) -> dict[str, str]:
    """The texts of a PNG (chunks tEXt, zTXt, iTXt) by name; empty for a file of another kind.

    Raises InputError when the file cannot be read.
    """
    found: dict[str, str] = {}
    try:
        with path.open("rb") as file:
            if file.read(8) != SIGNATURE:
                return {}
            while len(head := file.read(8)) == 8:
                size, kind = struct.unpack(">I4s", head)
                if kind in (b"tEXt", b"zTXt", b"iTXt") and size <= _LARGEST:
                    name, text = _text(kind, file.read(size))
                    found[name] = text
                    file.seek(4, 1)
                else:
                    file.seek(size + 4, 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); give a picture that is there") from error
    except (ValueError, zlib.error) as error:
        raise InputError(f"{path}: a text in it is damaged ({error}); take the picture from where it came") from error
    return found


def _text(kind: bytes, data: bytes) -> tuple[str, str]:
    name, _, rest = data.partition(b"\0")
    if kind == b"tEXt":
        return name.decode("latin-1"), rest.decode("latin-1")
    if kind == b"zTXt":
        return name.decode("latin-1"), zlib.decompress(rest[1:]).decode("latin-1")
    # Whether it is packed, how, and in which language, twice.
    packed, (_, _, text) = rest[:1] == b"\1", rest[2:].split(b"\0", 2)
    return name.decode("latin-1"), (zlib.decompress(text) if packed else text).decode()


def text_chunk(key: str, value: str) -> bytes:
    """A PNG text chunk: `tEXt` where Latin-1 is enough, since every program reads it, else `iTXt`."""
    name = key.encode("latin-1")
    try:
        kind, data = b"tEXt", name + b"\0" + value.encode("latin-1")
    except UnicodeEncodeError:
        kind, data = b"iTXt", name + b"\0\0\0\0\0" + value.encode()
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
