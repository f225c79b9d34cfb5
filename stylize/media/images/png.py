"""PNG features beyond OpenImageIO: text and colour chunks, and detection of truncated files."""

import re
import struct
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from stylize.errors import InputError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_END = b"IEND\xaeB`\x82"
# Signature and IHDR chunk, with its length, name and checksum.
_HEADER_SIZE = 8 + 25
_TAIL_SIZE = 65536
_TEXT_CHUNKS = (b"tEXt", b"zTXt", b"iTXt")
_COLOUR_CHUNKS = (b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM")
# Name and place of the brightest light in chunks, some of which had another name in drafts; and its unit in cd/m².
_LIGHT_CHUNKS = {b"cLLI": (b"cLLI", 0), b"cLLi": (b"cLLI", 0), b"mDCV": (b"mDCV", 16), b"mDCv": (b"mDCV", 16)}
_LIGHT_UNIT = 0.0001
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
# Max bytes of a text chunk (larger ones are skipped), and of all texts of a file after decompression.
_MAX_TEXT_SIZE, _MAX_TEXTS_SIZE = 1 << 24, 1 << 26


def read_texts(path: Path) -> dict[str, str]:
    """Return the texts of a PNG (chunks tEXt, zTXt, iTXt) by key. Empty for other formats.

    Raises InputError if the file is unreadable or a text is damaged.
    """
    found: dict[str, str] = {}
    left = _MAX_TEXTS_SIZE
    try:
        for kind, data in _read_chunks(path, _TEXT_CHUNKS):
            key, text = _decode_text(kind, data, min(left, _MAX_TEXT_SIZE))
            left -= max(len(data), len(text))
            found[key] = text
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check the path and its permissions") from error
    except (ValueError, zlib.error) as error:
        raise InputError(f"{path}: a text chunk is damaged ({error}); copy the file from its source again") from error
    return found


def refuse_truncated(path: Path) -> None:
    """Raise InputError if a PNG is truncated or unreadable. Other formats are not checked.

    The check precedes libpng, which would print its own message to the terminal.
    """
    try:
        with path.open("rb") as file:
            if file.read(8) != _SIGNATURE:
                return
            file.seek(max(0, path.stat().st_size - _TAIL_SIZE))
            complete = _END in file.read()
    except OSError as error:
        raise InputError(f"{path}: the picture cannot be read ({error.strerror}); check its permissions") from error
    if not complete:
        raise InputError(f"{path}: the picture is truncated; copy or export it again")


def finish(path: Path, texts: Mapping[str, str]) -> None:
    """Check that a PNG was written completely, and insert `texts` as chunks after its header.

    Raises OSError if the end is missing because the disk is full.
    """
    with path.open("rb") as file:
        file.seek(-len(_END), 2)
        if file.read() != _END:
            raise OSError("the disk is full")
    if texts:
        data = path.read_bytes()
        chunks = b"".join(_text_chunk(key, text) for key, text in texts.items())
        path.write_bytes(insert_chunks(data, chunks))


def colour_chunks(path: Path) -> dict[bytes, bytes]:
    """Return the chunks of a PNG that declare its colour (`cICP iCCP sRGB gAMA cHRM`), by name. Empty otherwise."""
    found: dict[bytes, bytes] = {}
    try:
        for kind, data in _read_chunks(path, _COLOUR_CHUNKS, end=b"IDAT"):
            found.setdefault(kind, data)
    except OSError as error:
        raise InputError(f"{path}: the picture cannot be read ({error.strerror}); check its permissions") from error
    return found


def declared_light(path: Path) -> tuple[float, ...]:
    """Return the brightest light that a PNG declares in cd/m²: of its content (cLLI), and of its mastering display.

    Empty for other formats, and without these chunks of PNG, third edition. Raises InputError if it is unreadable.
    """
    found: dict[bytes, float] = {}
    try:
        for kind, data in _read_chunks(path, tuple(_LIGHT_CHUNKS), end=b"IDAT"):
            name, start = _LIGHT_CHUNKS[kind]
            if len(data) >= start + 4:
                found.setdefault(name, int.from_bytes(data[start : start + 4], "big") * _LIGHT_UNIT)
    except OSError as error:
        raise InputError(f"{path}: the picture cannot be read ({error.strerror}); check its permissions") from error
    return tuple(found[name] for name in _LIGHT_CHUNKS if name in found)


def _read_chunks(path: Path, kinds: Collection[bytes], end: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
    """Yield name and data of the chunks of these kinds, up to a chunk named `end`. Other formats have none.

    Chunks above the limit for texts are skipped. Raises OSError if the file is unreadable.
    """
    with path.open("rb") as file:
        if file.read(len(_SIGNATURE)) != _SIGNATURE:
            return
        while len(head := file.read(8)) == 8:
            size, kind = struct.unpack(">I4s", head)
            if kind == end:
                return
            if kind in kinds and size <= _MAX_TEXT_SIZE:
                yield kind, file.read(size)
                file.seek(4, 1)
            else:
                file.seek(size + 4, 1)


def embedded_profile(chunk_data: bytes) -> bytes:
    """Return the ICC profile in the data of an `iCCP` chunk. Raises ValueError or zlib.error if it is damaged."""
    _, _, rest = chunk_data.partition(b"\0")
    return _decompress(rest[1:], _MAX_TEXT_SIZE)


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk: length, name, data and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def insert_chunks(data: bytes, chunks: bytes) -> bytes:
    """Return a PNG with chunks inserted after its header. Raises ValueError if the data are not a PNG."""
    if not data.startswith(_SIGNATURE):
        raise ValueError("expected a PNG")
    return data[:_HEADER_SIZE] + chunks + data[_HEADER_SIZE:]


def without_chunks(data: bytes, unwanted: Callable[[bytes, bytes], bool]) -> bytes:
    """Return a PNG without some chunks. unwanted: returns whether to leave out a chunk, given its name and data.

    Raises ValueError if the data are not a PNG.
    """
    if not data.startswith(_SIGNATURE):
        raise ValueError("expected a PNG")
    kept = (data[begin:end] for kind, begin, end in _chunks(data) if not unwanted(kind, data[begin + 8 : end - 4]))
    return _SIGNATURE + b"".join(kept)


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, begin and end of each chunk."""
    begin = len(_SIGNATURE)
    while begin + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, begin)
        yield kind, begin, begin + size + 12
        begin += size + 12


def _decode_text(kind: bytes, data: bytes, limit: int) -> tuple[str, str]:
    """Return the key and the text of a chunk. Raises ValueError or zlib.error if it is damaged or too long.

    At most `limit` bytes are decompressed, because a few kilobytes may expand to gigabytes.
    """
    if len(data) > limit:
        raise ValueError(f"more than {limit} bytes")
    key, _, rest = data.partition(b"\0")
    if kind == b"tEXt":
        return key.decode("latin-1"), rest.decode("latin-1")
    if kind == b"zTXt":
        return key.decode("latin-1"), _decompress(rest[1:], limit).decode("latin-1")
    # Compression flag and method, language tag, translated key.
    compressed, (_, _, text) = rest[:1] == b"\1", rest[2:].split(b"\0", 2)
    return key.decode("latin-1"), (_decompress(text, limit) if compressed else text).decode()


def _decompress(data: bytes, limit: int) -> bytes:
    stream = zlib.decompressobj()
    text = stream.decompress(data, limit)
    if stream.unconsumed_tail or (not stream.eof and len(text) == limit):
        raise ValueError(f"more than {limit} bytes")
    if not stream.eof:
        raise ValueError("its end is missing")
    return text


def _text_chunk(key: str, text: str) -> bytes:
    """Return a text chunk: `tEXt`, which all programs read, if the text is Latin-1, else `iTXt`.

    NUL, which ends the text in some programs, and lone surrogates, which UTF-8 cannot represent, become U+FFFD.
    """
    text = _UNSTORABLE.sub("\ufffd", text)
    name = key.encode("latin-1")
    try:
        kind, data = b"tEXt", name + b"\0" + text.encode("latin-1")
    except UnicodeEncodeError:
        kind, data = b"iTXt", name + b"\0\0\0\0\0" + text.encode()
    return chunk(kind, data)
