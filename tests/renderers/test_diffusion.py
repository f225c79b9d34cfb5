"""The diffusion renderer on a tiny model of random weights: what it makes is noise, how it is made is the same."""

import importlib.util
import json

import numpy as np
import pytest

from stylize import renderers
from stylize.errors import RendererError, SettingsError
from stylize.renderers import RenderRequest, make_renderer
from stylize.renderers.diffusion import check_picture, edges, find_model, pad, start_from
from stylize.settings import Settings

# The libraries warn of their own parts' ageing.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def picture(height=48, width=64, seed=0):
    """Soft colours with one hard edge across."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    made = np.stack([rows / height, columns / width, np.full_like(rows, 0.3)], axis=2)
    made[height // 3 : height // 2] = np.random.default_rng(seed).random(3, np.float32)
    return made


def ask(plate, seed=0, carried=None, trusted=None):
    return RenderRequest(7, plate, None, carried, trusted, seed)


def quiet(done, total):
    """Hears nothing."""


# Without any library


def test_without_the_libraries_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(renderers, "find_spec", lambda name: None)
    with pytest.raises(RendererError, match=r"torch, diffusers.*pip install '\.\[diffusion\]'"):
        make_renderer("diffusion", Settings(renderer="diffusion", model="owner/model"))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"renderer": "diffusion"}, "--model MODEL"),
        ({"renderer": "diffusion", "model": "a/b", "style": "ref.png"}, "--style is not used by --renderer diffusion"),
        ({"renderer": "diffusion", "model": "a/b", "structure": 0.9}, "--structure is not used"),
        ({"renderer": "diffusion", "model": "a/b", "steps": 10, "denoise": 0.05}, "no step to do"),
        ({"renderer": "diffusion", "model": "a/b", "cfg": 1, "negative": "blur"}, "--cfg 1"),
        ({"renderer": "diffusion", "model": "a/b", "cfg": 0.5}, "from 1 to 100"),
        ({"renderer": "diffusion", "model": "a/b", "steps": 2000}, "from 1 to 1000"),
        *(
            ({"style": "ref.png", name: value}, f"--{name.replace('_', '-')} is for --renderer diffusion, not example")
            for name, value in (
                ("model", "a/b"), ("prompt", "oil"), ("negative", "blur"), ("steps", 30), ("cfg", 3),
                ("denoise", 0.7), ("control_model", "a/b"),
            )
        ),
    ],
)  # fmt: skip
def test_options_that_would_do_nothing_are_refused(asked, told):
    with pytest.raises(SettingsError) as error:
        Settings(**asked)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_settings_are_kept_in_a_project():
    asked = Settings(renderer="diffusion", model="a/b", prompt="a village, oil", steps="30", denoise="0.4")
    assert Settings(**asked.stored()) == asked


@pytest.mark.parametrize("size", [(48, 64), (37, 41), (1, 1), (3, 9)])
def test_a_padded_picture_keeps_every_pixel_in_its_place(size):
    plate = picture(*size)
    padded = pad(plate)
    assert padded.shape[0] % 8 == padded.shape[1] % 8 == 0
    assert max(padded.shape[0] - size[0], padded.shape[1] - size[1]) < 8
    np.testing.assert_array_equal(padded[: size[0], : size[1]], plate)


def test_an_earlier_key_is_where_it_is_trusted():
    plate, key, trusted = picture(), 1 - picture(), np.zeros((48, 64), np.float32)
    trusted[:, :30] = 1
    start = start_from(ask(plate, carried=key, trusted=trusted))
    np.testing.assert_array_equal(start[:, :30], key[:, :30])
    np.testing.assert_array_equal(start[:, 30:], plate[:, 30:])


def test_edges_are_found_where_they_are():
    found = edges(picture())
    assert set(np.unique(found)) == {0, 1}
    assert found[14:18].any()
    assert not found[32:].any()


def test_no_numbers_and_all_black_are_errors():
    plate, black = picture(), np.zeros((48, 64, 3), np.float32)
    with pytest.raises(RendererError, match="keyframe 7 came out as no numbers"):
        check_picture(np.where(plate > 0.5, np.nan, plate), plate, 7)
    with pytest.raises(RendererError, match="keyframe 7 came out all black"):
        check_picture(black, plate, 7)
    check_picture(black, black, 7)  # a fade to black is no failure


def test_a_missing_folder_says_what_to_give():
    with pytest.raises(RendererError, match=r"no model folder /nowhere/at/all; give a folder"):
        find_model("/nowhere/at/all")


# With the libraries


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Folders of a whole Stable Diffusion of 16 channels and of a ControlNet that does something."""
    pytest.importorskip("diffusers")
    import torch
    from diffusers import AutoencoderKL, ControlNetModel, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    torch.manual_seed(0)
    root = tmp_path_factory.mktemp("models")
    words = ["<|startoftext|>", "<|endoftext|>", *"abcdefghijklmnopqrstuvwxyz", *(f"{c}</w>" for c in "abcdefghijkl")]
    (root / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
    (root / "merges.txt").write_text("#version: 0.2\n")
    text = CLIPTextConfig(
        vocab_size=len(words), hidden_size=32, intermediate_size=37, num_attention_heads=4, num_hidden_layers=2,
        bos_token_id=0, eos_token_id=1, pad_token_id=1,
    )  # fmt: skip
    unet = UNet2DConditionModel(
        sample_size=64,
        block_out_channels=(16, 32), layers_per_block=1, norm_num_groups=8, cross_attention_dim=32,
        attention_head_dim=4, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip
    vae = AutoencoderKL(
        block_out_channels=(8, 8, 16, 16), norm_num_groups=4, layers_per_block=1,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
    )  # fmt: skip
    StableDiffusionPipeline(
        vae=vae, text_encoder=CLIPTextModel(text), unet=unet, scheduler=DDIMScheduler(), safety_checker=None,
        tokenizer=CLIPTokenizer(str(root / "vocab.json"), str(root / "merges.txt"), model_max_length=77),
        feature_extractor=None, requires_safety_checker=False,
    ).save_pretrained(root / "sd")  # fmt: skip
    control = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(8, 8, 16, 16))
    for weights in control.parameters():  # its last layers are made of zeros, and would do nothing
        if not weights.any():
            torch.nn.init.normal_(weights, std=0.5)
    control.save_pretrained(root / "control")
    return root


def renderer(models, **asked):
    return make_renderer(
        "diffusion", Settings(**{"renderer": "diffusion", "model": str(models / "sd"), "steps": 4, **asked})
    )


@pytest.mark.parametrize("size", [(48, 64), (37, 41), (9, 7)])
def test_a_key_has_the_plates_size(models, size):
    key = renderer(models).render(ask(picture(*size)), quiet)
    assert key.shape == (*size, 3)
    assert key.dtype == np.float32
    assert key.min() >= 0
    assert key.max() <= 1


def test_the_seed_tells_the_picture(models):
    painter = renderer(models)
    one, same, other = (painter.render(ask(picture(), seed), quiet) for seed in (3, 3, 4))
    again = renderer(models).render(ask(picture(), 3), quiet)
    np.testing.assert_array_equal(one, same)
    np.testing.assert_array_equal(one, again)
    assert (one != other).mean() > 0.5


def test_the_less_is_denoised_the_nearer_it_stays(models):
    """Against what the autoencoder alone makes of the plate, which random weights do not bring back."""
    plate = picture()
    nearest = renderer(models, steps=1000, denoise=0.001).render(ask(plate), quiet)
    far, near = (
        np.abs(renderer(models, steps=20, denoise=d).render(ask(plate), quiet) - nearest).mean() for d in (0.9, 0.1)
    )
    assert near < far


def test_an_earlier_key_and_the_prompt_count(models):
    plate, all_of_it = picture(), np.ones((48, 64), np.float32)
    plain = renderer(models).render(ask(plate), quiet)
    carried = renderer(models).render(ask(plate, carried=1 - plate, trusted=all_of_it), quiet)
    prompted = renderer(models, prompt="a big deal").render(ask(plate), quiet)
    assert (plain != carried).mean() > 0.5
    assert (plain != prompted).mean() > 0.5


def test_the_control_changes_the_picture_by_its_edges(models):
    control = str(models / "control")
    plain = renderer(models).render(ask(picture()), quiet)
    held = renderer(models, control_model=control).render(ask(picture()), quiet)
    assert held.shape == plain.shape
    assert (plain != held).mean() > 0.5
    odd = renderer(models, control_model=control).render(ask(picture(37, 41)), quiet)
    assert odd.shape == (37, 41, 3)


def test_every_step_is_told(models):
    told = []
    renderer(models, steps=8).render(ask(picture()), lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_the_fingerprint_follows_settings_and_files(models):
    marks = [
        renderer(models, **asked).fingerprint()
        for asked in ({}, {}, {"prompt": "oil"}, {"negative": "oil"}, {"steps": 5}, {"cfg": 3}, {"denoise": 0.6},
                      {"control_model": str(models / "control")})
    ]  # fmt: skip
    assert marks[0] == marks[1]
    assert len(set(marks)) == len(marks) - 1


def test_a_missing_model_says_how_to_get_it(monkeypatch, tmp_path):
    pytest.importorskip("diffusers")
    with pytest.raises(RendererError, match=r"hf download no-owner/no-model --exclude") as error:
        make_renderer("diffusion", Settings(renderer="diffusion", model="no-owner/no-model"))
    assert "\n" not in str(error.value)


def test_a_model_of_another_kind_or_form_is_refused(models, tmp_path):
    with pytest.raises(RendererError, match=r"has no model_index\.json"):
        renderer(models, model=str(models / "control"))
    with pytest.raises(RendererError, match=r"has no config\.json"):
        renderer(models, control_model=str(models / "sd"))
    index = tmp_path / "model_index.json"
    index.write_text('{"_class_name": "StableDiffusionXLPipeline"}')
    with pytest.raises(RendererError, match="is a StableDiffusionXLPipeline"):
        renderer(models, model=str(tmp_path))
    index.write_text('{"_class_name": "StableDiffusionPipeline"}')
    with pytest.raises(RendererError, match=r"has no unet/\*.safetensors; give a folder"):
        renderer(models, model=str(tmp_path))


def test_broken_weights_are_told_in_one_line(models, tmp_path):
    import shutil

    shutil.copytree(models / "sd", tmp_path / "sd")
    (tmp_path / "sd" / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"cut off")
    with pytest.raises(RendererError, match="could not be loaded") as error:
        renderer(models, model=str(tmp_path / "sd")).render(ask(picture()), quiet)
    assert "\n" not in str(error.value)


@pytest.mark.skipif(importlib.util.find_spec("diffusers") is None, reason="needs the diffusion libraries")
def test_the_libraries_are_loaded_late():
    import subprocess
    import sys

    code = "import sys, stylize.renderers.diffusion, stylize.pipeline; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
