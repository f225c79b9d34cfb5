"""The models that a renderer paints with: found at once, loaded when they are first used."""

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

# The names of precisions: what is too much for half is worked again in full.
FULL, HALF = "float32", "float16"


class Parts:
    """The model, its autoencoder, ControlNets, LoRAs and image adapter, as asked for; and what memory they were given.

    model, vae, controls, loras (by name) and adapter: where they lie. memory_savings: what was given up for want of
    memory. pending_notes: what was given up when the model was loaded, to be told with the next key.
    """

    def __init__(self, settings: Settings, permission: DownloadPermission | None = None) -> None:
        """Finds everything and loads nothing. Raises RendererError when a part is missing or of another kind.

        permission: leave to download what is missing, and who is told; without it nothing is downloaded.
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
        """Every file and folder that has a say in a picture."""
        paths = [self.model.path, self.model.config, self.vae, *(control.folder for control in self.controls)]
        paths += [control.annotator for control in self.controls]
        paths += [*self.loras.values()]
        if self.adapter is not None:
            paths += [self.adapter.path, self.adapter.encoder]
        return [path for path in paths if path is not None]

    @cached_property
    def device(self) -> tuple[str, str]:
        """The device and the precision to work at."""
        return loading.choose_device(*self._requested_device)

    @property
    def offload_to(self) -> str | None:
        """The device that parts can wait for in the main memory; None where that is the device's own."""
        return self.device[0] if self.device[0] == "cuda" else None

    @cached_property
    def hash(self) -> str:
        """Of the model, as A1111 shortens it."""
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
        """The loaded ControlNets, one for each control that counts."""
        return loading.load_controls(self.controls, self.base, self.device[0])

    def annotator(self, kind: str, folder: Path) -> Any:
        """The loaded network that makes pictures for a kind of control."""
        if kind not in self._annotators:
            self._annotators[kind] = networks.load_annotator(kind, folder, self.device[0])
        return self._annotators[kind]

    def active_controls(self, frame: int) -> tuple[Control, ...]:
        """The controls that count at a frame."""
        return tuple(control for control in self.controls if control.strength.weight.at(frame) > 0)

    def pipeline(self, frame: int, sampler: str | None, *, from_image: bool) -> Any:
        """The pipeline for a frame, with the ControlNets that count there and a fresh scheduler."""
        active_controls = self.active_controls(frame)
        nets = [net for control, net in zip(self.controls, self.nets, strict=True) if control in active_controls]
        pipeline = loading.pipeline_for(self.base, self.model.family, nets, from_image=from_image)
        pipeline.scheduler = loading.make_scheduler(self.base, sampler)
        return pipeline

    def cast(self, precision: str) -> None:
        """Brings what computes to a precision."""
        import torch

        for part in (*self.base.components.values(), *self.nets):
            if hasattr(part, "parameters"):
                part.to(dtype=getattr(torch, precision))
