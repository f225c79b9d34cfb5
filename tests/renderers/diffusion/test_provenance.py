import dataclasses

import numpy as np

from stylize.media.images import write_image
from stylize.renderers.diffusion.provenance import Provenance, differences, parameters, read_parameters, texts

MADE = Provenance(
    {"model": "a/b", "prompt": "a village, oil"}, 40, 3, "a village, oil", "", 20, "DPM++ 2M Karras", 7.0, 0.5, 1,
    (512, 288), "some model", "0123456789", "cpu", "float32",
    ({"kind": "canny", "model": "net", "weight": 0.8, "start": 0.0, "end": 0.6},), (), {"stylize": "0.1.0"},
)  # fmt: skip


def test_text_has_the_a1111_format():
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


def test_text_reads_back():
    prompt, negative, values = read_parameters(parameters(dataclasses.replace(MADE, negative="blur, (grain:1.2)")))
    assert (prompt, negative) == ("a village, oil", "blur, (grain:1.2)")
    assert values["Steps"] == "20"
    assert values["Size"] == "512x288"
    assert values["ControlNet 0"].startswith("Module: canny, Model: net, ")
    assert read_parameters("nothing but words") == ("nothing but words", "", {})
    assert read_parameters("a\nb\nNegative prompt: c\nd\nSteps: 4, Seed: 1")[:2] == ("a\nb", "c\nd")


def test_differences_are_reported(tmp_path):
    write_image(tmp_path / "key.png", np.zeros((8, 8, 3), np.uint8), text=texts(MADE))
    now = {"model_hash": "0123456789", "device": "cpu", "precision": "float32", "versions": {"stylize": "0.1.0"}}
    assert differences(tmp_path / "key.png", now) == []
    other = {
        "model_hash": "abc",
        "device": "cuda",
        "precision": "float16",
        "versions": {"stylize": "0.2.0", "new": "1"},
    }
    lines = differences(tmp_path / "key.png", other)
    assert [line.rpartition(": ")[2] for line in lines] == [
        "the picture will differ", "the result will not be bit-identical", "the result will not be bit-identical",
        "the result may not be bit-identical",
    ]  # fmt: skip
    assert "0123456789" in lines[0]
    assert "stylize 0.1.0, now 0.2.0" in lines[3]
    (tmp_path / "key.txt").write_text(parameters(MADE))
    assert differences(tmp_path / "key.txt", now) == []
    assert len(differences(tmp_path / "key.txt", other)) == 1
