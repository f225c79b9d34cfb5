"""Diffusion models: search, detection of the family, rejection of unsupported models, and identification of versions.

A model is a folder in diffusers' layout, a Hugging Face repo id, or a single .safetensors file.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

from stylize.errors import RendererError
from stylize.project.model_digests import model_digest
from stylize.renderers.diffusion.hub import CACHE_ONLY, Source, is_inside, is_remote, split
from stylize.renderers.diffusion.repo_files import (
    AUTOENCODER,
    CONFIGURATION,
    WEIGHTS,
    Needed,
    files,
    pipeline,
    read_weights,
)

SD15, SDXL = "sd15", "sdxl"
FAMILY_NAMES = MappingProxyType({SD15: "Stable Diffusion 1.5", SDXL: "Stable Diffusion XL"})
# Pipelines whose weights are supported; inpainting, refiner and instruction models have other inputs.
_KINDS = MappingProxyType(
    {
        f"{kind}{what}Pipeline": family
        for family, kind in ((SD15, "StableDiffusion"), (SDXL, "StableDiffusionXL"))
        for what in ("", "Img2Img", "ControlNet", "ControlNetImg2Img")
    }
    | {"LatentConsistencyModelPipeline": SD15}
)
_PARTS = MappingProxyType(
    {
        SD15: ("unet", "vae", "text_encoder", "tokenizer"),
        SDXL: ("unet", "vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2"),
    }
)
# Repos, as named in diffusers, with the configuration and vocabulary for single-file models.
CONFIGS = MappingProxyType(
    {SD15: "stable-diffusion-v1-5/stable-diffusion-v1-5", SDXL: "stabilityai/stable-diffusion-xl-base-1.0"}
)
PICKLES = (".ckpt", ".pt", ".pth", ".bin", ".pkl")
# Files needed from a repo with a complete model in diffusers' layout.
PIPELINE = pipeline(lambda wide: _PARTS[SDXL if wide else SD15])
_FIRST_LAYER = ("model.diffusion_model.input_blocks.0.0.weight", "conv_in.weight")
# Name of a layer that every autoencoder has.
AUTOENCODER_INPUT = "decoder.conv_in.weight"
# Input channels of a network that takes only a latent picture. Models with nine also take a mask and a picture.
LATENT = 4
_LARGEST_HEADER = 100_000_000


@dataclass(frozen=True)
class Model:
    """Model that was found. name: as given. path: folder or file. config: configuration of a single file, else None.

    variant: suffix before .safetensors in the names of its weights, such as fp16.
    """

    name: str
    path: Path
    family: str
    config: Path | None = None
    variant: str | None = None


def find_model(name: str, config: str | None = None, source: Source = CACHE_ONLY) -> Model:
    """Find a model by name, and check it as far as possible without loading it.

    config: a folder or repo id with the configuration of a single-file model. Raises RendererError.
    """
    path = find_file(name, source)
    if path is not None:
        family = family_of(read_header(path, name), name)
        return Model(name, path, family, _config_of(family, name, config, source))
    if config is not None:
        raise RendererError("--model-config is for a model in a single .safetensors file; leave it out for a folder")
    folder = find_folder(name, PIPELINE, source, check=lambda folder: _check_kind(folder, name))
    return _check_folder(folder, name)


def known_family(name: str) -> str | None:
    """Return the family of a model; None if it cannot be determined without a download, or is not supported."""
    try:
        path = find_file(name)
        if path is not None:
            return family_of(read_header(path, name), name)
        return _family_of_class(find_folder(name, PIPELINE), name)
    except (RendererError, ModuleNotFoundError):  # the latter for the cache of downloads, which an extra can read
        return None


def find_file(name: str, source: Source = CACHE_ONLY, what: str = "model") -> Path | None:
    """Find a file on disk or in a repo; return None if the name is not that of a file. Raises RendererError."""
    path = Path(name).expanduser()
    if path.is_file():
        return path
    if is_inside(name) and path.suffix:
        refuse_pickle(path)
        repo, inside = split(name)
        return source.find(repo, files(inside), what) / inside
    return None


def find_folder(
    name: str,
    needed: Needed,
    source: Source = CACHE_ONLY,
    what: str = "model",
    check: Callable[[Path], object] = lambda folder: None,
) -> Path:
    """Find a folder, or the files of a repo: see ``Source.find``. Raises RendererError."""
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    refuse_pickle(folder)
    if not is_remote(name) or folder.is_file():
        raise RendererError(
            f"there is no {what} {name}; give a folder in diffusers' layout, a .safetensors file, or a repo id of "
            "Hugging Face such as stable-diffusion-v1-5/stable-diffusion-v1-5"
        )
    return source.find(name, needed, what, check)


def find_autoencoder(name: str, source: Source = CACHE_ONLY) -> Path:
    """Find the folder or file of an autoencoder. Raises RendererError when it is missing or not an autoencoder."""
    path = find_file(name, source, "autoencoder")
    if path is None:
        return find_folder(name, AUTOENCODER, source, "autoencoder")
    if not {AUTOENCODER_INPUT, f"first_stage_model.{AUTOENCODER_INPUT}"} & set(read_header(path, name)):
        raise RendererError(f"{name} is not a Stable Diffusion autoencoder, as --vae requires; give one")
    return path


def refuse_pickle(path: Path) -> None:
    """Raise RendererError for a pickle, which can execute code when it is loaded."""
    if path.suffix.lower() in PICKLES:
        raise RendererError(
            f"{path} is a pickle, which can execute arbitrary code when it is loaded; get the model as .safetensors"
        )


def _missing(name: str, found: str) -> RendererError:
    return RendererError(f"the model {name} {found}; give a folder in diffusers' layout, with weights as {WEIGHTS}")


def _config_of(family: str, name: str, config: str | None, source: Source) -> Path:
    chosen = config or CONFIGS[family]
    try:
        folder = find_folder(chosen, CONFIGURATION, source, "configuration")
    except RendererError as error:
        raise RendererError(
            f"{name} is a single file and needs a configuration from a folder or repo, --model-config: {error}"
        ) from error
    kind = _family_of_class(folder, chosen)
    if kind != family:
        raise RendererError(
            f"{name} is a {FAMILY_NAMES[family]} model, but the configuration {chosen} is for {FAMILY_NAMES[kind]}; "
            "give another"
        )
    return folder


def _family_of_class(folder: Path, name: str) -> str:
    kind = class_name(folder / "model_index.json", name)
    if kind not in _KINDS:
        known = " or ".join(FAMILY_NAMES.values())
        raise RendererError(f"the model {name} is a {kind}, expected {known}; give another with --model")
    return _KINDS[kind]


def _check_kind(folder: Path, name: str) -> str:
    """Return the family that the configurations name. Raises RendererError for a model of another kind."""
    family = _family_of_class(folder, name)
    try:
        unet_config = json.loads((folder / "unet" / "config.json").read_text(encoding="utf-8"))
        channels = int(unet_config.get("in_channels", LATENT))
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise _missing(name, "has no readable unet/config.json") from error
    _check_channels(channels, name)
    return family


def _check_folder(folder: Path, name: str) -> Model:
    family = _family_of_class(folder, name)
    variants = []
    for part in _PARTS[family]:
        if part.startswith("tokenizer"):
            if not (folder / part).is_dir():
                raise _missing(name, f"has no {part}/")
            continue
        variants.append(weights_variant(folder / part, name))
    _check_kind(folder, name)
    # For parts that lack the variant, diffusers loads the plain weights.
    return Model(name, folder, family, variant=next((v for v in variants if v is not None), None))


def weights_variant(folder: Path, name: str) -> str | None:
    """Return the suffix before .safetensors of a folder's weights, None if plain. Raises RendererError without any."""
    found = [read_weights(path.name) for path in sorted(folder.glob(f"*{WEIGHTS}"))]
    variants = [weights.variant for weights in found if weights is not None]
    if not variants:
        for path in sorted(folder.glob("*")):
            refuse_pickle(path)
        raise _missing(name, f"has no {folder.name}/*{WEIGHTS}")
    return None if None in variants else variants[0]


