"""Checks of a model before any library is loaded."""

import json
import os

import pytest

from stylize.errors import RendererError
from stylize.renderers.diffusion.models import contents, family_of, find_model, read_header, weights_variant

FIRST = "model.diffusion_model.input_blocks.0.0.weight"
WHOLE = {FIRST: {"shape": [320, 4, 3, 3]}, "first_stage_model.x": {}}


def safetensors(path, header):
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    return path


def test_families_are_distinguished_by_text_encoders():
    assert family_of({**WHOLE, "cond_stage_model.transformer.x": {}}, "m") == "sd15"
    assert family_of({**WHOLE, "conditioner.embedders.1.x": {}}, "m") == "sdxl"
    with pytest.raises(RendererError, match=r"neither a Stable Diffusion 1\.5 nor"):
        family_of({**WHOLE, "cond_stage_model.model.x": {}}, "m")  # 2.x
    with pytest.raises(RendererError, match="is a LoRA"):
        family_of({"lora_unet_x": {}}, "m")
    with pytest.raises(RendererError, match="9 input channels, as inpainting"):
        family_of({**WHOLE, FIRST: {"shape": [320, 9, 3, 3]}}, "m")


@pytest.mark.parametrize("suffix", [".ckpt", ".pt", ".bin", ".pth"])
def test_pickle_is_refused_with_the_reason(tmp_path, suffix):
    path = tmp_path / f"model{suffix}"
    path.write_bytes(b"\x80\x02")
    with pytest.raises(RendererError, match=r"is a pickle, which can execute arbitrary code.*\.safetensors"):
        find_model(str(path))
    with pytest.raises(RendererError, match="pickle"):
        weights_variant(tmp_path, "m")


@pytest.mark.parametrize("data", [b"", b"cut", b"\xff" * 40, (9).to_bytes(8, "little") + b"[1, 2, 3]"])
def test_file_that_is_not_safetensors_is_refused(tmp_path, data):
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    with pytest.raises(RendererError, match=r"safetensors") as error:
        read_header(path, "model")
    assert "\n" not in str(error.value)


def test_half_precision_weights_are_found_by_name(tmp_path):
    (tmp_path / "diffusion_pytorch_model.fp16.safetensors").write_bytes(b"")
    assert weights_variant(tmp_path, "m") == "fp16"
    (tmp_path / "diffusion_pytorch_model.safetensors").write_bytes(b"")
    assert weights_variant(tmp_path, "m") is None


def test_single_file_without_configuration_prints_a_download_command(tmp_path, monkeypatch):
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    path = safetensors(tmp_path / "model.safetensors", {**WHOLE, "cond_stage_model.transformer.x": {}})
    with pytest.raises(RendererError, match=r'hf download stable-diffusion-v1-5.* --include "\*\.json"') as error:
        find_model(str(path))
    assert "\n" not in str(error.value)


def test_configuration_must_be_of_the_same_family(tmp_path):
    path = safetensors(tmp_path / "model.safetensors", {**WHOLE, "conditioner.embedders.1.x": {}})
    (tmp_path / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    with pytest.raises(RendererError, match="is a Stable Diffusion XL model, but the configuration"):
        find_model(str(path), str(tmp_path))


def test_changed_file_is_another_model(tmp_path):
    path = safetensors(tmp_path / "model.safetensors", {})
    before = contents(path)
    safetensors(path, {"more": {}})
    assert contents(path) != before


@pytest.mark.parametrize("whole_folder", [False, True])
def test_model_is_identified_by_contents_not_by_time(tmp_path, monkeypatch, whole_folder):
    (tmp_path / "models").mkdir()
    path = safetensors(tmp_path / "models/model.safetensors", {"first": {}})
    asked = path.parent if whole_folder else path
    before = contents(asked)
    os.utime(path, (1, 1))
    assert contents(asked) == before
    monkeypatch.setattr("stylize.project.digests.digest_of", lambda path: pytest.fail(f"{path} was read again"))
    assert contents(asked) == before
    monkeypatch.undo()
    status = path.stat()
    path.write_bytes(path.read_bytes().replace(b"first", b"other"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert contents(asked) != before
