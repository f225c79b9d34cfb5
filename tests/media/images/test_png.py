import struct
import zlib

import numpy as np
import pytest

from stylize.errors import InputError
from stylize.media.images import write_image
from stylize.media.images.png import read_texts


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(path, *chunks):
    write_image(path, np.zeros((4, 4, 3), np.uint8))
    data = path.read_bytes()
    path.write_bytes(data[:33] + b"".join(chunks) + data[33:])
    return path


def test_what_we_write_is_read(tmp_path):
    text = {"parameters": "a village\nSteps: 4", "stylize": '{"a": 1}', "other": "日本 ü"}
    write_image(tmp_path / "a.png", np.zeros((4, 4, 3), np.uint8), text=text)
    assert read_texts(tmp_path / "a.png") == text


def test_every_kind_of_text(tmp_path):
    path = png(
        tmp_path / "a.png", chunk(b"tEXt", b"one\0\xfc"), chunk(b"zTXt", b"two\0\0" + zlib.compress(b"packed")),
        chunk(b"iTXt", b"three\0\1\0en\0drei\0" + zlib.compress("ü".encode())),
        chunk(b"iTXt", "four\0\0\0\0\0ü".encode()),
    )  # fmt: skip
    assert read_texts(path) == {"one": "ü", "two": "packed", "three": "ü", "four": "ü"}


def test_other_files_have_none_and_damage_is_told(tmp_path):
    (tmp_path / "a.txt").write_text("no picture")
    assert read_texts(tmp_path / "a.txt") == {}
    with pytest.raises(InputError, match="cannot be read"):
        read_texts(tmp_path / "none.png")
    with pytest.raises(InputError, match="damaged"):
        read_texts(png(tmp_path / "b.png", chunk(b"zTXt", b"two\0\0rubbish")))
    with pytest.raises(InputError, match="damaged"):
        read_texts(png(tmp_path / "c.png", chunk(b"iTXt", b"two\0\0\0nothing")))
