"""Mattes from SAM 2 prompts, from the command's options to the files."""

import shutil
import sys

import numpy as np
import pytest

import stylize
from stylize.errors import FrameRangeError, MatteError
from stylize.matting.matte_pipeline import make_mattes
from stylize.media.images import read_values, write_image
from stylize.settings import MatteSettings
from tests.matting.test_segmenting import SIZE, scene
from tests.networks import red_finder
from tests.sam2 import tiny_sam2


@pytest.fixture
def plates(tmp_path):
    (tmp_path / "plates").mkdir()
    for number, (pixels, _) in enumerate(scene(4), 11):
        write_image(tmp_path / "plates" / f"p.{number:04d}.png", pixels)
    return tmp_path / "plates"


@pytest.fixture(scope="module")
def saved_model(tmp_path_factory):
    return tiny_sam2(tmp_path_factory.mktemp("sam2"))


@pytest.fixture
def model(tmp_path, saved_model):
    return shutil.copytree(saved_model, tmp_path / "sam2")


def matte_settings(tmp_path, model, **more):
    return MatteSettings(matte_model=model, output=f"{tmp_path}/m/", **more)


def test_mattes_are_regenerated_only_when_prompts_change(tmp_path, plates, model):
    made = make_mattes(plates, matte_settings(tmp_path, model, click="35,32@12"))
    assert made.redone == (11, 12, 13, 14)
    for path in made.frames.values():
        assert read_values(path).shape[:2] == SIZE[::-1]
    assert make_mattes(plates, matte_settings(tmp_path, model, click="35,32@12")).redone == ()
    before = {frame: path.read_bytes() for frame, path in made.frames.items()}
    assert make_mattes(plates, matte_settings(tmp_path, model, click="35,32@13")).redone == (11, 12, 13, 14)
    assert {frame: path.read_bytes() for frame, path in made.frames.items()} != before
    assert make_mattes(plates, matte_settings(tmp_path, model, click="35,32@12")).redone == (11, 12, 13, 14)
    assert {frame: path.read_bytes() for frame, path in made.frames.items()} == before
    tiny_sam2(model, seed=1)
    for name in (".stylize-found-k1lled_0", ".found-k1lled_0"):
        left = tmp_path / "plates.stylize" / "mask" / name
        left.mkdir()
        (left / "12.npz").write_bytes(b"half")
    assert make_mattes(plates, matte_settings(tmp_path, model, click="35,32@12")).redone == (11, 12, 13, 14)
    assert not list(tmp_path.glob("**/.*found-*"))


def test_run_stylises_the_prompted_object(tmp_path, plates, model):
    (tmp_path / "keys").mkdir()
    write_image(tmp_path / "keys" / "11.png", np.full((SIZE[1], SIZE[0], 3), 255, np.uint8))
    words = {"keys": tmp_path / "keys", "matte": ("box:15,10,55,55@12", "exclude:2,2@12"), "matte_model": model}
    made = stylize.run(plates, **words, to_stage="propagate")
    assert len(made.frames) == 4
    for frame in made.frames:
        assert (made.project / "mask" / "auto" / f"p.{frame:04d}.png").is_file()
    assert stylize.run(plates, **words, to_stage="propagate").redone == ()


def test_prompt_outside_the_frame_is_refused_before_any_work(tmp_path, plates, model):
    for more, error, message in (
        ({"click": "96,3@12"}, MatteError, r"click:96,3@12 is outside the frame, which is 96x64: expected x from"),
        ({"click": "3,64@12"}, MatteError, "is outside"),
        ({"click": ("3,3@12",), "exclude": "500,3@12"}, MatteError, "exclude:500,3@12 is outside"),
        ({"box": "3,3,97,10@12"}, MatteError, "is outside"),
        ({"click": "3,3@10"}, FrameRangeError, r"no frame 10, the frames are 11-14; choose"),
    ):
        with pytest.raises(error, match=message):
            make_mattes(plates, matte_settings(tmp_path, model, **more))
    assert not (tmp_path / "m").exists()
    make_mattes(plates, matte_settings(tmp_path, model, box="0,0,96,64@12"))


def test_invalid_model_is_reported_with_a_download_command(tmp_path, plates, model):
    def make(path):
        return make_mattes(plates, matte_settings(tmp_path, path, click="35,32@12"))

    get = r"download it with: hf download facebook/sam2\.1-hiera-tiny"
    with pytest.raises(MatteError, match=rf"no such folder; .*{get}"):
        make(tmp_path / "none")
    with pytest.raises(MatteError, match=r"nor in the Hugging Face cache; .*: hf download some/repo --in"):
        make("some/repo")
    (tmp_path / "net.onnx").write_bytes(red_finder())
    with pytest.raises(MatteError, match=r"expected a SAM 2 video model .*, found a file"):
        make(tmp_path / "net.onnx")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MatteError, match=rf"expected config\.json, found none; {get}"):
        make(tmp_path / "empty")
    config = (model / "config.json").read_text()
    (model / "config.json").write_text("{")
    with pytest.raises(MatteError, match=r"config\.json cannot be read"):
        make(model)
    (model / "config.json").write_text(config.replace('"model_type": "sam2_video"', '"model_type": "sam2"'))
    with pytest.raises(MatteError, match=r"expected a SAM 2 video model .*, found sam2"):
        make(model)
    (model / "config.json").write_text(config)
    weights = (model / "model.safetensors").read_bytes()
    (model / "model.safetensors").unlink()
    with pytest.raises(MatteError, match=r"expected \*\.safetensors, found none"):
        make(model)
    (model / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(MatteError, match="cannot be loaded"):
        make(model)


def test_missing_weights_are_an_error(tmp_path, plates, model):
    torch = pytest.importorskip("safetensors.torch")
    weights = torch.load_file(model / "model.safetensors")
    left = {name: value.clone() for name, value in weights.items() if not name.startswith("memory_encoder")}
    torch.save_file(left, model / "model.safetensors", {"format": "pt"})
    with pytest.raises(MatteError, match=r"lacks \d+ of its weights, such as memory_encoder"):
        make_mattes(plates, matte_settings(tmp_path, model, click="35,32@12"))


def test_missing_library_is_reported_with_its_install_command(tmp_path, plates, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MatteError, match=r"not installed \(.*transformers.*\); run pip install '\.\[sam2\]'"):
        make_mattes(plates, matte_settings(tmp_path, tmp_path, click="35,32@12"))


def test_folder_without_prompts_is_refused(tmp_path, plates, model):
    with pytest.raises(MatteError, match=r"expected an \.onnx file, found a folder; SAM 2 requires a prompt"):
        make_mattes(plates, matte_settings(tmp_path, model))


def test_clicks_on_the_review_page_find_their_subject_in_single_frames(tmp_path, plates, model):
    from stylize.review.matte_actions import find_clicked, model_problem, store_clicks
    from stylize.review.painted_mattes import painted_frames
    from stylize.review.prepare import prepare_project
    from stylize.review.shown_project import show_project

    root = prepare_project(plates, {}, lambda event: None)
    stylize.configure(root, matte="click:1,1@11", matte_model=str(model))
    project = show_project(root, print)
    assert model_problem(project.part("")) == ""
    store_clicks(project, project.part(""), ["click:35,32@12", "box:9,9,40,40@14"])
    find_clicked(root)
    found = painted_frames(project, "")
    assert list(found) == [12, 14]
    assert {read_values(path).shape[:2] for path in found.values()} == {SIZE[::-1]}
    (model / "config.json").unlink()
    assert "hf download" in model_problem(project.part(""))
