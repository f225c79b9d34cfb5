"""ControlNet pictures that the networks of controlnet_aux compute from the plate, with local weights.

The weights exist only as pickles. PyTorch reads them with ``weights_only``, which executes no code (the default since
PyTorch 2.6; older versions are rejected).
"""

from collections.abc import Mapping
from contextlib import redirect_stdout
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from pickle import UnpicklingError
from types import MappingProxyType
from typing import Any

import numpy as np

from propagate.arrays import F32, Floats
from stylize.errors import RendererError
from stylize.renderers.diffusion.annotators import ANNOTATORS
from stylize.renderers.diffusion.hub import CACHE_ONLY, Source
from stylize.renderers.diffusion.models import find_folder
from stylize.renderers.diffusion.repo_files import files
from stylize.renderers.diffusion.sizes import resize

REPO = "lllyasviel/Annotators"
# The sides of the depth network's input are multiples of the first; the second is the shorter side in training.
_DEPTH_GRID, _DEPTH_SIDE = 32, 384
# The library rounds sides to multiples of this many pixels, so that a smaller side could become 0.
MIN_SIDE = 64
# Class in controlnet_aux and the files that it reads, by kind.
NETWORKS: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "softedge": ("HEDdetector", ("ControlNetHED.pth",)),
        "lineart_anime": ("LineartAnimeDetector", ("netG.pth",)),
        "depth": ("MidasDetector", ("dpt_hybrid-midas-501f0c75.pt",)),
        "normal": ("NormalBaeDetector", ("scannet.pt",)),
        "openpose": ("OpenposeDetector", ("body_pose_model.pth", "hand_pose_model.pth", "facenet.pth")),
    }
)


def check_annotator(
    kind: str, folder: str | None, source: Source = CACHE_ONLY, ready: str | None = None
) -> Path | None:
    """Return the folder of the weights for a kind of control; None if no weights are needed.

    folder: as given, or None for the repo. ready: option for ready-made pictures, if not --control.
    Raises RendererError when the library or a file is missing.
    """
    if kind in ANNOTATORS:
        return None
    instead = f"or give ready-made pictures with {ready or f'--control {kind}=PATH'}"
    if find_spec("controlnet_aux") is None:
        raise RendererError(
            f"{kind} pictures need controlnet_aux, which is not installed; run pip install '.[annotators]' "
            f"in the source folder of stylize, {instead}"
        )
    filenames = NETWORKS[kind][1]
    try:
        found = find_folder(folder or REPO, files(*filenames), source, "repo of annotators")
    except RendererError as error:
        raise RendererError(f"{error}, {instead}") from error
    missing = [name for name in filenames if not (found / name).is_file()]
    if missing:
        get = f"hf download {REPO} {' '.join(filenames)}"
        raise RendererError(f"{found} has no {', '.join(missing)} for {kind}; get it with: {get}, {instead}")
    return found


def load_annotator(kind: str, folder: Path, device: str) -> Any:
    """Load the network for a kind, on a device. Raises RendererError when it cannot be loaded."""
    import torch

    if tuple(int(part) for part in torch.__version__.split(".")[:2]) < (2, 6):
        raise RendererError(
            f"the networks of --control {kind} need PyTorch 2.6 or newer, found {torch.__version__}; update it"
        )
    try:
        import controlnet_aux

        with redirect_stdout(StringIO()):  # some print to stdout
            return getattr(controlnet_aux, NETWORKS[kind][0]).from_pretrained(str(folder)).to(device)
    except (RuntimeError, ValueError, OSError, ImportError, KeyError, EOFError, UnpicklingError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise RendererError(
            f"the network for {kind} in {folder} could not be loaded: {reason}; download it again"
        ) from error


def annotate(network: Any, plate: Floats) -> Floats:
    """Return a network's picture of a plate, float32 (H, W, 3) in [0, 1], at the plate's size."""
    height, width = plate.shape[:2]
    side = max(MIN_SIDE, min(height, width))
    picture = np.rint(np.clip(plate, 0, 1) * 255).astype(np.uint8)
    annotated = np.asarray(network(picture, detect_resolution=side, image_resolution=side, output_type="np"))
    return np.clip(resize(annotated.astype(F32) / F32(255), (width, height)), 0, 1)


def depth_of(network: Any, plate: Floats) -> Floats:
    """Return the raw inverse depth of MiDaS, float32 (H, W); larger is nearer; without units.

    The library itself would normalise every frame to 0..1 and quantise it to 8 bits, which causes flicker."""
    import torch

    height, width = plate.shape[:2]
    scale = _DEPTH_SIDE / min(height, width)
    size = tuple(max(1, round(side * scale / _DEPTH_GRID)) * _DEPTH_GRID for side in (width, height))
    network_input = np.ascontiguousarray(resize(plate, size) * F32(2) - F32(1)).transpose(2, 0, 1)[None]
    model = network.model
    device = next(iter(model.parameters())).device
    with torch.no_grad():
        found = model(torch.from_numpy(np.ascontiguousarray(network_input)).to(device))[0]
    near = found.float().cpu().numpy()
    return np.ascontiguousarray(resize(near, (width, height)), F32)
