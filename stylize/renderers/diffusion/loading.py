"""Loading of models through diffusers for a device and precision, and assembly of the pipeline for each key."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stylize.errors import RendererError
from stylize.renderers.diffusion.control import Control
from stylize.renderers.diffusion.models import SD15, SDXL, Model, weights_variant
from stylize.settings.samplers import SAMPLERS

_NAMES = {SD15: "StableDiffusion", SDXL: "StableDiffusionXL"}
PRECISIONS = {"cuda": "float16", "mps": "float32", "cpu": "float32"}


def choose_device(device: str, precision: str) -> tuple[str, str]:
    """Return device and precision; ``auto`` selects the first available device and a precision that suits it.

    Raises RendererError for a device that is not available.
    """
    import torch

    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device == "auto":
        device = next(name for name, found in available.items() if found)
    if not available[device]:
        found = ", ".join(name for name, usable in available.items() if usable)
        raise RendererError(f"--device {device} is not available to PyTorch; choose one of {found}")
    return device, PRECISIONS[device] if precision == "auto" else precision


@contextmanager
def readable_errors(what: str, advice: str) -> Iterator[None]:
    """Convert errors of the libraries to a one-line RendererError. what: what failed. advice: what to do."""
    try:
        yield
    except (RuntimeError, ValueError, OSError, TypeError, ImportError, KeyError, AttributeError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise RendererError(f"{what}: {reason}; {advice}") from error


def load(model: Model, vae: Path | None, precision: str) -> Any:
    """Load the model as an image-to-image pipeline into main memory. Raises RendererError when that fails."""
    import diffusers
    import torch
    from diffusers.utils import logging
    from transformers.utils import logging as text_logging

    # The libraries' progress bars and log lines would interfere with ours.
    logging.set_verbosity_error()
    text_logging.set_verbosity_error()
    logging.disable_progress_bar()
    text_logging.disable_progress_bar()
    kind = getattr(diffusers, f"{_NAMES[model.family]}Img2ImgPipeline")
    parts: dict[str, Any] = {}
    if model.family == SD15:
        # The safety checker, which blackens pictures, is not loaded.
        parts = {"safety_checker": None, "requires_safety_checker": False}
    kwargs: dict[str, Any] = {"local_files_only": True, **parts}
    with readable_errors(f"the model {model.name} could not be loaded", "fix it, or choose another with --model"):
        if model.config is not None:
            pipeline = kind.from_single_file(str(model.path), config=str(model.config), **kwargs)
        else:
            pipeline = kind.from_pretrained(str(model.path), variant=model.variant, use_safetensors=True, **kwargs)
    if vae is not None:
        with readable_errors(f"the autoencoder {vae} could not be loaded", "fix it, or choose another with --vae"):
            pipeline.register_modules(vae=load_vae(vae, model.config or model.path))
    # The name of the option that sets the precision at loading differs between releases.
    return pipeline.to("cpu", getattr(torch, precision), silence_dtype_warnings=True)


def load_vae(path: Path, config: Path) -> Any:
    """Load an autoencoder from its folder, that folder's parent, or one file. config: configuration of its model."""
    from diffusers import AutoencoderKL

    if path.is_file():
        return AutoencoderKL.from_single_file(str(path), config=str(config), subfolder="vae", local_files_only=True)
    folder = path if (path / "config.json").is_file() else path / "vae"
    variant = weights_variant(folder, str(path))
    return AutoencoderKL.from_pretrained(str(folder), local_files_only=True, use_safetensors=True, variant=variant)


def load_control(control: Control, device: str, precision: str) -> Any:
    """Load the network of a control, on the device. Raises RendererError when it cannot be loaded."""
    import torch
    from diffusers import ControlNetModel

    with readable_errors(f"the ControlNet {control.folder} could not be loaded", "fix it, or choose another"):
        net = ControlNetModel.from_pretrained(
            str(control.folder), local_files_only=True, use_safetensors=True, variant=control.variant
        )
    return net.to(device, getattr(torch, precision))


def pipeline_for(base: Any, family: str, nets: list[Any], *, from_image: bool) -> Any:
    """Assemble a key's pipeline from the parts of ``base``, from an image or noise, with or without ControlNets."""
    import diffusers

    kind = f"{_NAMES[family]}{'ControlNet' if nets else ''}{'Img2Img' if from_image else ''}Pipeline"
    parts = dict(base.components)
    if nets:
        parts["controlnet"] = nets if len(nets) > 1 else nets[0]
    if family == SD15:
        parts["requires_safety_checker"] = False
    else:
        parts["force_zeros_for_empty_prompt"] = base.config.force_zeros_for_empty_prompt
    pipeline = getattr(diffusers, kind)(**parts)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def make_scheduler(base: Any, sampler: str | None) -> Any:
    """Make a new scheduler, of the model's own kind if ``sampler`` is None. Schedulers keep state between steps."""
    import diffusers

    if sampler is None:
        return type(base.scheduler).from_config(base.scheduler.config)
    known = SAMPLERS[sampler]
    # The noise settings come from the model's own scheduler; the spacing of sigmas comes from the sampler.
    config = {k: v for k, v in base.scheduler.config.items() if not k.startswith("use_") and k != "timestep_spacing"}
    return getattr(diffusers, known.kind).from_config({**config, **known.options})
