from pathlib import Path

import pytest

from stylize.errors import SettingsError
from stylize.settings import OPTIONS, Settings
from stylize.settings.conditions import ControlSpec, Strength, read_control, read_control_model, read_weights_spec
from stylize.settings.schedules import Schedule, constant


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("canny", ControlSpec("canny", None, Strength())),
        ("canny:0.8", ControlSpec("canny", None, Strength(constant(0.8)))),
        ("tile:.5:0-0.6", ControlSpec("tile", None, Strength(constant(0.5), 0.0, 0.6))),
        ("depth=z/d.####.exr", ControlSpec("depth", Path("z/d.####.exr"), Strength())),
        (
            "depth=C:\\z\\d.exr:0.7:0.1-1",
            ControlSpec("depth", Path("C:\\z\\d.exr"), Strength(constant(0.7), 0.1, 1.0)),
        ),
        ("canny:(0: 0.4, 40: 0.9)", ControlSpec("canny", None, Strength(Schedule(((0, 0.4), (40, 0.9)))))),
        ("tile:(0:(.4), 9:(1)):0-.5", ControlSpec("tile", None, Strength(Schedule(((0, 0.4), (9, 1.0))), 0, 0.5))),
        ("depth=a(1).exr:(0.7)", ControlSpec("depth", Path("a(1).exr"), Strength(constant(0.7)))),
    ],
)
def test_controls_read_back_as_written(text, asked):
    assert read_control(text) == asked
    assert read_control(str(asked)) == asked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "edges",
        "canny:3",
        "canny:1:0.6-0.2",
        "canny:1:0-2",
        "depth=",
        "canny:x",
        "=a",
        7,
        "canny:(0: 3)",
        "canny:(0: 1, 0: 2)",
        "canny:()",
    ],
)
def test_invalid_control_is_refused(text):
    with pytest.raises(SettingsError) as error:
        read_control(text)
    assert "\n" not in str(error.value)


def test_files_and_models_are_parsed():
    assert read_weights_spec("a/ink.safetensors:0.8").strength.weight == constant(0.8)
    assert read_weights_spec("a/ink.safetensors").path == Path("a/ink.safetensors")
    assert read_control_model("canny=owner/net").model == "owner/net"
    for wrong in ("owner/net", "canny=", 7):
        with pytest.raises(SettingsError, match="expected KIND=MODEL"):
            read_control_model(wrong)
    with pytest.raises(SettingsError, match="one of canny"):
        read_control_model("edges=owner/net")


def test_project_stores_controls_and_models_with_absolute_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = Settings(
        renderer="diffusion", model="a/b", control=["canny:0.8", "depth=z/d.####.exr:0.5"], lora="ink.safetensors:0.7",
        control_model="depth=c/d", denoise="0: 0.4, 40: 0.7", cfg=5, sampler="euler a",
        prompt='0: "a village", 9: "a burning village"',
    )  # fmt: skip
    assert Settings(**asked.stored()) == asked
    whole = {name: OPTIONS[name].resolve(value) for name, value in asked.stored().items()}
    assert whole["control"] == ["canny:0.8", f"depth={tmp_path}/z/d.####.exr:0.5"]
    assert whole["lora"] == [f"{tmp_path}/ink.safetensors:0.7"]
    assert whole["model"] == "a/b"
    assert whole["sampler"] == "Euler a"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"control_model": "canny=a/b"}, "add --control canny"),
        ({"ip_adapter": "a.safetensors"}, "--style PICTURE"),
        ({"style": "ref.png"}, "--ip-adapter FILE"),
        ({"image_encoder": "x"}, "--ip-adapter FILE"),
        ({"lora_folder": "x"}, "no prompt contains"),
        ({"negative": "<lora:ink>"}, "write it in --prompt"),
        ({"prompt": '0: "a'}, "--prompt must be"),
        ({"denoise": "0: 0.4, 9: 0.01"}, "no step to run"),
        ({"sampler": "brush"}, "DPM++ 2M Karras"),
        ({"clip_skip": 0}, "from 1 to 12"),
        ({"render_size": 10}, "from 64"),
        ({"dtype": "float8"}, "float16"),
        (
            {"control": "canny:1:0.3-0.4", "steps": 20, "denoise": 0.25, "sampler": "euler"},
            "--control canny:1.0:0.3-0.4: no step of --steps 20",
        ),
        (
            {"control": "canny:1:0.5-0.8", "steps": 4, "denoise": "0: 1, 9: 0.5", "sampler": "ddim"},
            "--control canny:1.0:0.5-0.8: no step",
        ),
        (
            {"style": "a.png", "ip_adapter": "a.safetensors:1:0.8-1", "steps": 4, "denoise": 1, "sampler": "lcm"},
            "--ip-adapter a.safetensors:1.0:0.8-1.0: no step",
        ),
    ],
)  # fmt: skip
def test_option_combination_without_effect_is_refused(asked, message):
    with pytest.raises(SettingsError) as error:
        Settings(renderer="diffusion", model="a/b", **asked)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "asked",
    [
        {"control": "canny:1:0.2-0.4", "steps": 20, "denoise": 0.25, "sampler": "euler"},  # the second of five
        {"control": "canny:1:0.25-0.45", "steps": 4, "denoise": 1, "sampler": "heun"},  # calls seven times
        {"control": "canny:1:0.25-0.45", "steps": 4, "denoise": 1},  # the model's own sampler may do so, too
        {"control": "canny:0:0.3-0.4", "steps": 4, "denoise": 1, "sampler": "euler"},  # not active
        {"style": "a.png", "ip_adapter": "a.safetensors:1:0.7-1", "steps": 4, "denoise": 1, "sampler": "lcm"},
    ],
)  # fmt: skip
def test_range_with_a_step_is_accepted(asked):
    Settings(renderer="diffusion", model="a/b", **asked)
