"""Inputs, outputs and subjects of an ONNX network of mattes, read from its file before it runs.

A file gives names, types and shapes, and optional metadata. It does not state how the training pictures were
normalised: this is known for families of networks, which are recognised by their shapes and names.
"""

import ast
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

# Input sides if the file leaves them open: U2-Net's for unknown families of networks, and the shorter side for others.
DEFAULT_SIDE, SHORT_SIDE, MULTIPLE = 320, 512, 32
# Longest side that a file may ask for; a batch of one picture of this size takes 3 GB.
MAX_SIDE = 16384
PERSON, SUBJECT = "person", "subject"
INPUT_TYPES = ("tensor(float)", "tensor(float16)", "tensor(uint8)")
OUTPUT_TYPES = ("tensor(float)", "tensor(float16)", "tensor(double)")
# Words in the file or its name that mark networks of people.
_PEOPLE_WORDS = re.compile(
    r"human|person|people|portrait|selfie|modnet|robust_?video_?matting|(?<![a-z])(rvm|pphumanseg)"
)
# Class names of people.
_PEOPLE_CLASSES = frozenset({"person", "people", "human", "pedestrian", "rider", "man", "woman", "portrait"})
# Keys of class names in a file.
_CLASS_KEYS = ("names", "classes", "labels", "class_names", "id2label")
# Classes of people in the data set with that number of classes, for files that do not name them. -1 stands for all
# except the first one, the background, if all others are parts of people.
_ALL_BUT_FIRST = (-1,)
_PEOPLE_BY_COUNT: Mapping[int, tuple[int, ...]] = MappingProxyType(
    {
        2: (1,),  # background and foreground
        6: _ALL_BUT_FIRST,  # MediaPipe's selfie: hair, skin, face, clothes, others
        18: _ALL_BUT_FIRST,  # ATR: clothes and parts of the body
        19: (11, 12),  # Cityscapes: person, rider
        20: _ALL_BUT_FIRST,  # LIP: clothes and parts of the body
        21: (15,),  # Pascal VOC
        133: (0,),  # COCO panoptic
        150: (12,),  # ADE20K
        171: (0,),  # COCO stuff
    }
)
_STATES = re.compile(r"r(\d+)i")


@dataclass(frozen=True)
class Tensor:
    """Input or output, as stated in the file. shape: numbers, or texts or None where it is open."""

    name: str
    type: str
    shape: tuple[int | str | None, ...]


@dataclass(frozen=True)
class ModelInfo:
    """Description of a network in its file. text: names and descriptions in it, and its own name. metadata: custom
    keys."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    text: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Normalisation:
    """Normalisation of 8-bit levels as in training: ``(level / top - mean) / std``, by channel.

    by_max: top is the largest level in the picture, as in U2-Net, and not 255.
    """

    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    by_max: bool = False


@dataclass(frozen=True)
class Network:
    """Inputs and outputs of a network, and their meaning.

    picture, result: names of the input and the output. channels_last: the picture is (1, h, w, 3), else (1, 3, h, w).
    sides: h and w; None where they are open. shorter_side: its length for open sides; None for squares of DEFAULT_SIDE,
    0 for the plate's own size. classes: planes of the result that are people; -1 for all except the first; empty for a
    single plane. states: of a recurrent network, maps the name of an output to the input that receives it with the next
    picture. ratio: name of the input for the factor by which the network downscales the picture internally. finds:
    PERSON, or None where the file states no subject. produces_mattes: the network returns mattes with soft borders, not
    regions.
    """

    picture: str
    result: str
    type: str
    channels_last: bool
    sides: tuple[int | None, int | None]
    shorter_side: int | None
    normalisation: Normalisation
    classes: tuple[int, ...]
    states: Mapping[str, str]
    ratio: str | None
    finds: str | None
    produces_mattes: bool


# Qin et al., "U²-Net", 2020; also what torchvision's and most others' networks are trained with.
_IMAGENET = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_U2NET = Normalisation(_IMAGENET.mean, _IMAGENET.std, by_max=True)
# Qin et al., "Highly accurate dichotomous image segmentation" (IS-Net), 2022.
_ISNET_SIDE, _ISNET = 1024, Normalisation((0.5, 0.5, 0.5), by_max=True)
# Ke et al., "MODNet", 2022; and PaddleSeg's.
_SYMMETRIC = Normalisation((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
# MediaPipe's, and Lin et al., "Robust high-resolution video matting" (RVM), 2022.
_UNIT_RANGE = Normalisation()


def read_network(info: ModelInfo) -> Network:
    """Derive a network's inputs and outputs from its file. Raises ValueError for one that returns no mattes."""
    states = _recurrent_states(info)
    picture = _find_input(info, states)
    result = _find_output(info)
    count = _count_planes(result, picture.shape[3] == 3)
    channels_last = picture.shape[1] != 3 and picture.shape[3] == 3
    classes = people_classes(count, info.metadata) if count is not None else ()
    sides = picture.shape[1:3] if channels_last else picture.shape[2:]
    height, width = (side if isinstance(side, int) and side > 0 else None for side in sides)
    if max(height or 0, width or 0) > MAX_SIDE:
        raise ValueError(f"expected sides of at most {MAX_SIDE} pixels, found {width}x{height}")
    text = info.text.lower()
    modnet = "modnet" in text or ((picture.name, result.name, height, width) == ("input", "output", None, None))
    known = bool(states) or modnet or _PEOPLE_WORDS.search(text) is not None or (count or 1) > 2
    shorter_side = 0 if states else SHORT_SIDE if modnet or (count or 1) > 1 else None
    return Network(
        picture.name, result.name, picture.type, channels_last, (height, width), shorter_side,
        _normalisation(info, states, height, count, modnet, channels_last), classes,
        states, next((one.name for one in info.inputs if one.name == "downsample_ratio"), None),
        PERSON if known else None, bool(states) or modnet,
    )  # fmt: skip


