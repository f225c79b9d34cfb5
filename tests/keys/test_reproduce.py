"""Settings read from a key's metadata, to reproduce it."""

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


def model(folder, kind):
    """A folder that names the class of its pipeline."""
    folder.mkdir()
    (folder / "model_index.json").write_text(json.dumps({"_class_name": kind}))
    return str(folder)


def test_a1111_metadata_give_settings(tmp_path):
    picture = key(tmp_path / "key.png", parameters=A1111)
    small = model(tmp_path / "small", "StableDiffusionPipeline")
    read = settings_from_key(picture, {"model": small})
    assert read == {
        "renderer": "diffusion", "prompt": "a village, <lora:ink:0.8> (oil:1.2)", "negative": "blur", "steps": 30,
        "sampler": "DPM++ 2M Karras", "cfg": 5.5, "seed": 77, "render_size": 384, "denoise": 0.4, "clip_skip": 2,
    }  # fmt: skip
    settings = Settings(**merge_settings(read, {"model": small, "lora_folder": "loras"}))
    assert (settings.sampler, settings.denoise.at(9)) == ("DPM++ 2M Karras", 0.4)
    served = settings_from_key(picture, {"renderer": "a1111"})
    assert served == read | {"renderer": "a1111"}
    (tmp_path / "key.txt").write_text(A1111)
    assert settings_from_key(tmp_path / "key.txt", {"model": small}) == read
    with pytest.raises(SettingsError, match=r"model v1-5-pruned \(hash 6ce0161689\).*--model MODEL"):
        settings_from_key(picture, {})


def test_clip_skip_of_a1111_is_not_applied_to_xl(tmp_path):
    picture = key(tmp_path / "key.png", parameters=A1111)
    large = {"model": model(tmp_path / "large", "StableDiffusionXLPipeline")}
    read = settings_from_key(picture, large)
    assert "clip_skip" not in read
    assert read["steps"] == 30
    # An option given explicitly is merged afterwards.
    assert merge_settings(settings_from_key(picture, large | {"clip_skip": 2}), {"clip_skip": 2})["clip_skip"] == 2
    with pytest.raises(
        SettingsError, match=r"a/b is not downloaded; add --clip-skip 2 for 1\.5, or --clip-skip 1"
    ) as one:
        settings_from_key(picture, {"model": "a/b"})
    assert "\n" not in str(one.value)
    assert (
        merge_settings(settings_from_key(picture, {"model": "a/b", "clip_skip": 1}), {"clip_skip": 1})["clip_skip"] == 1
    )
    assert settings_from_key(picture, {"renderer": "a1111", "model": "a/b"})["clip_skip"] == 2


def test_own_metadata_give_settings(tmp_path):
    stored = {"renderer": "diffusion", "model": "a/b", "prompt": "oil", "seed": 3, "output": "x/", "codec": "ffv1",
              "handles": 8, "keyframes": "1,5", "later": 1}  # fmt: skip
    picture = key(tmp_path / "key.png", stylize=json.dumps({"settings": stored}), parameters=A1111)
    kept = {"renderer": "diffusion", "model": "a/b", "prompt": "oil", "seed": 3, "keyframes": "1,5"}
    trusted = {"trust": True}
    assert settings_from_key(picture, trusted) == kept
    assert settings_from_key(picture, {"renderer": "diffusion", "model": "a/b"}) == kept
    assert settings_from_key(picture, {"renderer": "diffusion", "allow": "hf://a"}) == kept
    (tmp_path / "key.json").write_text(json.dumps({"settings": stored}))
    assert settings_from_key(tmp_path / "key.json", trusted) == kept
    (tmp_path / "old.json").write_text(json.dumps({"settings": stored | {"keys_for": "worst"}}))
    assert settings_from_key(tmp_path / "old.json", trusted) == kept | {"optimise_for": "worst"}
    assert merge_settings(kept, {"seed": 4})["seed"] == 4
    assert "keyframes" not in merge_settings(kept, {"max_keyframes": 3})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ({}, "has no metadata about how it was painted"),
        ({"stylize": "{"}, "does not describe a key of stylize"),
        ({"stylize": "[1]"}, "does not describe a key of stylize"),
        ({"parameters": "only words"}, "expected a line of parameters"),
        ({"parameters": "a\nSteps: many"}, "an invalid number"),
    ],
)
def test_picture_without_metadata_is_refused(tmp_path, text, message):
    with pytest.raises(InputError, match=message) as error:
        settings_from_key(key(tmp_path / "key.png", **text), {"model": "a/b"})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ({"url": 5}, "--url must be an address"),
        ({"lora": {"a": [1]}}, "--lora: expected PATH or PATH:weight"),
        ({"style": ["a", 5]}, "--style must be a path"),
        ({"style": ["a", "b"]}, "add --style a --style b, give others"),
        ({"layers": [{"url": "http://x", "url_": 1}]}, "layer 1: unknown setting 'url_'"),
        ({"layers": [{"matte": "m/", "url": "http://x"}]}, "add --layer matte=m,url=http://x, give others"),
        ({"model": "../m", "guide": ["g:3"]}, "add --model ../m --guide g:3.0, give others"),
        ({"vectors": "/v/v.####.exr"}, "add --vectors '/v/v.####.exr', give others"),
        ({"matte": "click:1,2@3", "matte_model": "o/n"}, "add --matte-model o/n, give others"),
    ],
)
def test_invalid_metadata_are_refused_in_one_line(tmp_path, stored, message):
    (tmp_path / "key.json").write_text(json.dumps({"settings": stored}))
    with pytest.raises(SettingsError) as error:
        settings_from_key(tmp_path / "key.json", {})
    assert message in str(error.value)
    assert str(error.value).startswith(f"{tmp_path}/key.json")
    assert "\n" not in str(error.value)


def test_missing_key_or_wrong_renderer_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        settings_from_key(tmp_path / "none.png", {})
    with pytest.raises(SettingsError, match=r"--[a-z]+ is for --renderer diffusion, not example"):
        stylize.run("shot.mp4", like=key(tmp_path / "k.png", parameters=A1111), renderer="example", style="a.png")
