"""Saved presets read back equal, bring their references along, and overwrite nothing."""

import re
import shutil
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from stylize.errors import OutputError, SettingsError, StyleError
from stylize.save_preset import look_of, save_preset
from stylize.settings import Settings
from stylize.settings.look_options import LOOK_OPTIONS
from stylize.settings.preset import NOT_SAVED, read_preset
from stylize.settings.references import references_of

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
SHARE = st.floats(0, 1)
# Values for every option of a look.
VALUES = {
    "style": st.sampled_from(["ref/oil.png", "away/ink.png", ["ref/oil.png", "away/ink.png"]]),
    "min_gap": st.integers(1, 99),
    "max_keyframes": st.integers(1, 99),
    "keys_budget": st.integers(1, 9999),
    "coverage": SHARE,
    "optimise_for": st.sampled_from(["mean", "worst"]),
    "refine": st.integers(1, 9),
    "renderer": st.sampled_from(["example", "diffusion", "auto"]),
    "structure": SHARE,
    "palette": SHARE,
    "keep_colours": st.booleans(),
    "tone": SHARE,
    "seed": st.integers(0, 2**31 - 1),
    "model": st.sampled_from(["own/sd.safetensors", "some/repo", "/models/sd"]),
    "model_config": st.sampled_from(["some/config"]),
    "vae": st.sampled_from(["own/vae.safetensors", "some/vae"]),
    "dtype": st.sampled_from(["float16", "float32"]),
    "prompt": TEXTS,
    "negative": TEXTS,
    "steps": st.integers(10, 1000),
    "cfg": st.floats(2, 100),
    "denoise": st.one_of(st.floats(0.2, 1), st.just("0: 0.4, 40: 0.7")),
    "sampler": st.sampled_from(["Euler a", "DDIM"]),
    "clip_skip": st.integers(1, 12),
    "render_size": st.integers(64, 4096),
    "upscale": st.floats(1.1, 8),
    "upscale_denoise": st.floats(0.2, 1),
    "control": st.lists(st.sampled_from(["canny:0.8:0-0.6", "depth=own/depth", "lineart"]), max_size=2, unique=True),
    "control_model": st.sampled_from([["canny=own/canny"], ["canny=some/canny"]]),
    "annotators": st.sampled_from(["some/annotators"]),
    "lora": st.lists(st.sampled_from(["own/a.safetensors:0.5", "/models/b.safetensors:1"]), max_size=2, unique=True),
    "lora_folder": st.sampled_from(["own/loras"]),
    "ip_adapter": st.sampled_from(["own/adapter.safetensors:0.8"]),
    "image_encoder": st.sampled_from(["some/encoder"]),
    "share_attention": SHARE,
    "fuse": SHARE,
    "match_colours": SHARE,
    "url": st.sampled_from(["http://127.0.0.1:7861"]),
    "retries": st.integers(0, 20),
    "on": st.sampled_from(["ones", "twos"]),
    "boil": SHARE,
}  # fmt: skip
# Settings that select the renderer that an option belongs to.
RENDERERS = (
    {},
    {"renderer": "diffusion", "model": "some/sd", "prompt": "a village"},
    {"renderer": "a1111", "prompt": "a village"},
)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with references and models, some of them below the folder of the preset."""
    root = tmp_path_factory.mktemp("files").resolve()
    for name in ("looks/ref/oil.png", "away/ink.png", "looks/own/sd.safetensors", "looks/own/vae.safetensors",
                 "looks/own/canny", "looks/own/a.safetensors", "looks/own/adapter.safetensors"):  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    return root


def placed(value, root):
    """A value with its relative paths moved into the folders of ``files``."""
    if isinstance(value, list):
        return [placed(one, root) for one in value]
    if isinstance(value, str):
        for folder, place in (("own/", "looks/own/"), ("ref/", "looks/ref/"), ("away/", "away/")):
            value = re.sub(rf"(^|=){folder}", rf"\1{root}/{place}", value)
    return value


def test_every_look_option_is_saved_or_reported():
    assert VALUES.keys() | {*NOT_SAVED, "renderer_options"} == LOOK_OPTIONS.keys()
    assert not VALUES.keys() & {*NOT_SAVED}


@pytest.mark.slow
@given(st.sampled_from(RENDERERS), st.fixed_dictionaries({}, optional=VALUES))
@hypothesis_settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_saved_preset_reads_back_equal(files, renderer, drawn):
    drawn = {name: value if name in ("prompt", "negative") else placed(value, files) for name, value in drawn.items()}
    look = Settings(**renderer)
    for name, value in drawn.items():  # as many as can be combined
        try:
            look = Settings(**look.stored() | {name: value})
        except SettingsError:
            continue
    file = files / "looks" / "look.toml"
    save_preset(look, file, overwrite=True)
    read = Settings(**read_preset(file).values)
    expected = look.stored()
    assert [one.read_bytes() for one in read.references] == [one.read_bytes() for one in look.references]
    if "/away/" in str(look.style):
        expected["style"] = read.stored()["style"]
        assert all(one.is_relative_to(files / "looks") for one in read.references)
    assert read.stored() == Settings(**expected).stored()


def test_property_test_covers_every_renderer(files):
    for drawn in (
        {
            "renderer": "diffusion",
            "model": "own/sd.safetensors",
            "style": "ref/oil.png",
            "lora": ["own/a.safetensors:0.5"],
            "ip_adapter": "own/adapter.safetensors:0.8",
            "control": ["depth=own/depth"],
            "prompt": 'a "b"\n# c',
        },
        {"renderer": "a1111", "url": "http://127.0.0.1:7861", "prompt": "x"},
    ):
        look = Settings(**{name: value if name == "prompt" else placed(value, files) for name, value in drawn.items()})
        saved = save_preset(look, files / "looks" / "all.toml", overwrite=True)
        assert Settings(**read_preset(files / "looks" / "all.toml").values) == look
        assert saved.outward == tuple(
            sorted({one.option for one in references_of(look.stored())} & {"renderer", "url"})
        )


def test_preset_can_be_moved_with_its_folder(files, tmp_path):
    look = Settings(style=files / "looks/ref/oil.png", structure=0.7)
    (files / "looks" / "moved.toml").unlink(missing_ok=True)
    save_preset(look, files / "looks" / "moved.toml", name="Oil", version="3")
    content = tomllib.loads((files / "looks" / "moved.toml").read_text())
    assert content == {
        "schema": 1, "name": "Oil", "version": "3",
        "settings": {"style": "ref/oil.png", "structure": 0.7, "renderer": "example"},
    }  # fmt: skip
    shutil.copytree(files / "looks", tmp_path / "new")
    assert read_preset(tmp_path / "new" / "moved.toml").values["style"] == str((tmp_path / "new/ref/oil.png").resolve())


def test_reference_outside_the_folder_is_copied_next_to_the_preset(files, tmp_path):
    saved = save_preset(Settings(style=files / "away/ink.png"), tmp_path / "new" / "ink.toml")
    assert saved.files == (tmp_path / "new" / "ink.toml", tmp_path / "new" / "ink.png")
    assert (tmp_path / "new" / "ink.png").read_bytes() == (files / "away/ink.png").read_bytes()
    assert 'style = "ink.png"' in (tmp_path / "new" / "ink.toml").read_text()


def test_saving_overwrites_only_on_request(files, tmp_path):
    look, file = Settings(style=files / "away/ink.png"), tmp_path / "ink.toml"
    (tmp_path / "ink.png").write_bytes(b"mine")
    with pytest.raises(OutputError, match=r"ink\.png already exists; choose another .*--overwrite"):
        save_preset(look, file)
    assert not file.exists()
    file.write_text("mine")
    with pytest.raises(OutputError, match=r"ink\.toml already exists"):
        save_preset(look, file)
    assert (file.read_text(), (tmp_path / "ink.png").read_bytes()) == ("mine", b"mine")
    save_preset(look, file, overwrite=True)
    assert (tmp_path / "ink.png").read_bytes() == (files / "away/ink.png").read_bytes()
    file.unlink()
    save_preset(look, file)  # the copy holds the same picture


def test_shot_specific_options_are_left_out_and_named(files, tmp_path):
    look = Settings(style=files / "looks/ref/oil.png", keyframes="1,9", matte="alpha", matte_feather=3, seed=2)
    saved = save_preset(look, tmp_path / "a.toml")
    assert saved.left_out == ("keyframes", "matte", "matte_feather")
    assert read_preset(tmp_path / "a.toml").values.keys() == {"style", "seed", "renderer"}


@pytest.mark.parametrize("name", ["look", "look.png", "project.toml/x"])
def test_preset_needs_its_own_name(files, tmp_path, name):
    with pytest.raises(OutputError, match=r"that ends in \.toml"):
        save_preset(Settings(), tmp_path / name)


def test_preset_is_not_saved_into_a_project(tmp_path):
    (tmp_path / "project.toml").write_text("")
    with pytest.raises(OutputError, match="is a project folder"):
        save_preset(Settings(), tmp_path / "project.toml", overwrite=True)


def test_missing_reference_is_named(tmp_path):
    with pytest.raises(StyleError, match=r"the reference .*gone\.png of this look no longer exists"):
        save_preset(Settings(style=tmp_path / "gone.png"), tmp_path / "a.toml")
    with pytest.raises(SettingsError, match="each be a line of text"):
        save_preset(Settings(), tmp_path / "a.toml", name="a\nb")
    assert not (tmp_path / "a.toml").exists()


def test_preset_holds_one_layer():
    layered = Settings(layers=["name=sky,style=a.png", "name=man,matte=m.png,style=b.png"])
    assert str(look_of(layered, "man").style) == "b.png"
    with pytest.raises(SettingsError, match="give its layer with --layer NAME; the layers are sky, man"):
        look_of(layered, None)
    with pytest.raises(SettingsError, match="found 'x', and the layers are sky, man"):
        look_of(layered, "x")
    with pytest.raises(SettingsError, match="found 'x', and the project has no layers; leave --layer out"):
        look_of(Settings(), "x")


def test_preset_replaces_a_link_and_keeps_its_target(files: Path, tmp_path: Path) -> None:
    mine, file = tmp_path / "mine", tmp_path / "looks" / "oil.toml"
    for folder in (mine, file.parent):
        folder.mkdir()
    (mine / "film.toml").write_text("mine")
    (mine / "oil.png").write_text("mine")
    file.symlink_to(mine / "film.toml")
    saved = save_preset(Settings(style=files / "away/ink.png"), file, overwrite=True)
    assert {path.name: path.read_text() for path in mine.iterdir()} == {"film.toml": "mine", "oil.png": "mine"}
    assert saved.files == (file, file.with_name("oil.png"))
    assert (file.is_symlink(), saved.outward) == (False, ())


def test_unusable_preset_path_gets_a_suggestion(files: Path, tmp_path: Path) -> None:
    (tmp_path / "looks").write_text("mine")
    with pytest.raises(OutputError, match="a file exists where a folder is needed; choose another name for the preset"):
        save_preset(Settings(style=files / "away/ink.png"), tmp_path / "looks" / "oil.toml")
