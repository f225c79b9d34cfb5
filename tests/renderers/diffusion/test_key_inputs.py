"""Inputs of a key of a diffusion model: settings at its frame, and contents of models."""

import os
import shutil

import numpy as np
import pytest

import stylize
from stylize.renderers import make_renderer
from stylize.renderers.diffusion import loading
from stylize.renderers.diffusion.renderer import DiffusionRenderer
from stylize.renderers.protocol import RenderedKey
from stylize.settings import Settings
from tests.keys.what_repaints import write_shot
from tests.renderers.diffusion.test_renderer import pytestmark as quietly

pytestmark = quietly


def inputs(models, frame=1, *, follows=False, **settings):
    model = settings.pop("model", str(models / "sd15"))
    made = make_renderer("diffusion", Settings(renderer="diffusion", model=model, **settings))
    return made.key_inputs(frame, follows=follows)


def test_schedules_are_resolved_at_the_frame(models):
    changing = {"prompt": '0: "a", 10: "b"', "cfg": "0: 5, 9: 5, 10: 8", "denoise": "0: .5, 9: .5, 10: .7"}
    plain = inputs(models, 3, prompt="a", cfg=5, denoise=0.5)
    assert inputs(models, 3, **changing) == plain
    later = inputs(models, 12, **changing)
    assert {name for name in plain if plain[name] != later[name]} == {"prompt", "cfg", "denoise"}


def test_what_has_no_effect_at_a_frame_is_left_out(models):
    plain = inputs(models, prompt="a")
    for same in ({"retries": 3}, {"device": "cpu"}, {"fuse": 0}, {"share_attention": 0}, {"match_colours": 0}):
        assert inputs(models, prompt="a", **same) == plain
    assert inputs(models, prompt="a", fuse=0, follows=True) != inputs(models, prompt="a", follows=True)
    one, other = ({"prompt": "a", "negative": words, "cfg": "0: 1, 5: 1, 6: 7"} for words in "bc")
    assert inputs(models, **one) == inputs(models, **other)
    assert inputs(models, 6, **one) != inputs(models, 6, **other)
    lora = f"{models / 'loras_sd15' / 'ink.v1.safetensors'}:(0: 0, 5: 0, 6: 1)"
    assert inputs(models, prompt="a", lora=lora) == plain
    assert inputs(models, 6, prompt="a", lora=lora) != plain
    control = {"control": "canny:(0: 0, 5: 0, 6: 1)", "control_model": f"canny={models / 'control'}"}
    assert inputs(models, prompt="a", **control) == plain
    assert inputs(models, 6, prompt="a", **control) != plain


def test_models_count_by_their_contents(models, tmp_path):
    shutil.copytree(models / "sd15", tmp_path / "elsewhere")
    plain, config = inputs(models, prompt="a"), tmp_path / "elsewhere/unet/config.json"
    assert inputs(models, prompt="a", model=str(tmp_path / "elsewhere")) == plain
    config.write_bytes(config.read_bytes())
    os.utime(config)
    assert inputs(models, prompt="a", model=str(tmp_path / "elsewhere")) == plain
    weights = tmp_path / "elsewhere/unet/diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\0")
    assert inputs(models, prompt="a", model=str(tmp_path / "elsewhere"))["model"] != plain["model"]


def test_run_with_nothing_changed_paints_nothing_and_loads_no_model(models, tmp_path, monkeypatch):
    def refuse(*_):
        pytest.fail("loaded or ran a model")

    for name in ("load", "load_vae", "load_control", "pipeline_for"):
        monkeypatch.setattr(loading, name, refuse)
    write_shot(tmp_path / "shot")
    asked = {
        "renderer": "diffusion", "model": str(models / "sd15"), "prompt": '0: "a", 6: "b"', "keyframes": (1, 4, 8),
        "to_stage": "render", "rate": 24, "project": tmp_path / "p",
    }  # fmt: skip
    # Keys painted by a stand-in are recorded as those of the model are.
    monkeypatch.setattr(DiffusionRenderer, "render", lambda self, request, on_step: RenderedKey(np.sqrt(request.plate)))
    assert stylize.run(tmp_path / "shot", **asked).rendered == (1, 4, 8)
    monkeypatch.setattr(DiffusionRenderer, "render", refuse)
    assert stylize.run(tmp_path / "shot", **asked).rendered == ()
    messages = []
    other = {"dtype": "bfloat16", "device": "cpu", "retries": 2}
    assert stylize.run(tmp_path / "shot", on_message=messages.append, **asked, **other).rendered == ()
    assert any("with precision" in line and "now bfloat16: keyframes 1, 4, 8" in line for line in messages)
    monkeypatch.setattr(DiffusionRenderer, "render", lambda self, request, on_step: RenderedKey(request.plate))
    assert stylize.run(tmp_path / "shot", **asked | {"prompt": '0: "a", 6: "c"'}).rendered == (8,)
