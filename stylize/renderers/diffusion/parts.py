"""Models of a renderer: located immediately, loaded at first use."""

from functools import cached_property
from pathlib import Path
from typing import Any

from stylize.errors import RendererError
from stylize.renderers.diffusion import adapters, loading, networks
from stylize.renderers.diffusion.control import Control, find_controls
from stylize.renderers.diffusion.frame_settings import all_prompts
from stylize.renderers.diffusion.hub import Source
from stylize.renderers.diffusion.memory import OFFLOADED, MemorySavings
from stylize.renderers.diffusion.models import find_autoencoder, find_model, model_hash
from stylize.renderers.protocol import DownloadPermission
from stylize.settings import Settings

# Names of precisions: a painting that overflows in half precision is repeated in full precision.
FULL, HALF = "float32", "float16"


class Parts:
    """The model, autoencoder, ControlNets, LoRAs and image adapter of the settings, and their memory savings.

    model, vae, controls, loras (by name) and adapter: their locations. memory_savings: applied so far.
    pending_notes: savings applied when the model was loaded, to report with the next key.
    """

    def __init__(self, settings: Settings, permission: DownloadPermission | None = None) -> None:
        """Locate all parts without loading them. Raises RendererError when a part is missing or of another kind.

        permission: permission to download missing parts, with its callbacks; without it nothing is downloaded.
        """
        if settings.model is None:
            raise RendererError("the diffusion renderer needs a model; give a folder, file or repo id with --model")
        self._requested_device = settings.device, settings.dtype
        named = [name for prompt in all_prompts(settings) for name, _ in prompt.loras]
        source = Source(permission, settings.offline, lambda: self.device[1] == HALF)
        self.model = find_model(settings.model, settings.model_config, source)
        self.vae = None if settings.vae is None else find_autoencoder(settings.vae, source)
        self.controls = find_controls(
            settings.control, settings.control_model, self.model.family, settings.annotators, source
        )
        self.loras = adapters.find_loras(settings.lora, named, settings.lora_folder, source)
        self.adapter = None
        if settings.ip_adapter is not None:
            self.adapter = adapters.find_image_adapter(settings.ip_adapter, settings.image_encoder, source)
        self.memory_savings = MemorySavings()
        self.pending_notes: list[str] = []
        self._annotators: dict[str, Any] = {}

    @property
    def paths(self) -> list[Path]:
        """All model files and folders that affect a picture."""
        paths = [self.model.path, self.model.config, self.vae, *(control.folder for control in self.controls)]
        paths += [control.annotator for control in self.controls]
        paths += [*self.loras.values()]
        if self.adapter is not None:
            paths += [self.adapter.path, self.adapter.encoder]
        return [path for path in paths if path is not None]

    @cached_property
    def device(self) -> tuple[str, str]:
        """Device and precision."""
        return loading.choose_device(*self._requested_device)

    @property
    def offload_to(self) -> str | None:
        """Device whose models can be offloaded to main memory; None if the device uses main memory itself."""
        return self.device[0] if self.device[0] == "cuda" else None

    @cached_property
    def hash(self) -> str:
        """Hash of the model, shortened as in A1111."""
        return model_hash(self.model)

    @cached_property
    def base(self) -> Any:
        """The loaded model with its adapters, on the device. Raises RendererError when it cannot be loaded."""
        device, precision = self.device
        pipeline = loading.load(self.model, self.vae, precision)
        with loading.readable_errors("a LoRA or adapter could not be loaded", "give one made for this kind of model"):
            adapters.load_loras(pipeline, self.loras)
            if self.adapter is not None:
                adapters.load_image_adapter(pipeline, self.adapter)
        if self.memory_savings.place(pipeline, device, self.offload_to):
            self.pending_notes.append(f"memory was full, so {OFFLOADED}")
        return pipeline

    @cached_property
    def nets(self) -> list[Any]:
        """The loaded ControlNets, one per control."""
        return loading.load_controls(self.controls, self.base, self.device[0])

    def annotator(self, kind: str, folder: Path) -> Any:
        """Return the network that makes pictures for a kind of control; load it at first use."""
        if kind not in self._annotators:
            self._annotators[kind] = networks.load_annotator(kind, folder, self.device[0])
        return self._annotators[kind]

    def active_controls(self, frame: int) -> tuple[Control, ...]:
        """Return the controls with a positive weight at a frame."""
        return tuple(control for control in self.controls if control.strength.weight.at(frame) > 0)

    def pipeline(self, frame: int, sampler: str | None, *, from_image: bool) -> Any:
        """Return the pipeline for a frame, with the ControlNets active there and a new scheduler."""
        active_controls = self.active_controls(frame)
        nets = [net for control, net in zip(self.controls, self.nets, strict=True) if control in active_controls]
        pipeline = loading.pipeline_for(self.base, self.model.family, nets, from_image=from_image)
        pipeline.scheduler = loading.make_scheduler(self.base, sampler)
        return pipeline

    def cast(self, precision: str) -> None:
        """Cast all networks to a precision."""
        import torch

        for part in (*self.base.components.values(), *self.nets):
            if hasattr(part, "parameters"):
                part.to(dtype=getattr(torch, precision))
