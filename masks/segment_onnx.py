"""Segmenter for ONNX networks of salient objects, portraits or classes, run by onnxruntime.

``masks.onnx_network`` knows these networks and the normalisation of their pictures. A plane of values in 0..1 is a
probability, other values are logits; of several classes, those of people are summed. Networks of rough regions run
twice, on the picture and on its mirror image, and the mean is taken, because each run misses other parts.
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

# Tolerance beyond 0..1 of a probability, and tolerance of the sum of the probabilities of all classes.
ROUNDING, TOGETHER = 1e-3, 1e-2
# Shorter side at which a recurrent network works before it refines details.
WORKED_AT = 512


class OnnxSegmenter:
    """Segmenter of single pictures, except for recurrent networks, which remember the pictures before."""

    prompted = False

    def __init__(self, model: Path, identity: str, finds: str | None = None) -> None:
        """Open a network. model: its file, beside the files that it refers to. identity: changes with their contents.
        finds: PERSON or SUBJECT, to refuse a network that is not known to find it.

        Raises ValueError for a file that is no such network, ImportError without onnxruntime.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # Sums over several threads depend on their number.
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
    """Input of the network for a picture, (1, 3, h, w) or (1, h, w, 3), resized and normalised."""
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
    """Height and width of the input: the file's, or in the plate's proportions where these are open."""
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
    """Strip the output's other axes: float32 (n, h, w)."""
    found = result[0] if result.ndim > 2 and result.shape[0] == 1 else result
    if found.ndim == 2:
        found = found[None]
    if found.ndim != 3 or not found.size:
        raise ValueError(f"expected planes, (1, n, h, w), from the network, found {result.shape}")
    if network.channels_last and found.shape[0] != 1:
        found = found.transpose(2, 0, 1)
    return found


def _inside(planes: Floats, classes: tuple[int, ...]) -> Floats:
    """Probability of the inside, float32 (h, w), from planes of probabilities or logits."""
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
    """Message of onnxruntime in one line, without the paths of the model and of its own source."""
    line = (str(error).strip().splitlines() or ["no reason given"])[0]
    line = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", line)
    line = re.sub(r"^Load model from .* failed: ?", "", line)
    return re.sub(r"^\S*onnxruntime_src\S* .*\) (?=[A-Z])", "", line)[:400]
