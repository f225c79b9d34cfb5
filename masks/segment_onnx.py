"""Segmenter for ONNX networks of salient objects, portraits or classes, run by onnxruntime.

``masks.onnx_network`` recognises these networks and how their pictures are normalised. A plane of values in 0..1 is a
probability, other values are logits; of several classes, those of people are summed. Networks that return rough regions
run twice, on the picture and on its mirror image, and the results are averaged, because each run misses different
parts.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from masks.arrays import F32, Bytes, Floats, Pixels
from masks.onnx_network import (
    DEFAULT_SIDE,
    MULTIPLE,
    ModelInfo,
    Network,
    Tensor,
    check_finds,
    people_classes,
    read_network,
)
from masks.prompts import Prompt
from masks.segment import check_unprompted

# Tolerance beyond 0..1 of a probability, and tolerance of the sum of the probabilities of all classes.
RANGE_TOLERANCE, SUM_TOLERANCE = 1e-3, 1e-2
# Shorter side at which a recurrent network works before it refines details.
WORKING_SIDE = 512


class OnnxSegmenter:
    """Segmenter of single pictures; recurrent networks also keep state from the previous pictures."""

    prompted = False

    def __init__(self, model: Path, identity: str, finds: str | None = None) -> None:
        """Open a network. model: its file, in one folder with the files that it refers to. identity: changes with their
        contents. finds: PERSON or SUBJECT, to reject a network that is not known to find it.

        Raises ValueError for a file that is not such a network, ImportError without onnxruntime.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # The rounding of sums depends on the number of threads.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors have no common root
            raise ValueError(f"the file is not an ONNX network that onnxruntime can run ({_reason(error)})") from error
        self._model_info = _model_info(self._session, model.name)
        self._network = read_network(self._model_info)
        check_finds(self._network, finds)
        self._identity = identity
        self.produces_mattes = self._network.produces_mattes

    def __call__(
        self, frames: Sequence[int], plate: Callable[[int], Bytes], prompts: Sequence[Prompt] = ()
    ) -> Iterator[tuple[int, Floats]]:
        """See Segmenter."""
        check_unprompted(prompts)
        states = {name: np.zeros((1, 1, 1, 1), F32) for name in self._network.states.values()}
        for frame in frames:
            picture = plate(frame)
            matte, states = self._segment(picture, states)
            if not self._network.produces_mattes:
                mirrored, _ = self._segment(np.ascontiguousarray(picture[:, ::-1]), states)
                matte = F32(0.5) * (matte + mirrored[:, ::-1])
            yield frame, matte

    def cache_key(self) -> str:
        """Return the digest of the network; ``finds`` does not affect the mattes."""
        return f"onnx-{self._identity}"

    def _segment(self, picture: Bytes, states: dict[str, Pixels]) -> tuple[Floats, dict[str, Pixels]]:
        result, states = self._run(picture, states)
        return _matte(result, self._network, self._model_info, picture), states

    def _run(self, picture: Bytes, states: dict[str, Pixels]) -> tuple[Pixels, dict[str, Pixels]]:
        network = self._network
        inputs: dict[str, Pixels] = {network.picture: _network_input(picture, network), **states}
        if network.ratio is not None:
            inputs[network.ratio] = np.asarray([min(1.0, WORKING_SIDE / min(picture.shape[:2]))], F32)
        try:
            found = self._session.run([network.result, *network.states], inputs)
        except Exception as error:
            size = " x ".join(map(str, inputs[network.picture].shape))
            raise ValueError(f"the network could not process a picture of {size} ({_reason(error)})") from error
        return found[0], dict(zip(network.states.values(), found[1:], strict=True))


def _model_info(session: Any, name: str) -> ModelInfo:
    meta = session.get_modelmeta()
    metadata = {str(key): str(value) for key, value in meta.custom_metadata_map.items()}
    texts = [meta.producer_name, meta.graph_name, meta.description, meta.domain, name, *metadata.values()]
    inputs, outputs = (
        tuple(Tensor(one.name, one.type, tuple(one.shape)) for one in some)
        for some in (session.get_inputs(), session.get_outputs())
    )
    return ModelInfo(inputs, outputs, " ".join(texts), metadata)


def _network_input(picture: Bytes, network: Network) -> Pixels:
    """Input of the network for a picture, (1, 3, h, w) or (1, h, w, 3), resized and normalised."""
    height, width = _input_size(picture.shape[:2], network)
    resized = picture
    if (height, width) != picture.shape[:2]:
        resized = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    tensor: Pixels = resized
    if network.type != "tensor(uint8)":
        normalisation = network.normalisation
        max_level = max(1, int(resized.max())) if normalisation.by_max else 255
        tensor = (resized.astype(F32) / F32(max_level) - np.asarray(normalisation.mean, F32)) / np.asarray(
            normalisation.std, F32
        )
        tensor = tensor.astype(np.float16) if network.type == "tensor(float16)" else tensor
    return np.ascontiguousarray((tensor if network.channels_last else tensor.transpose(2, 0, 1))[None])


def _input_size(size: tuple[int, ...], network: Network) -> tuple[int, int]:
    """Height and width of the input: the file's, or in the plate's proportions where these are open."""
    if network.shorter_side == 0:
        sides = size[0], size[1]
    elif network.shorter_side is None:
        sides = DEFAULT_SIDE, DEFAULT_SIDE
    else:
        scale = network.shorter_side / min(size)
        # The longer side is limited, for very long pictures.
        sides = tuple(
            min(4 * network.shorter_side, max(MULTIPLE, round(side * scale / MULTIPLE) * MULTIPLE)) for side in size
        )  # type: ignore[assignment]
    return network.sides[0] or sides[0], network.sides[1] or sides[1]


def _matte(result: Pixels, network: Network, info: ModelInfo, picture: Bytes) -> Floats:
    height, width = picture.shape[:2]
    planes = _planes(np.asarray(result, F32), network)
    if not np.isfinite(planes).all():
        raise ValueError("the network returned NaN or infinity")
    plane = _inside_probability(planes, network.classes or people_classes(len(planes), info.metadata))
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


def _inside_probability(planes: Floats, classes: tuple[int, ...]) -> Floats:
    """Probability of the inside, float32 (h, w), from planes of probabilities or logits."""
    if not classes:
        probability = planes[0]
        if probability.min() < -RANGE_TOLERANCE or probability.max() > 1 + RANGE_TOLERANCE:
            # The same as 1 / (1 + exp(-x)), and does not overflow.
            probability = (F32(0.5) + F32(0.5) * np.tanh(F32(0.5) * probability)).astype(F32)
        return np.ascontiguousarray(probability)
    if planes.min() < -RANGE_TOLERANCE or (np.abs(planes.sum(axis=0) - 1) > SUM_TOLERANCE).any():
        exponentials = np.exp(planes - planes.max(axis=0))
        planes = exponentials / exponentials.sum(axis=0)
    found = 1 - planes[0] if classes == (-1,) else planes[list(classes)].sum(axis=0)
    return np.ascontiguousarray(found, F32)


def _reason(error: Exception) -> str:
    """Message of onnxruntime in one line, without the paths of the model and of its own source."""
    line = (str(error).strip().splitlines() or ["no reason given"])[0]
    line = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", line)
    line = re.sub(r"^Load model from .* failed: ?", "", line)
    return re.sub(r"^\S*onnxruntime_src\S* .*\) (?=[A-Z])", "", line)[:400]
