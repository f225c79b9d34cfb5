"""Unusable mattes of a layer: the error is one line that names the layer, before anything is rendered."""

import numpy as np
import pytest

import stylize
from stylize.errors import FrameRangeError, MatteError, SettingsError
from stylize.media.images import write_image
from tests.clips import write_movie
from tests.context.test_mattes import write_exr
from tests.networks import red_finder
from tests.sliding import SIZE, folder_of, picture, scene
from tests.test_cli import run_command

FRAMES = 4


@pytest.fixture
def plates(tmp_path):
    return folder_of(tmp_path / "plates", scene(FRAMES))


@pytest.fixture
def style(tmp_path):
    write_image(tmp_path / "ref.png", scene(1)[0])
    return tmp_path / "ref.png"


def flat(folder, value, first=1, count=FRAMES, size=SIZE):
    return folder_of(folder, [np.full(size[::-1], value, np.uint8)] * count, first)


def with_nan(folder, value=np.nan):
    folder.mkdir()
    for number in range(1, FRAMES + 1):
        values = np.full((*SIZE[::-1], 1), 0.5, np.float32)
        values[3, 3] = value if number == 3 else 1
        write_exr(folder / f"m.{number}.exr", values, ("Y",))
    return folder


def with_holes(folder):
    flat(folder, 255)
    (folder / "plate.0002.png").unlink()
    return folder


def of_other_length(folder):
    folder.mkdir()
    return write_movie(folder / "m.mkv", [picture(255)] * (FRAMES + 3))


def cut_off(folder):
    flat(folder, 255)
    file = folder / "plate.0003.png"
    file.write_bytes(file.read_bytes()[:40])
    return folder


def no_picture(folder):
    folder.mkdir()
    for number in range(1, FRAMES + 1):
        (folder / f"m.{number}.png").write_text("not at all")
    return folder


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (with_nan, r"layer 2: matte .*m\.3\.exr: the picture contains NaN, expected finite values; render it again"),
        (with_holes, r"layer 2: matte .*: expected one file for each of the frames 1-4, missing 2; add them"),
        (lambda folder: flat(folder, 255, first=7), r"layer 2: matte .*for each of the frames 1-4, missing 1-4"),
        (lambda folder: flat(folder, 255, count=2), r"layer 2: matte .*for each of the frames 1-4, missing 3-4"),
        (of_other_length, r"layer 2: matte .*m\.mkv: expected 4 frames like the shot, found 7; export it with"),
        (
            lambda folder: flat(folder, 255, size=(32, 18)),
            r"layer 2: matte .*plate\.0001\.png: expected 64x36 like the shot, found 32x18",
        ),
        (cut_off, r"layer 2: matte .*plate\.0003\.png: .*(truncated|damaged)"),
        (no_picture, r"layer 2: matte .*m\.1\.png: not a readable picture"),
    ],
)  # fmt: skip
def test_unusable_matte_is_reported_before_any_key_is_rendered(tmp_path, plates, style, monkeypatch, make, message):
    monkeypatch.setattr("stylize.keys.rendering.render_keys", lambda *_: pytest.fail("painted a key"))
    layers = [{"style": style}, {"matte": make(tmp_path / "given"), "style": style}]
    with pytest.raises(MatteError, match=f"^{message}") as error:
        stylize.run(plates, layers=layers)
    assert "\n" not in str(error.value)
    assert not list((tmp_path / "plates.stylize").rglob("out/*"))


def test_matte_of_a_layer_is_clipped_to_0_1(tmp_path, plates):
    (tmp_path / "dark").mkdir()
    write_image(tmp_path / "dark" / "1.png", picture(30))
    layers = [{"matte": with_nan(tmp_path / "given", np.inf), "keys": tmp_path / "dark"}]
    stylize.run(plates, layers=layers, to_stage="render")


