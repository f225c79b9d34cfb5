"""Proxies: pictures at display size, encoded for the browser, in a bounded cache in memory."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

from propagate.arrays import Bytes, Pixels

# Widths in pixels that proxies have; a request is rounded up, so that few sizes of a picture are in memory.
WIDTHS = (160, 320, 480, 640, 960, 1280, 1600, 1920, 2560, 3200, 3840, 5120, 7680)
# Media types: lossy without colour subsampling for playing, lossless for stills.
JPEG, PNG = "image/jpeg", "image/png"
_JPEG_QUALITY = 92
_ENCODINGS = {
    JPEG: (".jpg", [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111]),
    PNG: (".png", [cv2.IMWRITE_PNG_COMPRESSION, 1]),
}
# Bytes of encoded proxies that stay in memory.
CACHE_BYTES = 256 << 20


@dataclass
class ProxyCache:
    """Encoded pictures by cache key; the least recently used ones are dropped beyond the limit."""

    max_bytes: int = CACHE_BYTES
    _kept: OrderedDict[str, bytes] = field(default_factory=OrderedDict)
    _size: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: str, make: Callable[[], bytes]) -> bytes:
        """Return the picture of a cache key, made on demand. Threads may call this at the same time."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._size += len(made) - len(self._kept.pop(key, b""))
            self._kept[key] = made
            while self._size > self.max_bytes:
                self._size -= len(self._kept.popitem(last=False)[1])
        return made

    @property
    def size(self) -> int:
        """Number of bytes in memory."""
        return self._size


def proxy_size(shown: tuple[int, int], width: int) -> tuple[int, int]:
    """Return the (width, height) of a proxy: at least ``width`` wide, unless the picture is narrower.

    shown: size of the picture with square pixels.
    """
    wide = next((one for one in WIDTHS if one >= width), shown[0])
    if wide >= shown[0]:
        return shown
    return wide, max(1, round(shown[1] * wide / shown[0]))


def encode(pixels: Pixels, size: tuple[int, int], media_type: str) -> bytes:
    """Scale a picture and encode it. pixels: RGB or RGBA, uint8 (H, W, 3 or 4). size: (width, height)."""
    suffix, parameters = _ENCODINGS[media_type]
    order = cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
    _, data = cv2.imencode(suffix, cv2.cvtColor(_scaled(pixels, size), order), parameters)
    return bytes(np.asarray(data).tobytes())


def _scaled(pixels: Bytes, size: tuple[int, int]) -> Bytes:
    height, width = pixels.shape[:2]
    if (width, height) == size:
        return pixels
    is_smaller = size[0] * size[1] < width * height
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if is_smaller else cv2.INTER_LINEAR))
