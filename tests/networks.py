"""Tiny ONNX networks, written byte by byte so that no library is needed to make them."""

import struct
from collections.abc import Mapping, Sequence


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


Dims = Sequence[int | str]


def _value(name: str, dims: Dims, kind: int = 1) -> bytes:
    """Describe an input or output; a text stands for a dynamic side."""
    shape = b"".join(_block(1, _block(2, dim) if isinstance(dim, str) else _number(1, dim)) for dim in dims)
    return _block(1, name) + _block(2, _block(1, _number(1, kind) + _block(2, shape)))


def _node(kind: str, inputs: Sequence[str], output: str, perm: Sequence[int] = ()) -> bytes:
    order = _block(1, "perm") + b"".join(_number(8, axis) for axis in perm) + _number(20, 7)
    node = b"".join(_block(1, one) for one in inputs) + _block(2, output) + _block(4, kind)
    return node + (_block(5, order) if perm else b"")


def _model(
    nodes: Sequence[bytes], tensors: Sequence[bytes], inputs: Sequence[bytes], outputs: Sequence[bytes],
    notes: Mapping[str, str] | None = None, name: str = "net", opset: int = 13,
) -> bytes:  # fmt: skip
    graph = b"".join(_block(1, node) for node in nodes) + _block(2, name)
    for field, some in ((5, tensors), (11, inputs), (12, outputs)):
        graph += b"".join(_block(field, one) for one in some)
    metadata = b"".join(_block(14, _block(1, key) + _block(2, value)) for key, value in (notes or {}).items())
    return _number(1, 8) + _block(7, graph) + _block(8, _number(2, opset)) + metadata


def _redness(planes: int = 1, at: int = 0, channels: int = 3) -> bytes:
    """Weights of a 1x1 convolution: plane ``at`` is the redness minus the blueness of a pixel, the others are 0."""
    weights = [0.0] * (planes * channels)
    weights[at * channels], weights[at * channels + channels - 1] = 6.0, -6.0
    return _tensor("weights", [planes, channels, 1, 1], weights)


def red_finder(
    side: int | str = 32, channels: int = 3, *, logits: bool = False, name: str = "net", opset: int = 13
) -> bytes:
    """Network that finds pixels redder than blue: one 1x1 convolution, and a sigmoid unless ``logits``.

    side: a text makes it dynamic.
    """
    nodes = [_node("Conv", ["picture", "weights"], "raw" if not logits else "matte")]
    if not logits:
        nodes.append(_node("Sigmoid", ["raw"], "matte"))
    return _model(
        nodes, [_redness(channels=channels)], [_value("picture", [1, channels, side, side])],
        [_value("matte", [1, 1, side, side])], name=name, opset=opset,
    )  # fmt: skip


def red_finder_blind_on_the_right(side: int = 32) -> bytes:
    """The same, blind in the right half of its input."""
    blind = [0.0 if n % side < side // 2 else -200.0 for n in range(side * side)]
    nodes = [
        _node("Conv", ["picture", "weights"], "raw"), _node("Add", ["raw", "blind"], "half"),
        _node("Sigmoid", ["half"], "matte"),
    ]  # fmt: skip
    return _model(
        nodes, [_redness(), _tensor("blind", [1, 1, side, side], blind)], [_value("picture", [1, 3, side, side])],
        [_value("matte", [1, 1, side, side])],
    )  # fmt: skip


def red_finder_with_external_weights(file: str, side: int = 32) -> tuple[bytes, bytes]:
    """The same, with its weights in another file of this name: returns the network, and the contents of that file."""
    weights = struct.pack("<3f", 6.0, 0.0, -6.0)
    location = b"".join(_block(13, _block(1, key) + _block(2, value)) for key, value in
                    (("location", file), ("offset", "0"), ("length", str(len(weights)))))  # fmt: skip
    tensor = b"".join(_number(1, dim) for dim in (1, 3, 1, 1)) + _number(2, 1) + _block(8, "weights") + location
    nodes = [_node("Conv", ["picture", "weights"], "raw"), _node("Sigmoid", ["raw"], "matte")]
    network = _model(
        nodes, [tensor + _number(14, 1)], [_value("picture", [1, 3, side, side])], [_value("matte", [1, 1, side, side])]
    )
    return network, weights


def red_finder_with_channels_last(side: int = 32) -> bytes:
    """The same, with channels last, as in MediaPipe."""
    nodes = [
        _node("Transpose", ["picture"], "front", (0, 3, 1, 2)), _node("Conv", ["front", "weights"], "raw"),
        _node("Sigmoid", ["raw"], "shares"), _node("Transpose", ["shares"], "matte", (0, 2, 3, 1)),
    ]  # fmt: skip
    return _model(
        nodes, [_redness()], [_value("picture", [1, side, side, 3])], [_value("matte", [1, side, side, 1])]
    )  # fmt: skip


def red_class(classes: int, at: int, notes: Mapping[str, str] | None = None, *, side: int | str = "side") -> bytes:
    """Network that gives logits of so many classes, of which class ``at`` is redness minus blueness."""
    return _model(
        [_node("Conv", ["picture", "weights"], "out")], [_redness(classes, at)],
        [_value("picture", [1, 3, side, side])], [_value("out", [1, classes, side, side])], notes,
    )  # fmt: skip


def red_labels(side: int = 32) -> bytes:
    """Network that gives integer labels instead of probabilities."""
    nodes = [_node("Conv", ["picture", "weights"], "raw"), _node("Greater", ["raw", "none"], "labels")]
    return _model(
        nodes, [_redness(), _tensor("none", [1], [0.0])], [_value("picture", [1, 3, side, side])],
        [_value("labels", [1, 1, side, side], 9)],
    )  # fmt: skip


def red_recurrent() -> bytes:
    """Recurrent network with RVM's names: each picture it has seen adds 1 to its state, which raises its confidence."""
    nodes = [
        _node("Mul", ["src", "twice"], "twofold"), _node("Sub", ["twofold", "one"], "about"),
        _node("Conv", ["about", "weights"], "raw"), _node("Add", ["r1i", "one"], "r1o"),
        _node("Mul", ["raw", "r1o"], "surer"), _node("Mul", ["surer", "downsample_ratio"], "logits"),
        _node("Sigmoid", ["logits"], "pha"), _node("Identity", ["src"], "fgr"),
    ]  # fmt: skip
    plate: Dims = ["n", 3, "h", "w"]
    state: Dims = ["n", "c", "a", "b"]
    return _model(
        nodes, [_redness(), _tensor("one", [1], [1.0]), _tensor("twice", [1], [2.0])],
        [_value("src", plate), _value("r1i", state), _value("downsample_ratio", [1])],
        [_value("fgr", plate), _value("pha", ["n", 1, "h", "w"]), _value("r1o", state)],
    )  # fmt: skip
