"""Segmentation networks on this disk; errors give the way to get a missing one. Nothing is ever downloaded."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from masks.prompts import Prompt
from masks.segment import Segmenter
from masks.segment_onnx import OnnxSegmenter
from stylize.errors import MatteError
from stylize.matting.sam2_model import open_sam2
from stylize.settings.network_matte import NetworkMatte

SUGGESTION = (
    "any salient-object or portrait network in ONNX will do, such as u2netp.onnx or isnet-general-use.onnx from the "
    "releases of danielgatis/rembg"
)
PERSON_SUGGESTION = "u2net_human_seg.onnx, from the releases of danielgatis/rembg, is one that finds people"
_BLOCK = 1 << 22


@dataclass(frozen=True)
class Segmentation:
    """A network, its stage in the table of stages, and its prompts, if any."""

    segmenter: Segmenter
    stage: str
    prompts: tuple[Prompt, ...] = ()


def open_segmentation(model: str, request: NetworkMatte) -> Segmentation:
    """Open the network ``model`` for a request.

    Raises MatteError where there is none, it does not fit, or its library is missing.
    """
    if request.prompts:
        return Segmentation(open_sam2(model), "segment_sam2", request.prompts)
    return Segmentation(_open_onnx(Path(model).expanduser(), request.finds), "segment_onnx")


def _open_onnx(model: Path, finds: str | None) -> Segmenter:
    suggestion = PERSON_SUGGESTION if finds == "person" else SUGGESTION
    if model.is_dir():
        raise MatteError(
            f"--matte-model {model}: a folder, expected a network in one .onnx file; SAM 2 is for what it is pointed "
            "at, with a click or a box"
        )
    if not model.is_file():
        raise MatteError(f"--matte-model {model}: no such file; {suggestion}")
    try:
        return OnnxSegmenter(model, _weights_digest(model), finds)
    except ImportError as error:
        raise MatteError("--matte-model needs onnxruntime; install it with: pip install '.[auto]'") from error
    except ValueError as error:
        raise MatteError(f"--matte-model {model}: {error}; {suggestion}") from error
    except OSError as error:
        raise MatteError(f"--matte-model {model}: cannot be read ({error.strerror}); check its permissions") from error


def _weights_digest(model: Path) -> str:
    """Return the digest of a network, including its external weight files."""
    data = model.read_bytes()
    digest = hashlib.blake2b(data, digest_size=16)
    # The key under which a tensor names the file that its values lie in.
    if b"location" in data:
        for other in sorted(model.parent.iterdir()):
            if other != model and other.is_file() and other.name.encode() in data:
                with other.open("rb") as file:
                    while block := file.read(_BLOCK):
                        digest.update(block)
    return digest.hexdigest()
