"""Local SAM 2 video models: a folder in the format of transformers, or a repo id in the Hugging Face cache.

Nothing is downloaded; errors name the missing file and the command that downloads it.
"""

import hashlib
import json
import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from masks.segment import Segmenter
from masks.segment_sam2 import Levels, Sam2Segmenter
from stylize.errors import MatteError

DEFAULT_MODEL = "facebook/sam2.1-hiera-tiny"
MODEL_TYPE, CONFIG, WEIGHTS = "sam2_video", "config.json", "*.safetensors"
# Files with the mean and standard deviation of a processor, newest format first. The first has them in a subsection.
_PROCESSOR_CONFIGS = ("processor_config.json", "preprocessor_config.json", "video_preprocessor_config.json")
_REPO = re.compile(r"[\w.-]+/[\w.-]+")
_REQUIRED_LIBRARIES = ("torch", "transformers", "safetensors")
_BLOCK = 1 << 22
# Errors that transformers raises for invalid files.
_LOAD_ERRORS = (OSError, RuntimeError, ValueError, TypeError, KeyError, AttributeError, ImportError)


def open_sam2(name: str) -> Segmenter:
    """Return the model of a folder or repo id. It is validated without loading its weights. Raises MatteError."""
    if Path(name).expanduser().is_file():
        raise MatteError(
            f"--matte-model {name}: expected a SAM 2 video model (a folder, or a repo id such as {DEFAULT_MODEL}), "
            "found a file"
        )
    missing = [library for library in _REQUIRED_LIBRARIES if find_spec(library) is None]
    if missing:
        raise MatteError(
            f"--click and --box need libraries that are not installed ({', '.join(missing)}); run pip install "
            "'.[sam2]' in the source folder of stylize"
        )
    folder = _model_folder(name)
    config = _read_json(folder / CONFIG, name)
    if config.get("model_type") != MODEL_TYPE:
        model_type = config.get("model_type", "an unknown model type")
        raise MatteError(
            f"--matte-model {name}: expected a SAM 2 video model ({MODEL_TYPE}), such as {DEFAULT_MODEL}, found "
            f"{model_type}; {_download_hint(DEFAULT_MODEL)}"
        )
    weights = sorted(folder.glob(WEIGHTS))
    if not weights:
        raise MatteError(f"--matte-model {name}: expected {WEIGHTS}, found none; {_download_hint(name)}")
    return Sam2Segmenter(_loader(folder, name), _weights_digest([folder / CONFIG, *weights]), _levels(folder, name))


def _model_folder(name: str) -> Path:
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if not _REPO.fullmatch(name):
        raise MatteError(
            f"--matte-model {name}: no such folder; give a folder, or a repo id such as {DEFAULT_MODEL}; "
            f"{_download_hint(DEFAULT_MODEL)}"
        )
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (OSError, ValueError) as error:
        raise MatteError(
            f"--matte-model {name}: neither a local folder nor in the Hugging Face cache; {_download_hint(name)}"
        ) from error


def _download_hint(name: str) -> str:
    repo = name if _REPO.fullmatch(name) and not Path(name).expanduser().is_dir() else DEFAULT_MODEL
    return f'download it with: hf download {repo} --include "*.json" --include "{WEIGHTS}"'


def _read_json(path: Path, name: str) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MatteError(f"--matte-model {name}: expected {path.name}, found none; {_download_hint(name)}") from error
    except (ValueError, RecursionError) as error:
        raise MatteError(
            f"--matte-model {name}: its {path.name} cannot be read ({error}); {_download_hint(name)}"
        ) from error
    if not isinstance(content, dict):
        raise MatteError(f"--matte-model {name}: its {path.name} contains no settings; {_download_hint(name)}")
    return content


def _levels(folder: Path, name: str) -> Levels:
    """Return the normalisation of the model's processor. The default is that of all published models."""
    for file in _PROCESSOR_CONFIGS:
        if (folder / file).is_file():
            config = _read_json(folder / file, name)
            config = config.get("image_processor", config)
            if isinstance(config, dict) and "image_mean" in config and "image_std" in config:
                return Levels(tuple(map(float, config["image_mean"])), tuple(map(float, config["image_std"])))
    return Levels()


def _weights_digest(files: list[Path]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for path in files:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()


def _loader(folder: Path, name: str) -> Callable[[], Any]:
    """Return a function that loads the model. It raises ValueError if the weights do not fit the model."""

    def load() -> Any:
        import torch
        from safetensors import SafetensorError
        from transformers import Sam2VideoModel
        from transformers.utils import logging

        bars, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
        logging.disable_progress_bar()
        logging.set_verbosity_error()
        try:
            model, loading_info = Sam2VideoModel.from_pretrained(
                folder, local_files_only=True, use_safetensors=True, dtype=torch.float32, output_loading_info=True
            )
        except (*_LOAD_ERRORS, SafetensorError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise ValueError(f"{name} cannot be loaded ({reason}); download it again") from error
        finally:
            logging.set_verbosity(level)
            if bars:
                logging.enable_progress_bar()
        missing = loading_info["missing_keys"]
        if missing:
            raise ValueError(f"{name} lacks {len(missing)} of its weights, such as {min(missing)}; download it again")
        return model

    return load
