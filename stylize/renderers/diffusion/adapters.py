"""Search, loading and weights of LoRAs and of the IP-Adapter, which conditions on pictures like prompts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stylize.errors import RendererError
from stylize.renderers.diffusion.hub import CACHE_ONLY, Source, is_inside
from stylize.renderers.diffusion.models import find_file, find_folder, read_header, refuse_pickle
from stylize.renderers.diffusion.repo_files import NETWORK, WEIGHTS
from stylize.settings.conditions import Strength, WeightsSpec


@dataclass(frozen=True)
class ImageAdapter:
    """IP-Adapter. path: its weights. encoder: folder of the model that encodes the reference picture."""

    path: Path
    strength: Strength
    encoder: Path


def find_loras(
    requested: Sequence[WeightsSpec], named: Sequence[str], folder: Path | None, source: Source = CACHE_ONLY
) -> dict[str, Path]:
    """Return the files of all LoRAs by name, the file's stem. named: LoRAs named in prompts, searched in ``folder``.

    Raises RendererError for a LoRA that is missing, is a pickle, or shares its name with another.
    """
    found: dict[str, Path] = {}
    for one in requested:
        path = _find_weights(one.path, "LoRA", source)
        if found.setdefault(path.stem, path) != path:
            raise RendererError(f"two LoRAs have the name {path.stem}: {found[path.stem]} and {path}; rename one")
    for name in named:
        if name in found:
            continue
        if folder is None:
            raise RendererError(
                f"the prompt names <lora:{name}>; give the folder that contains it with --lora-folder FOLDER"
            )
        found[name] = _find_weights(_inside(folder, name), "LoRA", source)
    return found


def _inside(folder: Path, name: str) -> Path:
    """Return the file of a LoRA that a prompt names. Raises RendererError if it is missing or outside the folder."""
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise RendererError(
            f"the prompt names <lora:{name}>, but it is not in --lora-folder {folder}; move the file there, or give it "
            "with --lora FILE"
        )
    return folder / f"{name}{WEIGHTS}"


def find_image_adapter(requested: WeightsSpec, encoder: str | None, source: Source = CACHE_ONLY) -> ImageAdapter:
    """Find the adapter's files. encoder: a folder or repo id; None searches next to the adapter, as in its repo.

    Raises RendererError when one is missing.
    """
    path = _find_weights(requested.path, "IP-Adapter", source)
    sibling = path.parent / "image_encoder"
    if encoder is None and is_inside(str(requested.path)):
        encoder = f"hf://{Path(*requested.path.parts[1:]).parent.as_posix()}/image_encoder"
    if encoder is None and not sibling.is_dir():
        raise RendererError(
            f"the adapter {path} needs an image encoder, but there is no {sibling}; give its folder "
            "with --image-encoder FOLDER"
        )
    folder = sibling if encoder is None else find_folder(encoder, NETWORK, source, "image encoder")
    if not any(folder.glob(f"*{WEIGHTS}")):
        raise RendererError(f"{folder} has no *{WEIGHTS} file; give a folder that has one with --image-encoder FOLDER")
    return ImageAdapter(path, requested.strength, folder)


def lora_weights(requested: Sequence[WeightsSpec], named: Sequence[tuple[str, float]], frame: int) -> dict[str, float]:
    """Return the nonzero weight of each LoRA at a frame; the weights of repeated names are added."""
    weights: dict[str, float] = {}
    listed = [(one.path.stem, one.strength.weight.at(frame)) for one in requested]
    for name, weight in [*listed, *named]:
        weights[name] = weights.get(name, 0.0) + weight
    return {name: weight for name, weight in weights.items() if weight != 0}


def load_loras(pipeline: Any, files: Mapping[str, Path]) -> None:
    """Load every LoRA into the pipeline; ``set_lora_weights`` sets the weights of each key."""
    for name, path in files.items():
        pipeline.load_lora_weights(str(path.parent), weight_name=path.name, adapter_name=_adapter_name(name))


def set_lora_weights(pipeline: Any, files: Mapping[str, Path], weights: Mapping[str, float]) -> None:
    """Set the weight of each LoRA in ``weights``, and disable the others."""
    if not files:
        return
    if not weights:
        pipeline.disable_lora()
        return
    pipeline.enable_lora()
    pipeline.set_adapters([_adapter_name(name) for name in weights], list(weights.values()))


def load_image_adapter(pipeline: Any, adapter: ImageAdapter) -> None:
    """Load the adapter and its encoder into the pipeline."""
    from transformers import CLIPVisionModelWithProjection

    encoder = CLIPVisionModelWithProjection.from_pretrained(
        str(adapter.encoder), local_files_only=True, use_safetensors=True
    )
    pipeline.register_modules(image_encoder=encoder.to(pipeline.device, pipeline.unet.dtype))
    pipeline.load_ip_adapter(
        str(adapter.path.parent), subfolder="", weight_name=adapter.path.name, image_encoder_folder=None,
        local_files_only=True,
    )  # fmt: skip


def _find_weights(path: Path, what: str, source: Source) -> Path:
    refuse_pickle(path)
    found = find_file(str(path), source, what)
    if found is None:
        raise RendererError(f"there is no {what} {path}; give a {WEIGHTS} file, local or as hf://owner/name/file")
    read_header(found, str(path))
    return found


def _adapter_name(name: str) -> str:
    """Return a name that is valid as part of a module name: peft splits names at dots."""
    return name.replace(".", "_")