@pytest.mark.slow
def test_empty_matte_is_reported_with_its_layer_and_the_run_continues(capfd, tmp_path, plates, style):
    black = flat(tmp_path / "black", 0)
    code, _, err = run_command(
        capfd, plates, "--layer", f"style={style}", "--layer", f"name=hat,matte={black},style={style}",
        "-o", f"{tmp_path}/o/", "--rate", 24,
    )  # fmt: skip
    assert code == 0
    assert err == (
        "layer hat: the matte is black in all frames: there is nothing to stylise, and the result equals the plates\n"
    )
    assert len(list((tmp_path / "o").glob("*.png"))) == FRAMES


def test_command_reports_it_in_one_line(capfd, tmp_path, plates, style):
    code, out, err = run_command(
        capfd, plates, "--layer", f"style={style}", "--layer", f"name=hat,matte={tmp_path}/gone,style={style}"
    )
    assert (code, out) == (1, "")
    assert err == (
        f"stylize: layer hat: matte {tmp_path}/gone: no such file, expected pictures, a movie or one picture; check "
        "the path\n"
    )


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("gone.onnx", None, r"--matte-model .*gone\.onnx: no such file; use any salient-object"),
        ("text.onnx", b"no network at all", r"--matte-model .*text\.onnx: "),
        ("empty.onnx", b"", r"--matte-model .*empty\.onnx: "),
        ("folder", "", r"--matte-model .*folder: expected an \.onnx file, found a folder"),
    ],
)
def test_invalid_model_is_reported_with_its_layer(tmp_path, plates, style, name, data, message):
    pytest.importorskip("onnxruntime")
    if data == "":
        (tmp_path / name).mkdir()
    elif data is not None:
        (tmp_path / name).write_bytes(data)
    layers = [{"style": style}, {"name": "hat", "matte": "auto", "matte_model": tmp_path / name, "style": style}]
    with pytest.raises(MatteError, match=f"^layer hat: {message}") as error:
        stylize.run(plates, layers=layers)
    assert "\n" not in str(error.value)
    assert not list((tmp_path / "plates.stylize").rglob("out/*"))


def test_network_of_another_kind_is_reported_with_its_layer(tmp_path, plates, style):
    pytest.importorskip("onnxruntime")
    (tmp_path / "net.onnx").write_bytes(red_finder(64))
    layers = [{"name": "hat", "matte": "auto:person", "matte_model": tmp_path / "net.onnx", "style": style}]
    with pytest.raises(MatteError, match=r"^layer hat: --matte-model .*net\.onnx: .*person"):
        stylize.run(plates, layers=layers)


@pytest.mark.parametrize(
    ("words", "kind", "message"),
    [
        (
            "click:64,3@1",
            MatteError,
            r"click:64,3@1 is outside the frame, which is 64x36: expected x from 0",
        ),
        ("click:3,36@1", MatteError, r"click:3,36@1 is outside the frame.* and y from 0 to 35"),
        ("box:1,1,65,9@2", MatteError, r"box:1,1,65,9@2 is outside the frame"),
        ("click:3,3@9", FrameRangeError, r"click:3,3@9: the shot has no frame 9, the frames are 1-4"),
    ],
)
def test_prompt_outside_the_frame_is_reported_with_its_layer(tmp_path, plates, style, words, kind, message):
    layers = [{"name": "hat", "matte": words, "matte_model": tmp_path, "style": style}]
    with pytest.raises(kind, match=f"^layer hat: {message}") as error:
        stylize.run(plates, layers=layers)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"matte": "auto"}, r"--layer hat: .*--matte-model"),
        ({"matte": "click:-3,3@1", "matte_model": "."}, r"layer 1: .*click must be x,y@frame"),
        ({"matte": "exclude:3,3@1", "matte_model": "."}, r"layer 1: .*nothing marks the inside in frame 1"),
        ({"matte": "left.png:grow"}, r"layer 1: .*unknown suffix :grow"),
    ],
)
def test_invalid_matte_options_are_reported_with_their_layer(plates, style, words, message):
    with pytest.raises(SettingsError, match=message) as error:
        stylize.run(plates, layers=[{"name": "hat", "style": style} | words])
    assert "\n" not in str(error.value)
