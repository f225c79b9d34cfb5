"""Lossy compression of flow: fixed-point values, plane prediction, run lengths and Huffman codes (DEFLATE).

Estimated flow is smooth, so its second difference along x and y (the plane predictor of Paeth's PNG paper) is mostly
zero. The error of at most half a quantisation step, 1/128 pixel, is far below the accuracy of an estimator.
"""

import struct
import zlib

import numpy as np

from propagate.arrays import F32, Bools, Bytes, Floats, Pixels
from propagate.flow import Step

# Base-2 exponent of the quantisation step, in pixels; flow longer than 511 pixels uses a larger one.
MIN_EXPONENT = -6
# Height, width, exponent of the quantisation step, length of the body; then a checksum of header and body.
_HEADER = struct.Struct("<IIbI")
_CHECK = struct.Struct("<I")


def quantise(step: Step) -> Step:
    """Quantise a step: the result equals that of packing and unpacking it."""
    exponent, values = _to_fixed_point(step.flow)
    return Step(_from_fixed_point(exponent, values), step.consistent)


def pack(step: Step) -> bytes:
    """Pack a step into bytes for ``unpack``; about 0.4 bytes per pixel for film."""
    exponent, values = _to_fixed_point(step.flow)
    rows = np.diff(values, axis=1, prepend=np.int16(0))
    differences = np.diff(rows, axis=2, prepend=np.int16(0))
    body = _deflate(_zigzag(differences), np.packbits(step.consistent))
    height, width = step.consistent.shape
    data = _HEADER.pack(height, width, exponent, len(body)) + body
    return _CHECK.pack(zlib.crc32(data)) + data


def unpack(data: bytes) -> tuple[Step, bytes]:
    """Unpack the step at the start of ``data``, and return it with the remaining bytes.

    Raises ValueError for data that is truncated or corrupt.
    """
    start = _CHECK.size + _HEADER.size
    if len(data) < start:
        raise ValueError(f"packed flow must have at least {start} bytes, not {len(data)}")
    height, width, exponent, length = _HEADER.unpack_from(data, _CHECK.size)
    stop = start + length
    if len(data) < stop or zlib.crc32(data[_CHECK.size : stop]) != _CHECK.unpack_from(data)[0]:
        raise ValueError("packed flow is truncated or damaged")
    inflated = np.frombuffer(zlib.decompress(data[start:stop]), np.uint8)
    pixels = height * width
    differences = _unzigzag(inflated[: 4 * pixels].reshape(2, 2, height, width))
    values = np.cumsum(np.cumsum(differences, axis=2, dtype=np.int16), axis=1, dtype=np.int16)
    consistent: Bools = np.unpackbits(inflated[4 * pixels :], count=pixels).reshape(height, width).astype(bool)
    return Step(_from_fixed_point(exponent, values), consistent), data[stop:]


def skip(data: bytes) -> bytes:
    """Skip the step at the start of ``data`` without unpacking it. Raises ValueError when its header is truncated."""
    if len(data) < _CHECK.size + _HEADER.size:
        raise ValueError("packed flow is truncated or damaged")
    length = _HEADER.unpack_from(data, _CHECK.size)[3]
    return data[_CHECK.size + _HEADER.size + length :]


def _to_fixed_point(flow: Floats) -> tuple[int, Pixels]:
    """Convert to fixed point: the exponent of the quantisation step, and int16 (2, H, W)."""
    exponent, max_length = MIN_EXPONENT, float(max(flow.max(), -flow.min()))
    while max_length > 32767 * 2.0**exponent:
        exponent += 1
    return exponent, np.rint(flow.transpose(2, 0, 1) * F32(2.0**-exponent)).astype(np.int16)


def _from_fixed_point(exponent: int, values: Pixels) -> Floats:
    """Inverse of ``_to_fixed_point``: float32 (H, W, 2)."""
    flow = np.empty((*values.shape[1:], 2), F32)
    # A power of two: the product is exact.
    np.multiply(values.transpose(1, 2, 0), F32(2.0**exponent), out=flow)
    return flow


def _zigzag(differences: Pixels) -> Bytes:
    """Fold signed numbers, int16 of any shape, into uint8 with a first axis of 2: low bytes, then high bytes.

    Small numbers of either sign become small. Differences wrap around at 16 bits, and sums wrap back.
    """
    folded = ((differences << 1) ^ (differences >> 15)).astype(np.uint16)
    return np.stack([folded.astype(np.uint8), (folded >> 8).astype(np.uint8)])


def _unzigzag(halves: Bytes) -> Pixels:
    """Inverse of ``_zigzag``: uint8 (2, ...) to int16 (...)."""
    folded = halves[0] | (halves[1].astype(np.uint16) << 8)
    return ((folded >> 1) ^ -(folded & 1)).astype(np.int16)


def _deflate(*parts: Bytes) -> bytes:
    # The only repetitions are runs of one byte; a search for other matches would be slower and compress less.
    compressor = zlib.compressobj(1, zlib.DEFLATED, 15, 8, zlib.Z_RLE)
    compressed = [compressor.compress(np.ascontiguousarray(part).tobytes()) for part in parts]
    return b"".join([*compressed, compressor.flush()])
