"""Checks, before anything is loaded, that ControlNets, LoRAs and autoencoders fit the model.

Families of models differ in the width of the text embeddings that their attention layers take.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from stylize.errors import RendererError
from stylize.renderers.diffusion.models import AUTOENCODER_INPUT, LATENT, Model, read_header

_WIDTHS = MappingProxyType({768: "Stable Diffusion 1.5", 1024: "Stable Diffusion 2", 2048: "Stable Diffusion XL"})
# Weights of a layer of a LoRA that takes text embeddings, as diffusers, kohya and peft name them.
_LORA_LAYER = re.compile(r"attn2.*to_k.*(?:down|lora_A)(?:\.\w+)?\.weight")
_MODEL_LAYER = re.compile(r"model\.diffusion_model\..*attn2\.to_k\.weight")


def model_width(model: Model) -> int | None:
    """Return the width of a model's text embeddings; None if its files do not state it."""
    if model.path.is_file():
        return _layer_width(read_header(model.path, model.name), _MODEL_LAYER)
    return _configured_width(model.path / "unet" / "config.json")


def check_lora(path: Path, model: Model) -> None:
    """Raise RendererError if a LoRA was made for a model with text embeddings of another width."""
    found = _layer_width(read_header(path, str(path)), _LORA_LAYER)
    _check(f"the LoRA {path}", found, model, "--lora or --lora-folder")


def check_control(folder: Path, model: Model) -> None:
    """Raise RendererError if a ControlNet was made for a model with text embeddings of another width."""
    _check(f"the ControlNet {folder}", _configured_width(folder / "config.json"), model, "--control-model")


def check_autoencoder(path: Path) -> None:
    """Raise RendererError if an autoencoder has another number of channels than Stable Diffusion 1.5 and XL."""
    if path.is_file():
        header = read_header(path, str(path))
        shapes = [layer["shape"] for name, layer in header.items() if name.endswith(AUTOENCODER_INPUT)]
        channels = int(shapes[0][1]) if shapes else LATENT
    else:
        own = path / "config.json"
        channels = int(_config(own if own.is_file() else path / "vae" / "config.json").get("latent_channels", LATENT))
    if channels != LATENT:
        raise RendererError(
            f"the autoencoder {path} has {channels} channels, expected {LATENT}, as Stable Diffusion 1.5 and XL have; "
            "give another with --vae"
        )


def _check(what: str, found: int | None, model: Model, option: str) -> None:
    expected = model_width(model)
    if found is not None and expected is not None and found != expected:
        raise RendererError(
            f"{what} takes text embeddings of width {_named(found)}, but those of the model {model.name} have "
            f"{_named(expected)}; give one made for that with {option}"
        )


def _named(width: int) -> str:
    return f"{width} ({_WIDTHS[width]})" if width in _WIDTHS else str(width)


def _layer_width(header: Mapping[str, Any], layer: re.Pattern[str]) -> int | None:
    shapes = (entry["shape"] for name, entry in header.items() if layer.search(name))
    return next((int(shape[1]) for shape in shapes if len(shape) == 2), None)


def _configured_width(path: Path) -> int | None:
    width = _config(path).get("cross_attention_dim")
    return width if isinstance(width, int) else None


def _config(path: Path) -> Mapping[str, Any]:
    """Return a configuration; empty if it cannot be read, which is reported when the model is loaded."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
