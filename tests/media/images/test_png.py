import struct
import tracemalloc
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


def test_written_text_is_read_back(tmp_path):
    text = {"parameters": "a village\nSteps: 4", "stylize": '{"a": 1}', "other": "日本 ü"}
    write_image(tmp_path / "a.png", np.zeros((4, 4, 3), np.uint8), text=text)
    assert read_texts(tmp_path / "a.png") == text


def test_all_kinds_of_text_chunks_are_read(tmp_path):
    path = png(
        tmp_path / "a.png", chunk(b"tEXt", b"one\0\xfc"), chunk(b"zTXt", b"two\0\0" + zlib.compress(b"packed")),
        chunk(b"iTXt", b"three\0\1\0en\0drei\0" + zlib.compress("ü".encode())),
        chunk(b"iTXt", "four\0\0\0\0\0ü".encode()),
    )  # fmt: skip
    assert read_texts(path) == {"one": "ü", "two": "packed", "three": "ü", "four": "ü"}


def test_other_files_have_no_text_and_damage_is_reported(tmp_path):
    (tmp_path / "a.txt").write_text("no picture")
    assert read_texts(tmp_path / "a.txt") == {}
    with pytest.raises(InputError, match="cannot be read"):
        read_texts(tmp_path / "none.png")
    with pytest.raises(InputError, match="damaged"):
        read_texts(png(tmp_path / "b.png", chunk(b"zTXt", b"two\0\0rubbish")))
    with pytest.raises(InputError, match="damaged"):
        read_texts(png(tmp_path / "c.png", chunk(b"iTXt", b"two\0\0\0nothing")))


@pytest.mark.parametrize("kind", ["zTXt", "iTXt"])
def test_decompression_of_a_text_is_bounded(tmp_path, kind):
    """Read a chunk of 40 kilobytes that expands to 40 megabytes."""
    packed = zlib.compress(bytes(40_000_000), 9)
    head = b"two\0\0" if kind == "zTXt" else b"two\0\1\0en\0zwei\0"
    path = png(tmp_path / "a.png", chunk(kind.encode(), head + packed))
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="more than 16777216 bytes"):
            read_texts(path)
        assert tracemalloc.get_traced_memory()[1] < 38_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_total_size_of_texts_is_bounded(tmp_path):
    packed = zlib.compress(bytes(16_000_000), 9)
    path = png(tmp_path / "a.png", *[chunk(b"zTXt", b"%d\0\0" % n + packed) for n in range(6)])
    with pytest.raises(InputError, match="damaged"):
        read_texts(path)
    with pytest.raises(InputError, match="its end is missing"):
        read_texts(png(tmp_path / "b.png", chunk(b"zTXt", b"a\0\0" + zlib.compress(b"text")[:-3])))


def test_unsupported_characters_are_replaced(tmp_path):
    write_image(tmp_path / "a.png", np.zeros((4, 4, 3), np.uint8), text={"a": "x\0y\nz", "b": "日\ud800"})
    assert read_texts(tmp_path / "a.png") == {"a": "x\ufffdy\nz", "b": "日\ufffd"}
