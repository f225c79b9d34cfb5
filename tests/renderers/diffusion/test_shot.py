"""The whole job with the tiny model on a real shot."""

import numpy as np
import pytest

import stylize
from stylize.footage.images import read_image
from stylize.renderers.diffusion.provenance import settings_in
from stylize.settings import OPTIONS
from tests.renderers.diffusion.test_renderer import pytestmark as quietly

pytestmark = quietly
CLIP = "examples/bunny.mp4"


def run(models, project, **asked):
    told = []
    result = stylize.run(
        CLIP, renderer="diffusion", model=str(models / "sd15"), steps=3, denoise=0.7, frames="1-5", keyframes=(1, 5),
        prompt="a big deal", project=project, on_message=told.append, render_size=160, **asked,
    )  # fmt: skip
    return result, told


def text_of(path):
    """The text chunks of a PNG."""
    import struct

    data, place, found = path.read_bytes(), 8, {}
    while place < len(data):
        (size,) = struct.unpack(">I", data[place : place + 4])
        if data[place + 4 : place + 8] == b"tEXt":
            name, _, value = data[place + 8 : place + 8 + size].partition(b"\0")
            found[name.decode()] = value.decode("latin-1")
        place += size + 12
    return found


def test_a_shot_is_painted_resumed_and_its_keys_can_be_made_again(models, tmp_path):
    led = {"control": "canny:0.5", "control_model": f"canny={models / 'control'}"}
    result, told = run(models, tmp_path / "p", **led)
    assert list(result.frames) == [1, 2, 3, 4, 5]
    assert result.rendered == (1, 5)
    assert any(line.startswith("keyframe 5 beside 1: colour") for line in told)
    keys = {path.name: path for path in (tmp_path / "p" / "keys").iterdir()}
    shown = sorted((tmp_path / "p" / "passes" / "control").iterdir())
    assert [path.name for path in shown] == ["canny.bunny.0001.png", "canny.bunny.0005.png"]
    assert read_image(shown[0]).any()
    again, _ = run(models, tmp_path / "p", **led)
    assert again.rendered == ()
    assert again.redone == ()
    # The last key is lost: it comes back to the bit, from the finished first one.
    bits = keys["bunny.0005.png"].read_bytes()
    keys["bunny.0005.png"].unlink()
    assert run(models, tmp_path / "p", **led)[0].rendered == (5,)
    assert keys["bunny.0005.png"].read_bytes() == bits
    text = text_of(keys["bunny.0001.png"])
    assert text["parameters"].startswith("a big deal\nSteps: 3, Sampler: DDIM, CFG scale: 7, Seed: 0, Size: ")
    asked = settings_in(text, OPTIONS)
    made = stylize.run(CLIP, **{**asked, "project": tmp_path / "q", "to_stage": "render"})
    one, other = (read_image(root / "keys" / "bunny.0001.png") for root in (tmp_path / "p", made.project))
    np.testing.assert_array_equal(one, other)


def test_a_matte_and_ready_pictures_lead(models, tmp_path):
    from stylize.footage.images import write_image

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
    # Another matte, other keys; the same, none.
    assert run(models, tmp_path / "p", matte=str(tmp_path / "matte.png"), **asked)[0].rendered == ()
    assert run(models, tmp_path / "p", matte=str(tmp_path / "matte.png"), matte_grow=5, **asked)[0].rendered == (1, 5)


def size_of_clip():
    import av

    with av.open(CLIP) as movie:
        return movie.streams.video[0].width, movie.streams.video[0].height


def test_outliers_are_painted_again(models, tmp_path, monkeypatch):
    monkeypatch.setattr("stylize.keys.judging.OUTLIER", 0)
    asked = {"fuse": 0, "share_attention": 0, "match_colours": 0, "to_stage": "render"}
    result, told = run(models, tmp_path / "p", retries=2, **asked)
    lines = [line for line in told if line.startswith("keyframe 5 beside 1")]
    assert [line.rpartition(" ")[2] for line in lines] == ["0", "1", "2"]
    scores = [float(line.split("colour ")[1].split(",")[0]) for line in lines]
    import json

    kept = json.loads((tmp_path / "p" / "state.json").read_text())["facts"]["agreement of key 5"]["value"]
    assert kept["colour"] == pytest.approx(scores[kept["seed"]], abs=1e-3)
    alone, _ = run(models, tmp_path / "q", seed=kept["seed"], **asked)
    assert len(result.rendered) == len(alone.rendered) == 2