def check_finds(network: Network, wanted: str | None) -> None:
    """Raise ValueError unless the network is known to find what is ``wanted``, PERSON or SUBJECT; None takes all."""
    if wanted == PERSON and network.finds != PERSON:
        raise ValueError(
            "this network is not known to find people: expected a class of people, an RVM network, or human, person, "
            "portrait, selfie or modnet in its name; use auto to take whatever it finds"
        )
    if wanted == SUBJECT and network.finds == PERSON:
        raise ValueError("this network finds people, not any subject; use auto:person or auto")


def people_classes(count: int, metadata: Mapping[str, str]) -> tuple[int, ...]:
    """Return which of ``count`` planes are people; -1 stands for all except the first.

    Class names in ``metadata`` take precedence over the number of planes. Raises ValueError when no plane is known to
    be people.
    """
    if count == 1:
        return ()
    names = _class_names(metadata)
    if names and len(names) == count:
        found = tuple(index for index, name in enumerate(names) if name.strip().lower() in _PEOPLE_CLASSES)
        if not found:
            raise ValueError(f"expected a class of people, found {', '.join(names)[:80]}")
        return found
    if count not in _PEOPLE_BY_COUNT:
        known = ", ".join(map(str, _PEOPLE_BY_COUNT))
        raise ValueError(f"expected one plane, {known} classes, or class names in the file, found {count} planes")
    return _PEOPLE_BY_COUNT[count]


def _recurrent_states(info: ModelInfo) -> Mapping[str, str]:
    """Recurrent states of RVM: r1o to r1i, and so on."""
    outputs = {one.name for one in info.outputs}
    numbers = [match[1] for one in info.inputs if (match := _STATES.fullmatch(one.name))]
    return MappingProxyType({f"r{n}o": f"r{n}i" for n in numbers if f"r{n}o" in outputs})


def _find_input(info: ModelInfo, states: Mapping[str, str]) -> Tensor:
    """Find the input of the picture. Raises ValueError unless there is exactly one, of three channels."""
    other_inputs = {*states.values(), "downsample_ratio"}
    pictures = [one for one in info.inputs if one.name not in other_inputs]
    shape = pictures[0].shape if len(pictures) == 1 else ()
    # Three channels, first or last; first where the shape is open.
    fits = len(shape) == 4 and (shape[1] == 3 or shape[3] == 3 or not isinstance(shape[1], int))
    if not fits or (isinstance(shape[0], int) and shape[0] > 1) or pictures[0].type not in INPUT_TYPES:
        shapes = [f"{one.type.removeprefix('tensor')} {list(one.shape)}" for one in info.inputs]
        raise ValueError(
            f"expected a network that takes one picture, (1, 3, h, w) or (1, h, w, 3), found {', '.join(shapes)[:120]}"
        )
    return pictures[0]


def _find_output(info: ModelInfo) -> Tensor:
    """Find the output: RVM's alpha or torchvision's result by name, else the first (U2-Net's others are coarse)."""
    named = [one for name in ("pha", "out") for one in info.outputs if one.name == name]
    found = [*named, *info.outputs]
    if not found or found[0].type not in OUTPUT_TYPES:
        type_names = ", ".join(one.type for one in info.outputs) or "nothing"
        raise ValueError(f"expected a network that returns probabilities or logits as floats, found {type_names[:80]}")
    return found[0]


def _count_planes(result: Tensor, channels_last: bool) -> int | None:
    """Number of planes of the output, or None where the file leaves it open."""
    if len(result.shape) in (2, 3):
        return 1 if len(result.shape) == 2 or not isinstance(result.shape[0], int) or result.shape[0] == 1 else None
    if len(result.shape) != 4:
        if result.shape:
            raise ValueError(f"expected a network that returns planes, (1, n, h, w), found {list(result.shape)}")
        return None
    front, back = result.shape[1], result.shape[3]
    count = back if channels_last and not (front == 1 or (isinstance(back, int) and back > 200)) else front
    return count if isinstance(count, int) and count > 0 else None


def _normalisation(
    info: ModelInfo, states: Mapping[str, str], height: int | None, count: int | None, modnet: bool, channels_last: bool
) -> Normalisation:
    """Choose the normalisation of the network's family."""
    text = info.text.lower()
    if states or channels_last:
        return _UNIT_RANGE
    if modnet or "paddle" in text or "humanseg" in text:
        return _SYMMETRIC
    if (count or 1) > 1 or "birefnet" in text or info.outputs[0].name in ("output_image", "alphas"):
        return _IMAGENET
    return _ISNET if height == _ISNET_SIDE else _U2NET


def _class_names(metadata: Mapping[str, str]) -> list[str]:
    for key in _CLASS_KEYS:
        if key in metadata:
            return _parse_names(metadata[key])
    return []


def _parse_names(text: str) -> list[str]:
    """Parse names from a list or a numbered dictionary, as JSON or Python writes it, or from words with commas."""
    for parse in (json.loads, ast.literal_eval):
        try:
            found = parse(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(found, dict) and all(str(key).isdigit() for key in found):
            return [str(found[key]) for key in sorted(found, key=lambda key: int(str(key)))]
        if isinstance(found, list | tuple):
            return [str(one) for one in found]
    return _split_names(text)


def _split_names(text: str) -> list[str]:
    parts: Sequence[str] = re.split(r"[,\n;]", text)
    return [part.strip() for part in parts if part.strip()]
