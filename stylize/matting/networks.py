"""Local segmentation networks. Nothing is downloaded; errors suggest where to get a network."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from masks.prompts import Prompt
from masks.segment import Segmenter
from masks.segment_onnx import OnnxSegmenter
from stylize.errors import MatteError
from stylize.extensions.discovery import segmenter_for
from stylize.extensions.opening import open_extension
from stylize.matting.guarded_segmenter import GuardedSegmenter
from stylize.matting.sam2_model import open_sam2
from stylize.settings.extension_options import own_options
from stylize.settings.network_matte import NetworkMatte

# Class of the options that a segmenter declares.
Options = TypeVar("Options")

SUGGESTION = (
    "use any salient-object or portrait network in ONNX format, such as u2netp.onnx or isnet-general-use.onnx from the "
    "releases of danielgatis/rembg"
)
PERSON_SUGGESTION = "use a network that segments people, such as u2net_human_seg.onnx from danielgatis/rembg"
_BLOCK = 1 << 22


@dataclass(frozen=True)
class Segmentation:
    """A segmenter, its stage in the table of stages, and its prompts, if any."""

    segmenter: Segmenter
    stage: str
    prompts: tuple[Prompt, ...] = ()


@dataclass(frozen=True)
class SegmenterSetup(Generic[Options]):
    """Arguments that a segmenter is opened with.

    model: value of ``--matte-model``, or None. finds: "person", "subject" or None. options: its own options, an
    instance of the registered class.
    """

    model: str | None
    finds: str | None
    options: Options


def open_segmentation(
    model: str | None, request: NetworkMatte, name: str | None = None, own: object = None
) -> Segmentation:
    """Open the segmenter ``name`` for a request; by default the built-in one for such a request.

    model: value of ``--matte-model``. own: options of the segmenter. Raises MatteError if the model does not exist or
    does not fit, or if a library is missing; ExtensionError if an extension is invalid.
    """
    registration = segmenter_for(name, prompted=bool(request.prompts))
    options = own_options(registration, own)
    opened: Segmenter = open_extension(registration, SegmenterSetup(model, request.finds, options))
    if not registration.stage:
        opened = GuardedSegmenter(registration, options, opened)
    return Segmentation(opened, registration.cache_stage, request.prompts)


def open_onnx(setup: SegmenterSetup[Any]) -> Segmenter:
    """Return the segmenter of an ONNX file. Raises MatteError if it is not usable."""
    assert setup.model is not None
    return _open_onnx(Path(setup.model).expanduser(), setup.finds)


def open_sam2_setup(setup: SegmenterSetup[Any]) -> Segmenter:
    """Return the SAM 2 segmenter of a folder or repo id. Raises MatteError if it is not usable."""
    assert setup.model is not None
    return open_sam2(setup.model)


def _open_onnx(model: Path, finds: str | None) -> Segmenter:
    suggestion = PERSON_SUGGESTION if finds == "person" else SUGGESTION
    if model.is_dir():
        raise MatteError(
            f"--matte-model {model}: expected an .onnx file, found a folder; SAM 2 requires a prompt, a click or a box"
        )
    if not model.is_file():
        raise MatteError(f"--matte-model {model}: no such file; {suggestion}")
    try:
        return OnnxSegmenter(model, _weights_digest(model), finds)
    except ImportError as error:
        raise MatteError(
            "--matte-model needs onnxruntime, which is not installed; run pip install '.[auto]' in the source "
            "folder of stylize"
        ) from error
    except ValueError as error:
        raise MatteError(f"--matte-model {model}: {error}; {suggestion}") from error
    except OSError as error:
        raise MatteError(f"--matte-model {model}: cannot be read ({error.strerror}); check its permissions") from error


def _weights_digest(model: Path) -> str:
    """Return the digest of a network and its external weight files."""
    data = model.read_bytes()
    digest = hashlib.blake2b(data, digest_size=16)
    # Key under which a tensor refers to the external file with its values.
    if b"location" in data:
        for other in sorted(model.parent.iterdir()):
            if other != model and other.is_file() and other.name.encode() in data:
                with other.open("rb") as file:
                    while block := file.read(_BLOCK):
                        digest.update(block)
    return digest.hexdigest()
