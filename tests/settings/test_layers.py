"""Layers as text, as tables and from Python; options that a layer cannot have or that would have no effect."""

from pathlib import Path

import pytest

from stylize.errors import SettingsError
from stylize.settings import OPTIONS, Settings, looks_of, read_settings


def values(text):
    return dict(Settings(layers=[text]).layers[0].values)


def test_text_and_table_give_the_same_layer():
    words = Settings(layers=["matte=person/:invert:feather=4,style=b.png,keyframes=1,9", "name=top,matte=m.png,seed=3"])
    tables = Settings(
        layers=[
            {"matte_feather": 4, "matte_invert": True, "matte": "person/", "style": Path("b.png"), "keyframes": (1, 9)},
            {"name": "top", "matte": "m.png", "seed": 3},
        ]
    )
    assert words == tables
    below, above = looks_of(words)
    assert (below.name, above.name) == ("1", "top")
    assert (below.settings.matte_invert, below.settings.matte_feather, below.settings.keyframes) == (True, 4, (1, 9))
    assert (above.settings.seed, above.settings.style, above.settings.layers) == (3, None, ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("renderer=diffusion,model=m,prompt=a village, gouache,steps=9", {"prompt": "a village, gouache", "steps": 9}),
        ("renderer=diffusion,model=m,prompt=\"a, seed=3 'x'\",steps=9", {"prompt": "a, seed=3 'x'", "steps": 9}),
        ('renderer=diffusion,model=m,prompt=0: "a", 9: "b"', {"prompt": '0: "a", 9: "b"'}),
        ("style=a.png,keep-colours,seed=4", {"keep_colours": True, "seed": 4}),
        ("style=a.png,keep_colours=false", {"keep_colours": False}),
        ("style=a.png,max-keyframes=2", {"max_keyframes": 2}),
        ("matte=10:20:invert,style=a.png", {"matte": "10:20", "matte_invert": True}),
        ("matte=m.png,style=a.png, matte-grow = 3", {"matte_grow": 3}),
    ],
)
def test_comma_ends_a_value_before_another_setting(text, expected):
    found = values(text)
    assert {name: found[name] for name in expected} == expected


def test_repeatable_options_are_collected():
    found = values("matte=m.png,style=a.png,guide=a.png:2,guide=b.png")
    assert [str(guide.path) for guide in found["guide"]] == ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (
            ["matte=m.png,stlye=a.png"],
            "unknown setting 'stlye' of a layer, did you mean 'style'? expected one of name, style, ",
        ),
        (
            ["matte=m.png,output=x/"],
            "layer 1: output applies to the whole shot, not to a layer; give it outside the layer, as --output",
        ),
        (["matte=m.png,flow=raft"], "give it outside the layer, as --flow"),
        (["matte=m.png,from-stage=pick"], "give it outside the layer, as --from"),
        (["matte=m.png,layers=x"], "give it outside the layer, as --layer"),
        (["matte=m.png,like=key.png"], "give it outside the layer, as --like"),
        (["matte=m.png,seed=x"], "--seed must be a whole number"),
        (["style=a.png,seed=1,seed=2"], "seed is given twice in the layer"),
        (["style"], "'style' is not a setting of a layer; write NAME=VALUE"),
        ([""], "expected options of a layer"),
        (["style=a.png", "style=b.png"], "--layer 2 has no matte and would hide all layers before it"),
        (["name=x,style=a.png", "name=x,style=b.png,matte=m.png"], "two layers have the name x"),
        (["name=x,style=a.png", "name=X,style=b.png,matte=m.png"], "the name x (apart from case: X); give each"),
        (["matte=m/:grow,style=a.png"], "matte m/:grow: unknown suffix :grow, expected :invert,"),
        (["matte=m/:feather=-3:invert,style=a.png"], "unknown suffix :feather=-3"),
        (["matte=m/:grow=1.5,style=a.png"], "unknown suffix :grow=1.5"),
        (["matte=m/:blur=3,style=a.png"], "unknown suffix :blur=3"),
        (["name=2,style=a.png"], "must be a letter followed by letters"),
        (["name=../x,style=a.png"], "must be a letter followed by letters"),
        (["matte=auto,style=a.png"], "--layer 1: --matte auto needs a network"),
        (["style=a.png,matte_grow=2"], "--layer 1: --matte-grow needs a matte"),
        (3, "--layer must be layers such as matte=person/,style=a.png"),
        ([3], "--layer must be layers such as"),
    ],
)
def test_faulty_layer_is_reported_in_one_line(layers, message):
    with pytest.raises(SettingsError) as error:
        Settings(layers=layers)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_layers_inherit_options_that_they_do_not_set():
    asked = Settings(style="a.png", seed=5, layers=["matte=m.png", "matte=m.png:invert,seed=6"])
    assert [(str(look.settings.style), look.settings.seed) for look in looks_of(asked)] == [("a.png", 5), ("a.png", 6)]
    with pytest.raises(SettingsError, match="--seed has no effect, because every layer overrides it"):
        Settings(seed=5, layers=["style=a.png,seed=6"])
    # A combination without effect in a plain run may have an effect in a layer.
    assert looks_of(Settings(structure=0.2, layers=["style=a.png"]))[0].settings.structure == 0.2
    with pytest.raises(SettingsError, match="--layer 1: --structure needs a reference"):
        Settings(structure=0.2, layers=["keys=painted"])
    with pytest.raises(SettingsError, match="--from export comes after"):
        Settings(layers=["style=a.png"], from_stage="export", to_stage="pick")


def test_settings_without_layers_are_a_single_look():
    asked = Settings(style="a.png")
    assert [(look.name, look.settings) for look in looks_of(asked)] == [("", asked)]


def test_project_stores_layers_with_absolute_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stored = Settings(layers=["name=top,matte=m/:invert,style=a.png", "matte=alpha,style=b.png"]).stored()
    whole = {name: OPTIONS[name].resolve(value) for name, value in stored.items()}
    assert whole["layers"][0]["style"] == str(tmp_path / "a.png")
    assert whole["layers"][1]["matte"] == "alpha"
    again = read_settings(whole, "project.toml")
    assert again.stored() == whole
    assert [look.name for look in looks_of(again)] == ["top", "2"]
    with pytest.raises(SettingsError, match=r"project.toml: --layer: layer 1: unknown setting 'x'"):
        read_settings({"layers": [{"x": 1}]}, "project.toml")
