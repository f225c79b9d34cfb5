"""The diffusion renderer on a tiny model with random weights, which renders noise but runs like a real one."""

import importlib.util

import numpy as np
import pytest

from stylize.errors import RendererError, SettingsError
from stylize.renderers import RenderRequest, auto, make_renderer
from stylize.renderers.diffusion import failure
from stylize.renderers.diffusion.models import find_model
from stylize.settings import Settings

# Deprecation warnings of the libraries about their own code.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def picture(height=48, width=64, seed=0):
    """Soft colours with one hard edge."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    made = np.stack([rows / height, columns / width, np.full_like(rows, 0.3)], axis=2)
    made[height // 3 : height // 2] = np.random.default_rng(seed).random(3, np.float32)
    return made


def ask(plate, seed=0, warped=None, confidence=None):
    return RenderRequest(7, plate, None, warped, confidence, seed)


def paint(models, request=None, **asked):
    """Render a plate with these settings."""
    return renderer(models, **asked).render(request or ask(picture()), quiet).picture


def quiet(done, total):
    """Ignore progress."""


# Without the libraries


def test_missing_libraries_are_reported_with_an_install_command(monkeypatch):
    monkeypatch.setattr(auto, "find_spec", lambda name: None)
    with pytest.raises(RendererError, match=r"torch, diffusers.*pip install '\.\[diffusion\]'"):
        make_renderer("diffusion", Settings(renderer="diffusion", model="owner/model"))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"renderer": "diffusion"}, "--model MODEL"),
        ({"renderer": "diffusion", "model": "a/b", "style": "ref.png"}, "needs an IP-Adapter"),
        ({"renderer": "diffusion", "model": "a/b", "structure": 0.9}, "--structure is not used"),
        ({"renderer": "diffusion", "model": "a/b", "steps": 10, "denoise": 0.05}, "no step to run"),
        ({"renderer": "diffusion", "model": "a/b", "cfg": 1, "negative": "blur"}, "--cfg 1"),
        ({"renderer": "diffusion", "model": "a/b", "cfg": 0.5}, "from 1 to 100"),
        ({"renderer": "diffusion", "model": "a/b", "steps": 2000}, "from 1 to 1000"),
        *(
            ({"style": "ref.png", name: value}, f"--{name.replace('_', '-')} is for --renderer diffusion, not example")
            for name, value in (
                ("model", "a/b"), ("prompt", "oil"), ("negative", "blur"), ("steps", 30), ("cfg", 3),
                ("denoise", 0.7), ("control", "canny"), ("sampler", "euler"), ("clip_skip", 2), ("lora", "a"),
                ("fuse", 0),
            )
        ),
    ],
)  # fmt: skip
def test_options_without_effect_are_refused(asked, message):
    with pytest.raises(SettingsError) as error:
        Settings(**asked)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_settings_are_stored_in_a_project():
    asked = Settings(renderer="diffusion", model="a/b", prompt="a village, oil", steps="30", denoise="0.4")
    assert Settings(**asked.stored()) == asked


def test_nan_and_all_black_are_failures():
    plate, black = picture(), np.zeros((48, 64, 3), np.float32)
    assert failure.describe(np.where(plate > 0.5, np.nan, plate), plate) == "as NaN"
    assert failure.describe(black, plate) == "all black"
    assert failure.describe(black, black) is None  # a fade to black is not a failure
    assert failure.describe(plate, plate) is None


def test_missing_folder_is_reported_with_a_remedy():
    with pytest.raises(RendererError, match=r"no model /nowhere/at/all; give a folder"):
        find_model("/nowhere/at/all")


# With the libraries


def renderer(models, **asked):
    return make_renderer(
        "diffusion", Settings(**{"renderer": "diffusion", "model": str(models / "sd15"), "steps": 4, **asked})
    )


@pytest.mark.parametrize("size", [(48, 64), (37, 41), (9, 7)])
def test_key_has_the_size_of_the_plate(models, size):
    key = renderer(models).render(ask(picture(*size)), quiet).picture
    assert key.shape == (*size, 3)
    assert key.dtype == np.float32
    assert key.min() >= 0
    assert key.max() <= 1


def test_seed_determines_the_picture(models):
    painter = renderer(models)
    one, same, other = (painter.render(ask(picture(), seed), quiet).picture for seed in (3, 3, 4))
    again = renderer(models).render(ask(picture(), 3), quiet).picture
    np.testing.assert_array_equal(one, same)
    np.testing.assert_array_equal(one, again)
    assert (one != other).mean() > 0.5


def test_lower_denoise_stays_closer_to_the_plate(models):
    """Compare with the autoencoder's reconstruction of the plate, which random weights do not preserve."""
    plate = picture()
    nearest = renderer(models, steps=1000, denoise=0.001).render(ask(plate), quiet).picture
    far, near = (
        np.abs(renderer(models, steps=20, denoise=d).render(ask(plate), quiet).picture - nearest).mean()
        for d in (0.9, 0.1)
    )
    assert near < far


