"""The diffusion renderer: paints a keyframe with a Stable Diffusion 1.5 model, from the plate and a prompt.

Models are read from this disk alone, a folder or the Hugging Face cache: nothing is ever downloaded.
The models' own checker, which blackens pictures it dislikes, is not loaded.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from propagate.arrays import F32, Floats
from stylize.errors import RendererError
from stylize.renderers.protocol import RenderRequest

# Raise it whenever the same request gives another picture.
VERSION = 1
LIBRARIES = ("torch", "diffusers", "transformers")
# Pipelines whose weights serve here; an inpainting or XL model has other inputs.
PIPELINES = (
    "StableDiffusion",
    "StableDiffusionImg2Img",
    "StableDiffusionControlNet",
    "StableDiffusionControlNetImg2Img",
)
PARTS = ("unet", "vae", "text_encoder")
# Sides are worked at a multiple of it: the autoencoder makes one latent pixel of 8x8.
MULTIPLE = 8
# Differences of grey levels at which Canny's edges go on, and begin.
CANNY = (100, 200)
REPO = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class DiffusionSettings:
    """How the diffusion renderer paints.

    model: a folder in diffusers' layout or a cached repo id. steps: of the whole schedule, of which the share
    ``denoise``, 0..1, is done. cfg: how strongly the prompt rules, 1 and up. control_model: a ControlNet made for
    Canny edges, as ``model`` is given.
    """

    model: str | None = None
    prompt: str = ""
    negative: str = ""
    steps: int = 20
    cfg: float = 7.0
    denoise: float = 0.5
    control_model: str | None = None


class DiffusionRenderer:
    """See the module's text. A Renderer that makes no use of the request's style."""

    def __init__(self, settings: DiffusionSettings) -> None:
        """Finds the models and loads nothing. Raises RendererError when one is missing or of another kind."""
        if settings.model is None:
            raise RendererError("the diffusion renderer needs a model; give a folder or a cached repo id with --model")
        self.settings = settings
        self._model = find_model(settings.model)
        check_model(self._model, settings.model)
        self._control = None
        if settings.control_model is not None:
            self._control = find_model(settings.control_model)
            check_control(self._control, settings.control_model)

    def fingerprint(self) -> str:
        """Version, settings, the models' files, the libraries, and the device with its precision."""
        folders = [folder for folder in (self._model, self._control) if folder is not None]
        told = [
            VERSION, asdict(self.settings), [contents(folder) for folder in folders],
            [version(library) for library in LIBRARIES], device(),
        ]  # fmt: skip
        return f"diffusion-{blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=16).hexdigest()}"

    def render(self, request: RenderRequest, on_step: Callable[[int, int], None]) -> Floats:
        """See Renderer. Raises RendererError when a model cannot be loaded or makes no picture."""
        import torch

        height, width = request.plate.shape[:2]
        start = pad(start_from(request))
        pictures = {"image": _tensor(start)}
        if self._control is not None:
            pictures["control_image"] = _tensor(edges(pad(request.plate)))

        def on_end(pipeline: Any, step: int, moment: Any, values: dict[str, Any]) -> dict[str, Any]:
            on_step(step + 1, pipeline.num_timesteps)
            return values

        settings, pipeline = self.settings, self._pipeline
        with _told(f"keyframe {request.frame} could not be painted", "try a smaller shot or another model"):
            made = pipeline(
                prompt=settings.prompt, negative_prompt=settings.negative, num_inference_steps=settings.steps,
                guidance_scale=settings.cfg, strength=settings.denoise, output_type="np",
                generator=torch.Generator("cpu").manual_seed(request.seed), callback_on_step_end=on_end, **pictures,
            )  # fmt: skip
        picture = np.ascontiguousarray(made.images[0][:height, :width], F32)
        check_picture(picture, start[:height, :width], request.frame)
        return np.clip(picture, 0, 1)

    @cached_property
    def _pipeline(self) -> Any:
        """The loaded models, on the device."""
        import torch
        from diffusers import ControlNetModel, StableDiffusionControlNetImg2ImgPipeline, StableDiffusionImg2ImgPipeline
        from diffusers.utils import logging
        from transformers.utils import logging as text_logging

        # The libraries' own bars would be drawn across ours.
        logging.disable_progress_bar()
        text_logging.disable_progress_bar()
        where, precision = device()
        asked = {"local_files_only": True, "use_safetensors": True}
        kind, parts = StableDiffusionImg2ImgPipeline, {"safety_checker": None, "requires_safety_checker": False}
        with _told(f"the model {self.settings.model} could not be loaded", "mend it, or choose another with --model"):
            if self._control is not None:
                kind = StableDiffusionControlNetImg2ImgPipeline
                parts["controlnet"] = ControlNetModel.from_pretrained(str(self._control), **asked)
            pipeline = kind.from_pretrained(str(self._model), **parts, **asked)
            # The option to load at a precision is named otherwise from one release to the next.
            pipeline = pipeline.to(where, getattr(torch, precision))
        pipeline.set_progress_bar_config(disable=True)
        return pipeline


