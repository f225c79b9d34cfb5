"""LoRAs named in prompts: found in their folder, and nowhere else."""

from pathlib import Path

import pytest

from stylize.errors import RendererError
from stylize.renderers.diffusion.adapters import find_loras


def lora(path: Path) -> Path:
    """A file with a valid header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((2).to_bytes(8, "little") + b"{}")
    return path


def test_prompt_can_name_loras_of_the_folder_and_its_subfolders(tmp_path: Path) -> None:
    one, other = lora(tmp_path / "loras/ink.safetensors"), lora(tmp_path / "loras/paint/oil.v2.safetensors")
    assert find_loras((), ["ink", "paint/oil.v2"], tmp_path / "loras") == {"ink": one, "paint/oil.v2": other}


@pytest.mark.parametrize("name", ["../secret", "paint/../../secret", "{}/secret", ".."])
def test_prompt_cannot_name_a_file_outside_the_folder(tmp_path: Path, name: str) -> None:
    lora(tmp_path / "secret.safetensors")
    lora(tmp_path / "loras/paint/oil.safetensors")
    with pytest.raises(RendererError, match="but it is not in --lora-folder"):
        find_loras((), [name.format(tmp_path)], tmp_path / "loras")
