"""Decode pictures from a server, with limits on bytes and declared pixels that are checked before decoding."""

import base64
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from propagate.arrays import F32, Floats
from stylize.errors import InputError, RendererError
from stylize.media.images import image_size, read_image, to_float
from stylize.renderers.declared_size import declared_size, suffix_of
from stylize.visible_text import one_line

# Bytes per pixel of an uncompressed picture with four 16-bit channels; allowance for headers and metadata.
_PIXEL_BYTES, _HEADER_BYTES = 8, 1 << 20
_MAX_REASON = 200


def max_picture_size(size: tuple[int, int]) -> int:
    """Return the maximum number of bytes of a picture's file. size: (width, height)."""
    return size[0] * size[1] * _PIXEL_BYTES + _HEADER_BYTES


def max_text_size(size: tuple[int, int]) -> int:
    """Return the maximum number of characters of a picture in base64, with a prefix as in data URLs."""
    return max_picture_size(size) * 4 // 3 + 256


def picture_of_text(text: Any, size: tuple[int, int], source: str) -> Floats:
    """Decode a picture in base64, or in a data URL, as `picture_of_bytes` does."""
    if not isinstance(text, str):
        raise _no_picture(source, f"{type(text).__name__} instead of text")
    if len(text) > max_text_size(size):
        raise _no_picture(source, f"{len(text)} characters, more than {size[0]}x{size[1]} pixels need")
    try:
        data = base64.b64decode(text.rpartition(",")[2], validate=True)
    except ValueError:
        raise _no_picture(source, "not base64") from None
    return picture_of_bytes(data, size, source)


def picture_of_bytes(data: bytes, size: tuple[int, int], source: str) -> Floats:
    """Decode a PNG, JPEG or WebP: float32 (H, W, 3), display-encoded, in [0, 1].

    size: the requested (width, height); a picture that declares another size is not decoded. source: name of the
    sender, for messages. Raises RendererError.
    """
    if len(data) > max_picture_size(size):
        raise _no_picture(source, f"{len(data)} bytes, more than {size[0]}x{size[1]} pixels need")
    suffix, found = suffix_of(data), declared_size(data)
    if suffix is None:
        raise _no_picture(source, "neither PNG, JPEG nor WebP")
    if found is None:
        raise _no_picture(source, "it declares no size")
    if found != size:
        raise RendererError(
            f"expected {size[0]}x{size[1]} pixels from {source}, but it sent {found[0]}x{found[1]} pixels; turn off "
            "resizing on the server"
        )
    return _decoded(data, suffix, size, source)


def _decoded(data: bytes, suffix: str, size: tuple[int, int], source: str) -> Floats:
    with tempfile.TemporaryDirectory() as folder:
        # The suffix selects the decoder.
        path = Path(folder) / f"picture{suffix}"
        path.write_bytes(data)
        try:
            # Size as read by the decoder: an orientation may rotate the picture, and a second header may contradict the
            # first.
            if image_size(path) != size:
                raise _no_picture(source, "its headers disagree about its size")
            return np.ascontiguousarray(to_float(read_image(path))[..., :3], F32)
        except InputError as error:
            # The error would show the path of the temporary file.
            reason = one_line(str(error).replace(str(path), "it"), _MAX_REASON)
            raise _no_picture(source, reason) from error


def _no_picture(source: str, found: str) -> RendererError:
    return RendererError(f"the data from {source} is not a picture ({found}); check the log of the server")
