"""Models of a renderer: located immediately, loaded at first use, and shared by the renderers of a run."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from propagate.arrays import Floats
from stylize.context.model_store import ModelStore
from stylize.errors import RendererError
from stylize.renderers.diffusion import adapters, loading, networks
from stylize.renderers.diffusion.activation_cache import cache_key
from stylize.renderers.diffusion.compatibility import check_autoencoder, check_control, check_lora
from stylize.renderers.diffusion.control import Control, find_controls
from stylize.renderers.diffusion.frame_settings import all_prompts
from stylize.renderers.diffusion.hub import Source
from stylize.renderers.diffusion.memory import OFFLOADED, MemorySavings, free, has_room
from stylize.renderers.diffusion.models import contents, find_autoencoder, find_model, model_hash, weights_size
from stylize.renderers.protocol import DownloadPermission
from stylize.settings import Settings

# Names of precisions: a painting that overflows in half precision is repeated in full precision.
FULL, HALF = "float32", "float16"


@dataclass
class LoadedModel:
    """Model with its autoencoder, LoRAs and image adapter, on the device. pipeline: of diffusers.

    memory_savings: applied so far. pending_notes: savings applied when it was loaded, to report with the next key.
    """

    pipeline: Any
    memory_savings: MemorySavings = field(default_factory=MemorySavings)
    pending_notes: list[str] = field(default_factory=list)


class Parts:
    """The model, autoencoder, ControlNets, LoRAs and image adapter of the settings.

    model, vae, controls, loras (by name) and adapter: their locations. store: those that are loaded.
    """

    def __init__(
        self, settings: Settings, permission: DownloadPermission | None = None, store: ModelStore | None = None
    ) -> None:
        """Locate all parts without loading them. Raises RendererError when a part is missing or of another kind.

        permission: permission to download missing parts, with its callbacks; without it nothing is downloaded.
        store: models that the renderers of a run share; without it, each loads its own.
        """
        if settings.model is None:
            raise RendererError("the diffusion renderer needs a model; give a folder, file or repo id with --model")
        self.store = ModelStore() if store is None else store
        self._requested_device, self._verify = (settings.device, settings.dtype), settings.verify
        self._versions: dict[Path, list[Any]] = {}
        named = [name for prompt in all_prompts(settings) for name, _ in prompt.loras]
        source = Source(permission, settings.offline, lambda: self.device[1] == HALF)
        self.model = find_model(settings.model, settings.model_config, source)
        self.vae = None if settings.vae is None else find_autoencoder(settings.vae, source)
        self.controls = find_controls(
            settings.control, settings.control_model, self.model.family, settings.annotators, source
        )
        self.loras = adapters.find_loras(settings.lora, named, settings.lora_folder, source)
        self._check_compatibility()
        self.adapter = None
        if settings.ip_adapter is not None:
            self.adapter = adapters.find_image_adapter(settings.ip_adapter, settings.image_encoder, source)

    def _check_compatibility(self) -> None:
        if self.vae is not None:
            check_autoencoder(self.vae)
        for control in self.controls:
            check_control(control.folder, self.model)
        for path in self.loras.values():
            check_lora(path, self.model)

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
    def contents(self) -> list[Any]:
        """Versions of ``paths``, in their order."""
        return [self.contents_of(path) for path in self.paths]

    def contents_of(self, path: Path) -> list[Any]:
        """Return the version of a model, identified once."""
        if path not in self._versions:
            self._versions[path] = contents(path, verify=self._verify)
        return self._versions[path]

    @cached_property
    def identity(self) -> str:
        """Identity of the loaded model: with other files, device or precision, it has to be loaded again."""
        return self._identity("model", self._model_paths, list(self.loras), self.model.variant)

    @property
    def _model_paths(self) -> list[Path | None]:
        adapter = () if self.adapter is None else (self.adapter.path, self.adapter.encoder)
        return [self.model.path, self.model.config, self.vae, *self.loras.values(), *adapter]

    def _identity(self, what: str, located: Sequence[Path | None], *facts: Any) -> str:
        versions = dict(zip(self.paths, self.contents, strict=True))
        files = [None if path is None else [str(path), versions[path]] for path in located]
        return cache_key(what, files, *facts, *self.device)

    @property
    def loaded(self) -> LoadedModel:
        """The loaded model with its adapters, on the device. Raises RendererError when it cannot be loaded."""
        return self.store.get(self.identity, self._load)

    @property
    def base(self) -> Any:
        """The loaded model as a pipeline of diffusers; see ``loaded``."""
        return self.loaded.pipeline

    @property
    def memory_savings(self) -> MemorySavings:
        """Savings that the loaded model needed so far."""
        return self.loaded.memory_savings

    def _load(self) -> LoadedModel:
        device, precision = self.device
        if not has_room(device, sum(weights_size(path) for path in self._model_paths if path is not None)):
            self.release_others()
        pipeline = loading.load(self.model, self.vae, precision)
        with loading.readable_errors("a LoRA or adapter could not be loaded", "give one made for this kind of model"):
            adapters.load_loras(pipeline, self.loras)
            if self.adapter is not None:
                adapters.load_image_adapter(pipeline, self.adapter)
        made = LoadedModel(pipeline)
        if made.memory_savings.place(pipeline, device, self.offload_to, self.release_others):
            made.pending_notes.append(f"memory was exhausted, so {OFFLOADED}")
        return made

    @property
    def nets(self) -> list[Any]:
        """The loaded ControlNets, one per control."""
        _ = self.loaded  # which silences the libraries
        return [self.store.get(self._net_identity(one), partial(self._load_net, one)) for one in self.controls]

    def _net_identity(self, control: Control) -> str:
        return self._identity("control", [control.folder], control.variant)

    def _load_net(self, control: Control) -> Any:
        return loading.load_control(control, *self.device)

    def annotate(self, kind: str, folder: Path, plate: Floats) -> Floats:
        """Return the picture of a plate that a network makes for a kind of control; see ``networks.annotate``.

        Pictures are stored for the run: further seeds, attempts and layers need the same ones.
        """
        identity = self._annotator_identity(kind, folder)

        def make() -> Floats:
            load = partial(networks.load_annotator, kind, folder, self.device[0])
            return networks.annotate(self.store.get(identity, load), plate)

        return self.store.results.get(cache_key(identity, plate), make)

    def _annotator_identity(self, kind: str, folder: Path) -> str:
        return self._identity(f"annotator {kind}", [folder])

    def release_others(self) -> bool:
        """Release the memory of models that other renderers of the run have loaded. Return whether there were any."""
        own = {self.identity, *map(self._net_identity, self.controls)}
        own |= {self._annotator_identity(one.kind, one.annotator) for one in self.controls if one.annotator}
        released = self.store.release(own)
        if released:
            free()
        return released

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
