"""ControlNets: the model and the source of pictures for each kind, checked before any work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from stylize.errors import RendererError
from stylize.renderers.diffusion.hub import CACHE_ONLY, Source
from stylize.renderers.diffusion.models import FAMILY_NAMES, SD15, SDXL, class_name, find_folder, weights_variant
from stylize.renderers.diffusion.networks import check_annotator
from stylize.renderers.diffusion.repo_files import NETWORK
from stylize.settings.conditions import ControlModelSpec, ControlSpec, Strength

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
    """ControlNet in use. requested: its option. folder: folder of its model.
    annotator: folder of the network that makes its pictures from the plate, if any."""

    requested: ControlSpec
    folder: Path
    variant: str | None
    annotator: Path | None = None

    @property
    def kind(self) -> str:
        """Kind of its pictures, such as depth."""
        return self.requested.kind

    @property
    def strength(self) -> Strength:
        """Weight, and range of steps, of its conditioning."""
        return self.requested.strength


def find_controls(
    requested: Sequence[ControlSpec],
    models: Sequence[ControlModelSpec],
    family: str,
    annotators: str | None = None,
    source: Source = CACHE_ONLY,
) -> tuple[Control, ...]:
    """Find the models of the active controls. Raises RendererError when a model is missing or of another kind."""
    by_kind = {model.kind: model.model for model in models}
    return tuple(
        _find(control, by_kind, family, annotators, source) for control in requested if control.strength.is_active
    )


def _find(
    requested: ControlSpec, models: Mapping[str, str], family: str, annotators: str | None, source: Source
) -> Control:
    annotator = check_annotator(requested.kind, annotators, source) if requested.path is None else None
    name = models.get(requested.kind) or MODELS[family].get(requested.kind)
    if name is None:
        raise RendererError(
            f"no default ControlNet is known for {requested.kind} and {FAMILY_NAMES[family]}; give one with "
            f"--control-model {requested.kind}=MODEL"
        )
    if Path(name).expanduser().is_file():
        raise RendererError(
            f"the ControlNet {name} is a single file, expected a folder in diffusers' layout, with config.json; "
            f"give that with --control-model {requested.kind}=FOLDER, or a repo id of Hugging Face"
        )
    folder = find_folder(name, NETWORK, source, "ControlNet", lambda folder: _check_class(folder, name))
    _check_class(folder, name)
    return Control(requested, folder, weights_variant(folder, name), annotator)


def _check_class(folder: Path, name: str) -> None:
    kind = class_name(folder / "config.json", name)
    if kind != "ControlNetModel":
        raise RendererError(f"the model {name} is a {kind}, but --control-model takes a ControlNet; give one")
