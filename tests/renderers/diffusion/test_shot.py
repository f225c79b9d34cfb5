"""Whole runs with the tiny model on a real shot."""

import re
import shutil

import numpy as np

import cli
import stylize
from stylize.keys.agreement import STRUCTURE_WEIGHT
from stylize.media.images import read_image, write_image
from stylize.media.images.png import read_texts
from tests.renderers.diffusion.test_renderer import pytestmark as quietly

pytestmark = quietly
CLIP = "examples/bunny.mp4"


def run(models, project, **asked):
    messages = []
    result = stylize.run(
        CLIP, renderer="diffusion", model=str(models / "sd15"), steps=3, denoise=0.7, frames="1-5", keyframes=(1, 5),
        prompt="a big deal", project=project, on_message=messages.append, render_size=160, **asked,
    )  # fmt: skip
    return result, messages


def test_shot_is_rendered_and_resumed(models, tmp_path):
    control_options = {"control": "canny:0.5", "control_model": f"canny={models / 'control'}"}
    result, messages = run(models, tmp_path / "p", **control_options)
    assert list(result.frames) == [1, 2, 3, 4, 5]
    assert result.rendered == (1, 5)
    assert any(line.startswith("keyframe 5 compared with 1: colour") for line in messages)
    keys = {path.name: path for path in (tmp_path / "p" / "keys").iterdir()}
    shown = sorted((tmp_path / "p" / "passes" / "control").iterdir())
    assert [path.name for path in shown] == ["canny.bunny.0001.png", "canny.bunny.0005.png"]
    assert read_image(shown[0]).any()
    again, _ = run(models, tmp_path / "p", **control_options)
    assert again.rendered == ()
    assert again.redone == ()
    # The last key is lost: it is regenerated bit-identically from the finished first one.
    bits = keys["bunny.0005.png"].read_bytes()
    keys["bunny.0005.png"].unlink()
    assert run(models, tmp_path / "p", **control_options)[0].rendered == (5,)
    assert keys["bunny.0005.png"].read_bytes() == bits
    text = read_texts(keys["bunny.0001.png"])
    assert text["parameters"].startswith("a big deal\nSteps: 3, Sampler: DDIM, CFG scale: 7, Seed: 0, Size: ")


def command(*words):
    """Exit code of the command."""
    try:
        cli.main([str(word) for word in words])
    except SystemExit as ended:
        return ended.code
    return 0


def test_key_metadata_reproduce_it_bit_identically(models, tmp_path, capsys):
    control_options = {
        "control": "canny:0.5",
        "control_model": f"canny={models / 'control'}",
        "retries": 1,
        "to_stage": "render",
    }
    first = run(models, tmp_path / "p", **control_options)[0].project / "keys"
    again = (CLIP, "--like", first / "bunny.0005.png", "--project", tmp_path / "q", "--to", "render")
    assert command(*again) == 0
    for name in ("bunny.0001.png", "bunny.0005.png"):
        assert (tmp_path / "q" / "keys" / name).read_bytes() == (first / name).read_bytes()
    assert "another picture" not in capsys.readouterr().err
    # From its JSON alone, with one option overridden.
    (tmp_path / "key.json").write_text(read_texts(first / "bunny.0005.png")["stylize"])
    json_too = (CLIP, "--like", tmp_path / "key.json", "--project", tmp_path / "r", "--to", "render", "--trust")
    assert command(*json_too[:-1], "--seed", 9, "--keyframes", 1) == 2
    named = capsys.readouterr().err
    assert f"add --control-model canny={models / 'control'} --model {models / 'sd15'} --renderer diffusion," in named
    assert command(*json_too, "--seed", 9, "--keyframes", 1) == 0
    one, other = (read_image(folder / "keys" / "bunny.0001.png") for folder in (tmp_path / "p", tmp_path / "r"))
    assert (one != other).mean() > 0.5
    # With other weights under the same name.
    shutil.copytree(models / "sd15", tmp_path / "sd15")
    weights = tmp_path / "sd15" / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\0")
    assert command(*json_too, "--model", tmp_path / "sd15", "--keyframes", 1) == 0
    assert "the model has the hash" in capsys.readouterr().err


def test_a1111_metadata_give_the_settings(models, tmp_path, capsys):
    text = "a big deal\nNegative prompt: bad\nSteps: 4, Sampler: Euler a, CFG scale: 3, Seed: 8, Size: 160x160, "
    text += "Model hash: 6ce0161689, Model: v1-5, Denoising strength: 0.75"
    write_image(tmp_path / "theirs.png", np.zeros((8, 8, 3), np.uint8), text={"parameters": text})
    asked = ("--frames", "1-2", "--keyframes", 1, "--project", tmp_path / "p", "--to", "render")
    assert command(CLIP, "--like", tmp_path / "theirs.png", *asked) == 2
    assert "give it with --model MODEL" in capsys.readouterr().err
    assert command(CLIP, "--like", tmp_path / "theirs.png", "--model", models / "sd15", *asked) == 0
    assert "was painted with 6ce0161689" in capsys.readouterr().err
    ours = read_texts(tmp_path / "p" / "keys" / "bunny.0001.png")["parameters"]
    lines = ours.splitlines()
    assert lines[:2] == text.splitlines()[:2]
    assert lines[2].startswith("Steps: 4, Sampler: Euler a, CFG scale: 3, Seed: 8, Size: ")
    assert "Denoising strength: 0.75" in lines[2]


