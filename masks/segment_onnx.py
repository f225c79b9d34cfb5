"""A Segmenter that runs a network of salient objects, of portraits or of classes in ONNX, through onnxruntime.

Which networks those are, and how their pictures are made, is in `onnx_network`. One plane between 0 and 1 is taken as
it is, other values as logits; of classes, the share of those that are people. Networks that say where a subject is are
asked twice, the second time with the picture mirrored, and the mean is taken: each time they leave out other parts.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from masks.arrays import F32, Bytes, Floats, Pixels
from masks.onnx_network import MULTIPLE, USUAL_SIDE, Network, Tensor, Told, check_finds, people, read_network
from masks.prompts import Prompt
from masks.segment import check_unprompted

# Beyond 0 and 1 by this much, values are no shares; and by so much more than 1 may shares of classes be together.
ROUNDING, TOGETHER = 1e-3, 1e-2
# Shorter side that a recurrent network works at before it goes into detail.
WORKED_AT = 512


class OnnxSegmenter:
    """See Segmenter. Pictures stand alone, but for those that a recurrent network has seen before."""

    prompted = False

    def __init__(self, model: Path, identity: str, finds: str | None = None) -> None:
        """model: the file, with what it refers to beside it. identity: changes with their contents.
        finds: PERSON or SUBJECT to refuse what is not known to find that.

        Raises ValueError for what is no network of this kind, ImportError without onnxruntime.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # Sums that are shared among threads depend on how many there are.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors have no common root
            raise ValueError(f"not an ONNX network that can be run ({_reason(error)})") from error
        self._told = _told(self._session, model.name)
        self._network = read_network(self._told)
        check_finds(self._network, finds)
        self._identity = identity
        self.finished = self._network.matting

    def __call__(
        self, frames: Sequence[int], plate: Callable[[int], Bytes], prompts: Sequence[Prompt] = ()
    ) -> Iterator[tuple[int, Floats]]:
        """See Segmenter."""
        check_unprompted(prompts)
        states = {name: np.zeros((1, 1, 1, 1), F32) for name in self._network.states.values()}
        for frame in frames:
            picture = plate(frame)
            matte, states = self._find(picture, states)
            if not self._network.matting:
                other, _ = self._find(np.ascontiguousarray(picture[:, ::-1]), states)
                matte = F32(0.5) * (matte + other[:, ::-1])
            yield frame, matte

    def cache_key(self) -> str:
        """Return the digest of the network. Whom it is asked to find changes nothing."""
        return f"onnx-{self._identity}"

    def _find(self, picture: Bytes, states: dict[str, Pixels]) -> tuple[Floats, dict[str, Pixels]]:
        result, states = self._run(picture, states)
        return _matte(result, self._network, self._told, picture), states

    def _run(self, picture: Bytes, states: dict[str, Pixels]) -> tuple[Pixels, dict[str, Pixels]]:
        network = self._network
        fed: dict[str, Pixels] = {network.picture: _fed(picture, network), **states}
        if network.ratio is not None:
            fed[network.ratio] = np.asarray([min(1.0, WORKED_AT / min(picture.shape[:2]))], F32)
        try:
            found = self._session.run([network.result, *network.states], fed)
        except Exception as error:
            size = " x ".join(map(str, fed[network.picture].shape))
            raise ValueError(f"a picture of {size} could not be run ({_reason(error)})") from error
        return found[0], dict(zip(network.states.values(), found[1:], strict=True))


def _told(session: Any, name: str) -> Told:
    meta = session.get_modelmeta()
    notes = {str(key): str(value) for key, value in meta.custom_metadata_map.items()}
    words = [meta.producer_name, meta.graph_name, meta.description, meta.domain, name, *notes.values()]
    inputs, outputs = (
        tuple(Tensor(one.name, one.type, tuple(one.shape)) for one in some)
        for some in (session.get_inputs(), session.get_outputs())
    )
    return Told(inputs, outputs, " ".join(words), notes)


def _fed(picture: Bytes, network: Network) -> Pixels:
    """The picture as the network takes it, (1, 3, h, w) or (1, h, w, 3)."""
    height, width = _sides(picture.shape[:2], network)
    small = picture
    if (height, width) != picture.shape[:2]:
        small = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    made: Pixels = small
    if network.type != "tensor(uint8)":
        scaling = network.scaling
        top = max(1, int(small.max())) if scaling.by_brightest else 255
        made = (small.astype(F32) / F32(top) - np.asarray(scaling.mean, F32)) / np.asarray(scaling.deviation, F32)
        made = made.astype(np.float16) if network.type == "tensor(float16)" else made
    return np.ascontiguousarray((made if network.channels_last else made.transpose(2, 0, 1))[None])


def _sides(size: tuple[int, ...], network: Network) -> tuple[int, int]:
    """Height and width of what is fed: the file's, or of the plate's shape where these are open."""
    if network.short == 0:
        sides = size[0], size[1]
    elif network.short is None:
        sides = USUAL_SIDE, USUAL_SIDE
    else:
        scale = network.short / min(size)
        # The longer side is bounded, for strips.
        sides = tuple(min(4 * network.short, max(MULTIPLE, round(side * scale / MULTIPLE) * MULTIPLE)) for side in size)  # type: ignore[assignment]
    return network.sides[0] or sides[0], network.sides[1] or sides[1]


def _matte(result: Pixels, network: Network, told: Told, picture: Bytes) -> Floats:
    height, width = picture.shape[:2]
    planes = _planes(np.asarray(result, F32), network)
    if not np.isfinite(planes).all():
        raise ValueError("it gave NaN or infinity")
    plane = _inside(planes, network.classes or people(len(planes), told.notes))
    return np.clip(cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR), 0, 1).astype(F32)


def _planes(result: Floats, network: Network) -> Floats:
    """(n, h, w), whatever stands round it."""
    found = result[0] if result.ndim > 2 and result.shape[0] == 1 else result
    if found.ndim == 2:
        found = found[None]
    if found.ndim != 3 or not found.size:
        raise ValueError(f"expected planes, (1, n, h, w), from the network, found {result.shape}")
    if network.channels_last and found.shape[0] != 1:
        found = found.transpose(2, 0, 1)
    return found


def _inside(planes: Floats, classes: tuple[int, ...]) -> Floats:
    if not classes:
        shares = planes[0]
        if shares.min() < -ROUNDING or shares.max() > 1 + ROUNDING:
            # The same as 1 / (1 + exp(-x)), and does not overflow.
            shares = (F32(0.5) + F32(0.5) * np.tanh(F32(0.5) * shares)).astype(F32)
        return np.ascontiguousarray(shares)
    if planes.min() < -ROUNDING or (np.abs(planes.sum(axis=0) - 1) > TOGETHER).any():
        powers = np.exp(planes - planes.max(axis=0))
        planes = powers / powers.sum(axis=0)
    found = 1 - planes[0] if classes == (-1,) else planes[list(classes)].sum(axis=0)
    return np.ascontiguousarray(found, F32)


def _reason(error: Exception) -> str:
    """What onnxruntime says, without which file it is about and where in its own source that is."""
    line = (str(error).strip().splitlines() or ["no reason given"])[0]
    line = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", line)
    line = re.sub(r"^Load model from .* failed: ?", "", line)
    return re.sub(r"^\S*onnxruntime_src\S* .*\) (?=[A-Z])", "", line)[:400]
