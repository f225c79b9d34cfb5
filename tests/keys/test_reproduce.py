"""Keys painted again after what they tell of themselves."""

import json

import numpy as np
import pytest

import stylize
from stylize.errors import InputError, SettingsError
from stylize.keys.reproduce import settings_from_key
from stylize.media.images import write_image
from stylize.settings import Settings, merge_settings

A1111 = (
    "a village, <lora:ink:0.8> (oil:1.2)\nNegative prompt: blur\n"
    "Steps: 30, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 5.5, Seed: 77, Size: 512x288, "
    'Model hash: 6ce0161689, Model: v1-5-pruned, Denoising strength: 0.4, Clip skip: 2, Lora hashes: "ink: aa, b: c"'
)


def key(path, **text):
    write_image(path, np.zeros((8, 8, 3), np.uint8), text=text)
    return path


def test_what_a_picture_of_a1111_tells(tmp_path):
    picture = key(tmp_path / "key.png", parameters=A1111)
    told = settings_from_key(picture, {"model": "a/b"})
    assert told == {
        "renderer": "diffusion", "prompt": "a village, <lora:ink:0.8> (oil:1.2)", "negative": "blur", "steps": 30,
        "sampler": "DPM++ 2M Karras", "cfg": 5.5, "seed": 77, "render_size": 384, "denoise": 0.4, "clip_skip": 2,
    }  # fmt: skip
    settings = Settings(**merge_settings(told, {"model": "a/b", "lora_folder": "loras"}))
    assert (settings.sampler, settings.denoise.at(9)) == ("DPM++ 2M Karras", 0.4)
    served = settings_from_key(picture, {"renderer": "a1111"})
    assert served == told | {"renderer": "a1111"}
    (tmp_path / "key.txt").write_text(A1111)
    assert settings_from_key(tmp_path / "key.txt", {"model": "a/b"}) == told
    with pytest.raises(SettingsError, match=r"model v1-5-pruned \(hash 6ce0161689\).*--model MODEL"):
        settings_from_key(picture, {})


def test_what_a_key_of_ours_tells(tmp_path):
    stored = {"renderer": "diffusion", "model": "a/b", "prompt": "oil", "seed": 3, "output": "x/", "codec": "ffv1",
              "handles": 8, "keyframes": "1,5", "later": 1}  # fmt: skip
    picture = key(tmp_path / "key.png", stylize=json.dumps({"settings": stored}), parameters=A1111)
    kept = {"renderer": "diffusion", "model": "a/b", "prompt": "oil", "seed": 3, "keyframes": "1,5"}
    assert settings_from_key(picture, {}) == kept
    (tmp_path / "key.json").write_text(json.dumps({"settings": stored}))
    assert settings_from_key(tmp_path / "key.json", {}) == kept
    (tmp_path / "old.json").write_text(json.dumps({"settings": stored | {"keys_for": "worst"}}))
    assert settings_from_key(tmp_path / "old.json", {}) == kept | {"optimise_for": "worst"}
    assert merge_settings(kept, {"seed": 4})["seed"] == 4
    assert "keyframes" not in merge_settings(kept, {"max_keyframes": 3})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ({}, "does not tell how it was painted"),
        ({"stylize": "{"}, "none of a key of ours"),
        ({"stylize": "[1]"}, "none of a key of ours"),
        ({"parameters": "only words"}, "no line of steps"),
        ({"parameters": "a\nSteps: many"}, "no number"),
    ],
)
def test_what_tells_nothing_is_refused(tmp_path, text, told):
    with pytest.raises(InputError, match=told) as error:
        settings_from_key(key(tmp_path / "key.png", **text), {"model": "a/b"})
    assert "\n" not in str(error.value)


def test_what_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        settings_from_key(tmp_path / "none.png", {})
    with pytest.raises(SettingsError, match=r"--[a-z]+ is for --renderer diffusion, not example"):
        stylize.run("shot.mp4", like=key(tmp_path / "k.png", parameters=A1111), renderer="example", style="a.png")