def test_earlier_key_and_prompt_have_an_effect(models):
    plate, all_of_it = picture(), np.ones((48, 64), np.float32)
    plain = renderer(models).render(ask(plate), quiet).picture
    warped = renderer(models).render(ask(plate, warped=1 - plate, confidence=all_of_it), quiet).picture
    prompted = renderer(models, prompt="a big deal").render(ask(plate), quiet).picture
    assert (plain != warped).mean() > 0.5
    assert (plain != prompted).mean() > 0.5


def test_control_changes_the_picture(models):
    control = str(models / "control")
    plain = renderer(models).render(ask(picture()), quiet).picture
    held = renderer(models, control="canny", control_model=f"canny={control}").render(ask(picture()), quiet).picture
    assert held.shape == plain.shape
    assert (plain != held).mean() > 0.5
    odd = (
        renderer(models, control="canny", control_model=f"canny={control}").render(ask(picture(37, 41)), quiet).picture
    )
    assert odd.shape == (37, 41, 3)


def test_every_step_is_reported(models):
    messages = []
    renderer(models, steps=8).render(ask(picture()), lambda done, total: messages.append((done, total)))
    assert messages == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_cache_key_follows_settings_and_files(models):
    lora, control = models / "loras_sd15" / "ink.v1.safetensors", {"control": "canny"}
    marks = [
        renderer(models, **asked).cache_key()
        for asked in (
            {}, {}, {"prompt": "oil"}, {"negative": "oil"}, {"steps": 5}, {"cfg": 3}, {"denoise": 0.6},
            control | {"control_model": f"canny={models / 'control'}"},
            control | {"control_model": f"canny={models / 'control2'}"},
            {"sampler": "euler a"}, {"clip_skip": 2}, {"lora": str(lora)}, {"lora": f"{lora}:0.5"},
            {"model": str(models / "one.safetensors"), "model_config": str(models / "sd15")}, {"fuse": 0},
            {"render_size": 64}, {"dtype": "bfloat16"},
        )
    ]  # fmt: skip
    assert marks[0] == marks[1]
    assert len(set(marks)) == len(marks) - 1


def test_missing_model_prints_a_download_command(monkeypatch, tmp_path):
    pytest.importorskip("diffusers")
    with pytest.raises(RendererError, match=r"hf download no-owner/no-model --include") as error:
        make_renderer("diffusion", Settings(renderer="diffusion", model="no-owner/no-model"))
    assert "\n" not in str(error.value)


def test_model_of_another_kind_or_layout_is_refused(models, tmp_path):
    with pytest.raises(RendererError, match=r"has no model_index\.json"):
        renderer(models, model=str(models / "control"))
    with pytest.raises(RendererError, match=r"has no config\.json"):
        renderer(models, control="canny", control_model=f"canny={models / 'sd15'}")
    index = tmp_path / "model_index.json"
    index.write_text('{"_class_name": "StableDiffusionInpaintPipeline"}')
    with pytest.raises(RendererError, match="is a StableDiffusionInpaintPipeline"):
        renderer(models, model=str(tmp_path))
    index.write_text('{"_class_name": "StableDiffusionPipeline"}')
    with pytest.raises(RendererError, match=r"has no unet/\*.safetensors; give a folder"):
        renderer(models, model=str(tmp_path))


def test_damaged_weights_are_reported_in_one_line(models, tmp_path):
    import shutil

    shutil.copytree(models / "sd15", tmp_path / "sd15")
    (tmp_path / "sd15" / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"cut off")
    with pytest.raises(RendererError, match="could not be loaded") as error:
        renderer(models, model=str(tmp_path / "sd15")).render(ask(picture()), quiet)
    assert "\n" not in str(error.value)


@pytest.mark.skipif(importlib.util.find_spec("diffusers") is None, reason="needs the diffusion libraries")
def test_libraries_are_imported_lazily():
    import subprocess
    import sys

    code = "import sys, stylize.renderers.diffusion, stylize.pipeline; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