def class_name(path: Path, name: str) -> str:
    """Return the model class that a configuration names. Raises RendererError when it cannot be read."""
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["_class_name"])
    except OSError as error:
        raise _missing(name, f"has no {path.name}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RendererError(f"{path} does not state the class of its model; download it again") from error


def read_header(path: Path, name: str) -> Mapping[str, Any]:
    """Read only the names and shapes of the weights in a .safetensors file. Raises RendererError."""
    refuse_pickle(path)
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(size)) if 2 <= size <= _LARGEST_HEADER else None
    except (OSError, ValueError, RecursionError) as error:
        raise RendererError(f"the model {name} cannot be read as {WEIGHTS}; download it again") from error
    if not isinstance(header, dict):
        raise RendererError(f"the model {name} is not a {WEIGHTS} file; give one, or a folder in diffusers' layout")
    return header


def family_of(header: Mapping[str, Any], name: str) -> str:
    """Return the family of a complete single-file model. Raises RendererError for any other file."""
    first = next((header[layer] for layer in _FIRST_LAYER if layer in header), None)
    if first is None or not any(layer.startswith("first_stage_model.") for layer in header):
        raise RendererError(
            f"{name} is not a complete Stable Diffusion model; if it is a LoRA, a VAE or a ControlNet, give it with "
            "--lora, --vae or --control-model"
        )
    _check_channels(int(first["shape"][1]), name)
    if any(layer.startswith("conditioner.embedders.1.") for layer in header):
        return SDXL
    if any(layer.startswith("cond_stage_model.transformer.") for layer in header):
        return SD15
    raise RendererError(
        f"{name} is neither a {FAMILY_NAMES[SD15]} nor a {FAMILY_NAMES[SDXL]} model; give one of these with --model"
    )


def _check_channels(channels: int, name: str) -> None:
    if channels != LATENT:
        raise RendererError(
            f"the model {name} takes {channels} input channels, as inpainting models do; give its base model, which "
            f"takes {LATENT}"
        )


def contents(path: Path, *, verify: bool = False) -> list[Any]:
    """Identify the version of a model: its commit if cached, else names and digests of its files.

    verify: read the files again, even if their status has not changed.
    """
    if path.is_file():
        return [[path.name, model_digest(path, verify=verify)]]
    if path.parent.name == "snapshots":
        return [path.name]
    files = sorted(file for file in path.rglob("*") if file.suffix in (".json", ".txt", WEIGHTS, *PICKLES))
    return [[file.relative_to(path).as_posix(), model_digest(file, verify=verify)] for file in files]


def weights_size(path: Path) -> int:
    """Return the size of the weights in a file or folder, in bytes."""
    files = [path] if path.is_file() else path.rglob(f"*{WEIGHTS}")
    return sum(file.stat().st_size for file in files)


def model_hash(model: Model) -> str:
    """Return a model's hash as in A1111: ten digits of the SHA-256 of its file, or of the UNet's in a folder."""
    digest = sha256()
    files = [model.path] if model.path.is_file() else sorted((model.path / "unet").glob(f"*{WEIGHTS}"))
    for path in files:
        with path.open("rb") as file:
            while block := file.read(1 << 22):
                digest.update(block)
    return digest.hexdigest()[:10]