def test_matte_and_given_control_pictures_are_used(models, tmp_path):
    size = size_of_clip()
    matte = np.zeros((size[1], size[0], 3), np.uint8)
    matte[100:200, 200:300] = 255
    write_image(tmp_path / "matte.png", matte)
    depth = np.tile(np.linspace(0, 65535, size[0]).astype(np.uint16)[None, :, None], (size[1], 1, 3))
    write_image(tmp_path / "depth.png", depth)
    asked = {
        "control": f"depth={tmp_path / 'depth.png'}",
        "control_model": f"depth={models / 'control'}",
        "to_stage": "render",
    }
    result, _ = run(models, tmp_path / "p", matte=str(tmp_path / "matte.png"), **asked)
    key = read_image(result.project / "keys" / "bunny.0001.png")
    plate = read_image(result.project / "video" / "bunny.0001.png")[..., :3]
    np.testing.assert_array_equal(key[matte[..., 0] == 0], plate[matte[..., 0] == 0])
    assert (key[matte[..., 0] > 0] != plate[matte[..., 0] > 0]).mean() > 0.9
    shown = read_image(result.project / "passes" / "control" / "depth.bunny.0001.png")
    assert np.ptp(shown[:, 0].astype(int)) < 3
    assert shown[5, -1, 0] > shown[5, 0, 0] + 20
    # A changed matte renders new keys; the same matte, none.
    assert run(models, tmp_path / "p", matte=str(tmp_path / "matte.png"), **asked)[0].rendered == ()
    assert run(models, tmp_path / "p", matte=str(tmp_path / "matte.png"), matte_grow=5, **asked)[0].rendered == (1, 5)


def size_of_clip():
    import av

    with av.open(CLIP) as movie:
        return movie.streams.video[0].width, movie.streams.video[0].height


def test_outliers_are_rendered_again(models, tmp_path, monkeypatch):
    monkeypatch.setattr("stylize.keys.agreement.MAX_DISAGREEMENT", 0)
    asked = {"fuse": 0, "share_attention": 0, "match_colours": 0, "to_stage": "render"}
    result, messages = run(models, tmp_path / "p", retries=2, **asked)
    lines = [line for line in messages if line.startswith("keyframe 5 compared with 1")]
    assert [line.rpartition(" ")[2] for line in lines] == ["0", "1", "2"]
    key = tmp_path / "p" / "keys" / "bunny.0005.png"
    seed = int(read_texts(key)["parameters"].split("Seed: ")[1].split(",")[0])
    measures = [re.findall(r"(?:colour|structure) (-?[\d.]+)", line) for line in lines]
    assert len({*map(tuple, measures)}) == 3
    losses = [float(colour) + STRUCTURE_WEIGHT * (1 - float(structure)) for colour, structure in measures]
    assert losses[seed] == min(losses)
    alone, _ = run(models, tmp_path / "q", seed=seed, **asked)
    assert len(result.rendered) == len(alone.rendered) == 2
    np.testing.assert_array_equal(read_image(key), read_image(tmp_path / "q" / "keys" / "bunny.0005.png"))


def test_each_layer_uses_its_own_prompt(models, tmp_path):
    matte = np.zeros((360, 640), np.uint8)
    matte[:, :320] = 255
    write_image(tmp_path / "left.png", matte)
    layers = [
        {"matte": tmp_path / "left.png", "prompt": "a big deal"},
        {"name": "rest", "matte": f"{tmp_path / 'left.png'}:invert", "prompt": "a small thing", "seed": 4},
    ]
    result = stylize.run(
        CLIP, renderer="diffusion", model=str(models / "sd15"), steps=3, denoise=0.7, frames="1-2", keyframes=(1,),
        render_size=160, project=tmp_path / "p", layers=layers,
    )  # fmt: skip
    texts = {layer.name: read_texts(layer.project / "keys" / "bunny.0001.png")["parameters"] for layer in result.layers}
    assert texts["1"].startswith("a big deal\n")
    assert texts["rest"].startswith("a small thing\n")
    for layer, inside in zip(result.layers, (np.s_[:, :320], np.s_[:, 320:]), strict=True):
        for number, path in result.frames.items():
            np.testing.assert_array_equal(read_image(path)[inside], read_image(layer.frames[number])[inside])
