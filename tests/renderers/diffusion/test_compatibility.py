"""Parts that do not fit the model are refused before anything is loaded."""

import json
import re

import pytest

from stylize.errors import RendererError
from stylize.renderers.diffusion.adapters import find_loras
from stylize.renderers.diffusion.compatibility import check_autoencoder, check_control, check_lora, model_width
from stylize.renderers.diffusion.control import find_controls
from stylize.renderers.diffusion.models import Model
from stylize.settings import Settings
from tests.renderers.diffusion.test_options import NETS, renderer
from tests.renderers.diffusion.test_renderer import pytestmark as quietly

pytestmark = quietly


def weights(path, **shapes):
    """A file with a header of weights, and no weights."""
    header = {name: {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]} for name, shape in shapes.items()}
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    return path


def folder(path, **config):
    path.mkdir(parents=True)
    (path / "config.json").write_text(json.dumps(config))
    return path


@pytest.fixture
def small(tmp_path):
    """A model of the width of Stable Diffusion 1.5."""
    folder(tmp_path / "small" / "unet", cross_attention_dim=768)
    return Model("small", tmp_path / "small", "sd15")


@pytest.fixture
def large(tmp_path):
    """A single-file model of the width of Stable Diffusion XL."""
    name = "model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight"
    return Model("large", weights(tmp_path / "large.safetensors", **{name: [640, 2048]}), "sdxl")


def assert_refused(check, message):
    with pytest.raises(RendererError, match=re.escape(message)) as error:
        check()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "name",
    [
        "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight",
        "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.lora.down.weight",
        "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.processor.to_k_lora.down.weight",
        "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight",
        "base_model.model.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.default.weight",
    ],
)
def test_lora_of_another_family_is_refused(tmp_path, small, large, name):
    own = name.replace("attn2", "attn1")  # whose width is that of the layer
    path = weights(tmp_path / "ink.safetensors", **{own: [4, 320], name: [4, 768]})
    check_lora(path, small)
    assert_refused(
        lambda: check_lora(path, large),
        f"the LoRA {path} takes text embeddings of width 768 (Stable Diffusion 1.5), but those of the model large have "
        "2048 (Stable Diffusion XL); give one made for that with --lora",
    )
    check_lora(weights(tmp_path / "text.safetensors", **{own: [4, 320]}), large)  # states no width


def test_controlnet_of_another_family_is_refused(tmp_path, small, large):
    net = folder(tmp_path / "net", cross_attention_dim=2048)
    check_control(net, large)
    assert_refused(lambda: check_control(net, small), "(Stable Diffusion XL), but those of the model small have 768")
    assert_refused(
        lambda: check_control(folder(tmp_path / "two", cross_attention_dim=1024), small), "1024 (Stable Diffusion 2)"
    )


def test_autoencoder_of_other_channels_is_refused(tmp_path):
    check_autoencoder(folder(tmp_path / "a", latent_channels=4))
    check_autoencoder(folder(tmp_path / "b" / "vae", latent_channels=4).parent)
    check_autoencoder(folder(tmp_path / "c"))
    assert_refused(
        lambda: check_autoencoder(folder(tmp_path / "d" / "vae", latent_channels=16).parent),
        "has 16 channels, expected 4",
    )
    name = "decoder.conv_in.weight"
    check_autoencoder(weights(tmp_path / "e.safetensors", **{name: [512, 4, 3, 3]}))
    assert_refused(
        lambda: check_autoencoder(weights(tmp_path / "f.safetensors", **{name: [512, 16, 3, 3]})), "16 channels"
    )


def test_single_file_controlnet_is_refused(tmp_path):
    path = weights(tmp_path / "canny.safetensors")
    asked = Settings(renderer="diffusion", model="a/b", control="canny", control_model=f"canny={path}")
    assert_refused(
        lambda: find_controls(asked.control, asked.control_model, "sd15"),
        f"the ControlNet {path} is a single file, expected a folder in diffusers' layout, with config.json; give that "
        "with --control-model canny=FOLDER",
    )


@pytest.mark.slow
def test_parts_of_the_other_family_are_refused_by_the_renderer(models):
    asked = {"control": "canny", "control_model": f"canny={models / NETS['sd15']}"}
    assert_refused(
        lambda: renderer(models, "sdxl", **asked), "takes text embeddings of width 32, but those of the model"
    )
    lora = models / "loras_sd15" / "ink.v1.safetensors"
    assert find_loras(Settings(renderer="diffusion", model="a/b", lora=str(lora)).lora, (), None) == {"ink.v1": lora}
    assert_refused(
        lambda: renderer(models, "sdxl", lora=str(lora)), f"the LoRA {lora} takes text embeddings of width 32"
    )
    single = {"model": str(models / "one_xl.safetensors"), "model_config": str(models / "sdxl")}
    assert model_width(renderer(models, **single).parts.model) == 80