@contextmanager
def _told(what: str, advice: str) -> Iterator[None]:
    """Makes one line of what the libraries raise, out of memory among it."""
    try:
        yield
    except (RuntimeError, ValueError, OSError, TypeError, ImportError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise RendererError(f"{what}: {reason}; {advice}") from error


def device() -> tuple[str, str]:
    """The device that is there, and the precision to work at."""
    import torch

    if torch.cuda.is_available():
        return "cuda", "float16"
    return ("mps" if torch.backends.mps.is_available() else "cpu"), "float32"


def find_model(name: str) -> Path:
    """The folder of a model: the one so named, or the cached files of a repo id.

    Raises RendererError, with the command that downloads it.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if not REPO.fullmatch(name):
        raise RendererError(
            f"there is no model folder {name}; give a folder in diffusers' layout, or a repo id of Hugging Face "
            "such as stable-diffusion-v1-5/stable-diffusion-v1-5"
        )
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (OSError, ValueError) as error:
        raise _missing(name, "is neither a folder here nor in the Hugging Face cache") from error


def _missing(name: str, found: str) -> RendererError:
    if not REPO.fullmatch(name) or Path(name).expanduser().is_dir():
        return RendererError(f"the model {name} {found}; give a folder in diffusers' layout, weights as .safetensors")
    # Leaves out the same weights in other forms: .bin, .ckpt, .fp16.safetensors, .non_ema.safetensors.
    return RendererError(f'the model {name} {found}; download it with: hf download {name} --exclude "*.[bcfn]*"')


def check_model(folder: Path, name: str) -> None:
    """Raises RendererError unless ``folder`` holds a whole Stable Diffusion 1.5-class model in safetensors."""
    kind = _class_name(folder / "model_index.json", name)
    if kind not in [f"{known}Pipeline" for known in PIPELINES]:
        raise RendererError(f"the model {name} is a {kind}; give one of the Stable Diffusion 1.5 kind with --model")
    for part in PARTS:
        if not any((folder / part).glob("*.safetensors")):
            raise _missing(name, f"has no {part}/*.safetensors")


def check_control(folder: Path, name: str) -> None:
    """Raises RendererError unless ``folder`` holds a ControlNet in safetensors."""
    kind = _class_name(folder / "config.json", name)
    if kind != "ControlNetModel":
        raise RendererError(f"the model {name} is a {kind}; --control-model takes a ControlNet made for Canny edges")
    if not any(folder.glob("*.safetensors")):
        raise _missing(name, "has no *.safetensors")


def _class_name(path: Path, name: str) -> str:
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["_class_name"])
    except OSError as error:
        raise _missing(name, f"has no {path.name}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise RendererError(f"{path} does not tell the kind of its model; download it again") from error


def contents(folder: Path) -> list[Any]:
    """What tells one state of a model from another: its commit when cached, else its files' sizes and times."""
    if folder.parent.name == "snapshots":
        return [folder.name]
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".json", ".safetensors", ".txt"))
    stats = [(path.relative_to(folder).as_posix(), path.stat()) for path in files]
    return [[name, stat.st_size, stat.st_mtime_ns] for name, stat in stats]


def start_from(request: RenderRequest) -> Floats:
    """The picture that noise is laid over: the plate, and the earlier key where it shows the same thing."""
    if request.carried is None or request.trusted is None:
        return request.plate
    share = request.trusted[..., None]
    return (share * request.carried + (1 - share) * request.plate).astype(F32)


def pad(picture: Floats) -> Floats:
    """``picture`` (H, W, 3) mirrored at its right and bottom up to a multiple of 8; every pixel stays in its place."""
    high, wide = (-side % MULTIPLE for side in picture.shape[:2])
    return np.pad(picture, ((0, high), (0, wide), (0, 0)), mode="reflect")


def edges(picture: Floats) -> Floats:
    """Canny's edges, float32 (H, W, 3) of 0 and 1."""
    found = cv2.Canny(np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8), *CANNY)
    return np.repeat(found[..., None], 3, axis=2).astype(F32) / F32(255)


def check_picture(picture: Floats, start: Floats, frame: int) -> None:
    """Raises RendererError for what a model makes when its numbers run over: no picture, or a black one."""
    if not np.isfinite(picture).all():
        raise RendererError(f"keyframe {frame} came out as no numbers (NaN); try another model, or a lower --cfg")
    if not picture.any() and start.any():
        raise RendererError(f"keyframe {frame} came out all black; try another --seed, --prompt or model")


def _tensor(picture: Floats) -> Any:
    """(H, W, 3) as a batch (1, 3, H, W)."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)[None]))
