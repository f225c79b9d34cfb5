"""Selection of the files needed from a repo."""

import pytest

from stylize.renderers.diffusion.models import PIPELINE
from stylize.renderers.diffusion.repo_files import (
    AUTOENCODER,
    CONFIGURATION,
    NETWORK,
    choose_weights,
    files,
    read_weights,
    within,
)

# Files of the repo of Stable Diffusion 1.5, and more.
NAMES = [
    "README.md", "model_index.json", "v1-5-pruned.ckpt", "v1-5-pruned.safetensors", "scheduler/scheduler_config.json",
    "feature_extractor/preprocessor_config.json", "safety_checker/config.json", "safety_checker/model.safetensors",
    "text_encoder/config.json", "text_encoder/model.fp16.safetensors", "text_encoder/model.safetensors",
    "text_encoder/pytorch_model.bin", "tokenizer/merges.txt", "tokenizer/vocab.json", "unet/config.json",
    "unet/diffusion_pytorch_model.bin", "unet/diffusion_pytorch_model.fp16.safetensors",
    "unet/diffusion_pytorch_model.non_ema.safetensors", "unet/diffusion_pytorch_model.safetensors",
    "unet/openvino_model.safetensors", "vae/config.json", "vae/diffusion_pytorch_model.safetensors",
]  # fmt: skip
SMALL = {
    "model_index.json", "scheduler/scheduler_config.json", "feature_extractor/preprocessor_config.json",
    "text_encoder/config.json", "tokenizer/merges.txt", "tokenizer/vocab.json", "unet/config.json", "vae/config.json",
}  # fmt: skip


def test_one_set_of_weights_and_the_configuration_are_selected():
    plain = {
        "text_encoder/model.safetensors", "unet/diffusion_pytorch_model.safetensors",
        "vae/diffusion_pytorch_model.safetensors",
    }  # fmt: skip
    assert set(PIPELINE.choose(NAMES, False)) == SMALL | plain
    half = {
        "text_encoder/model.fp16.safetensors", "unet/diffusion_pytorch_model.fp16.safetensors",
        "vae/diffusion_pytorch_model.safetensors",  # the only one available
    }  # fmt: skip
    assert set(PIPELINE.choose(NAMES, True)) == SMALL | half
    assert set(CONFIGURATION.choose(NAMES, True)) == SMALL


def test_second_text_encoder_is_needed_if_the_model_has_one():
    more = [*NAMES, "text_encoder_2/config.json", "text_encoder_2/model.safetensors"]
    assert PIPELINE.missing_from(more) == "no tokenizer_2/"
    assert "text_encoder_2/model.safetensors" in PIPELINE.choose([*more, "tokenizer_2/vocab.json"], False)


@pytest.mark.parametrize(
    ("gone", "message"),
    [
        ("model_index.json", "no model_index.json"), ("tokenizer/", "no tokenizer/"),
        ("unet/diffusion_pytorch_model", "no unet/*.safetensors"),
        ("text_encoder/model", "no text_encoder/*.safetensors"),
    ],
)  # fmt: skip
def test_missing_files_are_named(gone, message):
    assert PIPELINE.missing_from([name for name in NAMES if not name.startswith(gone)]) == message
    assert not PIPELINE.missing_from(NAMES)


def test_shards_are_used_only_if_complete():
    shards = [f"model-0000{number}-of-00003.safetensors" for number in (1, 2, 3)]
    assert choose_weights(shards, False) == tuple(shards)
    with pytest.raises(LookupError, match=r"no complete \*\.safetensors"):
        choose_weights(shards[:2], False)
    assert choose_weights([*shards[:2], "model.fp16.safetensors"], False) == ("model.fp16.safetensors",)
    assert choose_weights([*shards, "model.safetensors"], False) == ("model.safetensors",)
    late = [f"model.fp16-0000{number}-of-00002.safetensors" for number in (1, 2)]
    assert choose_weights([*shards, *late], True) == tuple(late)


def test_names_of_weights_are_parsed():
    parsed = read_weights("diffusion_pytorch_model-00001-of-00002.fp16.safetensors")
    assert (parsed.stem, parsed.variant, parsed.shard) == ("diffusion_pytorch_model", "fp16", (1, 2))
    parsed = read_weights("model.fp16-00002-of-00002.safetensors")
    assert (parsed.stem, parsed.variant, parsed.shard) == ("model", "fp16", (2, 2))
    assert read_weights("diffusion_pytorch_model.bin") is None


def test_network_is_at_the_top_or_in_its_folder():
    assert AUTOENCODER.choose(NAMES, False) == ("vae/config.json", "vae/diffusion_pytorch_model.safetensors")
    top = ["config.json", "diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin", "images/bird.png"]
    assert NETWORK.choose(top, False) == AUTOENCODER.choose(top, False) == tuple(top[:2])
    assert NETWORK.missing_from(NAMES) == "no config.json"


def test_folders_and_files_inside_a_repo_are_selected():
    encoder = within("models/image_encoder", NETWORK)
    names = ["models/image_encoder/config.json", "models/image_encoder/model.safetensors", "config.json"]
    assert encoder.choose(names, False) == tuple(names[:2])
    assert encoder.missing_from(names[2:]) == "no config.json in models/image_encoder"
    assert "models/image_encoder/*" in encoder.patterns
    assert files("a.pth", "b.pth").missing_from(["a.pth"]) == "no b.pth"
    assert files("a.pth").choose(["a.pth", "b.pth"], True) == ("a.pth",)
