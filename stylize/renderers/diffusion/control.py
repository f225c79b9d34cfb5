"""ControlNets: which model serves a kind, checked before any work, and the pictures that lead it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from stylize.errors import RendererError
from stylize.renderers.diffusion.hub import HERE, Source
from stylize.renderers.diffusion.models import SAID, SD15, SDXL, class_name, find_folder, weights_variant
from stylize.renderers.diffusion.networks import check_annotator
from stylize.renderers.diffusion.repo_files import NETWORK
from stylize.settings.conditions import ControlAsked, ModelAsked, Strength

_V11 = "lllyasviel/control_v11"
MODELS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        SD15: {
            "canny": f"{_V11}p_sd15_canny", "softedge": f"{_V11}p_sd15_softedge", "lineart": f"{_V11}p_sd15_lineart",
            "lineart_anime": f"{_V11}p_sd15s2_lineart_anime", "depth": f"{_V11}f1p_sd15_depth",
            "normal": f"{_V11}p_sd15_normalbae", "openpose": f"{_V11}p_sd15_openpose", "tile": f"{_V11}f1e_sd15_tile",
            "shuffle": f"{_V11}e_sd15_shuffle",
        },
        SDXL: {
            "canny": "diffusers/controlnet-canny-sdxl-1.0", "depth": "diffusers/controlnet-depth-sdxl-1.0",
            "softedge": "SargeZT/controlnet-sd-xl-1.0-softedge-dexined", "tile": "xinsir/controlnet-tile-sdxl-1.0",
            "openpose": "thibaud/controlnet-openpose-sdxl-1.0",
        },
    }
)  # fmt: skip


@dataclass(frozen=True)
class Control:
    """A ControlNet that leads. asked: as it was asked for. folder: of its model.
    annotator: folder of the network that makes its pictures from the plate, if one does."""

    asked: ControlAsked
    folder: Path
    variant: str | None
    annotator: Path | None = None

    @property
    def kind(self) -> str:
        """What its pictures show."""
        return self.asked.kind

    @property
    def strength(self) -> Strength:
        """How strongly it leads, and when."""
        return self.asked.strength


def find_controls(
    asked: Sequence[ControlAsked],
    models: Sequence[ModelAsked],
    family: str,
    annotators: str | None = None,
    source: Source = HERE,
) -> tuple[Control, ...]:
    """The controls that count, with their models. Raises RendererError when one is missing or of another kind."""
    by_kind = {model.kind: model.model for model in models}
    return tuple(_find(control, by_kind, family, annotators, source) for control in asked if control.strength.counts)


def _find(
    asked: ControlAsked, models: Mapping[str, str], family: str, annotators: str | None, source: Source
) -> Control:
    annotator = check_annotator(asked.kind, annotators, source) if asked.path is None else None
    name = models.get(asked.kind) or MODELS[family].get(asked.kind)
    if name is None:
        raise RendererError(
            f"no ControlNet for {asked.kind} and {SAID[family]} is known here; give one with "
            f"--control-model {asked.kind}=MODEL"
        )
    folder = find_folder(name, NETWORK, source, "ControlNet", lambda folder: _check_class(folder, name))
    _check_class(folder, name)
    return Control(asked, folder, weights_variant(folder, name), annotator)


def _check_class(folder: Path, name: str) -> None:
    kind = class_name(folder / "config.json", name)
    if kind != "ControlNetModel":
        raise RendererError(f"the model {name} is a {kind}; --control-model takes a ControlNet")
