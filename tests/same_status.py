"""Change a file and keep its size and modification time, as restoring it with ``cp -p`` may do."""

import os
import struct
import zlib

import cv2
import numpy as np

_IEND = 12


def change(path):
    """Replace a file's contents, keeping size and time: by a valid picture where it is a PNG."""
    before = path.stat()
    data = _flat_png(path) if path.suffix == ".png" else _flipped(path.read_bytes())
    assert len(data) == before.st_size
    assert data != path.read_bytes()
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def _flipped(data):
    """Flip a bit of 32 bytes in the middle, which are pixels where the file is not compressed."""
    middle = len(data) // 2
    return data[:middle] + bytes(one ^ 64 for one in data[middle : middle + 32]) + data[middle + 32 :]


def _flat_png(path):
    """Return a grey picture of the same format, padded with an ancillary chunk that readers ignore."""
    size = path.stat().st_size
    stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    for value in (77, 78):
        _, encoded = cv2.imencode(".png", np.full_like(stored, value), [cv2.IMWRITE_PNG_COMPRESSION, 9])
        data = encoded.tobytes()
        room = size - len(data) - 12
        assert room >= 0, f"{path} is too small to be replaced"
        chunk = b"stYz" + bytes(room)
        filled = data[:-_IEND] + struct.pack(">I", room) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[-_IEND:]
        if filled != path.read_bytes():
            return filled
    raise AssertionError(path)
