"""Tiny ONNX networks that the tests write byte by byte, so that no library is needed to make them."""

import struct
from collections.abc import Sequence


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _block(field: int, data: bytes | str) -> bytes:
    data = data.encode() if isinstance(data, str) else data
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _tensor(name: str, dims: Sequence[int], values: Sequence[float]) -> bytes:
    raw = struct.pack(f"<{len(values)}f", *values)
    return b"".join(_number(1, dim) for dim in dims) + _number(2, 1) + _block(8, name) + _block(9, raw)


def _value(name: str, dims: Sequence[int]) -> bytes:
    shape = b"".join(_block(1, _number(1, dim)) for dim in dims)
    return _block(1, name) + _block(2, _block(1, _number(1, 1) + _block(2, shape)))


def _node(kind: str, inputs: Sequence[str], output: str) -> bytes:
    return b"".join(_block(1, one) for one in inputs) + _block(2, output) + _block(4, kind)


def red_finder(side: int = 32, channels: int = 3, *, logits: bool = False) -> bytes:
    """A network that finds what is redder than blue: one 1x1 convolution, and a sigmoid unless ``logits``."""
    weights = [6.0, *[0.0] * (channels - 2), -6.0]
    nodes = [_node("Conv", ["picture", "weights"], "raw" if not logits else "matte")]
    if not logits:
        nodes.append(_node("Sigmoid", ["raw"], "matte"))
    graph = b"".join(_block(1, node) for node in nodes) + _block(2, "net")
    graph += _block(5, _tensor("weights", [1, channels, 1, 1], weights))
    graph += _block(11, _value("picture", [1, channels, side, side]))
    graph += _block(12, _value("matte", [1, 1, side, side]))
    return _number(1, 8) + _block(7, graph) + _block(8, _number(2, 13))
