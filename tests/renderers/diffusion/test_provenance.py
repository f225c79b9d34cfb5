import dataclasses
import json

import pytest

from stylize.renderers.diffusion.provenance import Provenance, parameters, settings_in, texts

MADE = Provenance(
    {"model": "a/b", "prompt": "a village, oil"}, 40, 3, "a village, oil", "", 20, "DPM++ 2M Karras", 7.0, 0.5, 1,
    (512, 288), "some model", "0123456789", "cpu", "float32",
    ({"kind": "canny", "model": "net", "weight": 0.8, "start": 0.0, "end": 0.6},), (), {"stylize": "0.1.0"},
)  # fmt: skip


def test_the_text_is_that_of_a1111():
    assert parameters(MADE) == (
        "a village, oil\n"
        "Steps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 3, Size: 512x288, Model hash: 0123456789, "
        "Model: some model, Denoising strength: 0.5, "
        'ControlNet 0: "Module: canny, Model: net, Weight: 0.8, Guidance Start: 0, Guidance End: 0.6", '
        "Version: stylize 0.1.0"
    )
    more = dataclasses.replace(MADE, negative="blur", clip_skip=2, controls=())
    assert "\nNegative prompt: blur\nSteps: 20" in parameters(more)
    assert "Clip skip: 2" in parameters(more)


def test_settings_are_read_back():
    text = texts(MADE)
    assert settings_in(text, ("model", "prompt")) == {"model": "a/b", "prompt": "a village, oil"}
    assert json.loads(text["stylize"])["frame"] == 40
    with pytest.raises(ValueError, match="no key"):
        settings_in({"parameters": "x"}, ("model",))
