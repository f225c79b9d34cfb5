"""Layers as words, as tables and from Python; what no layer can have, and what would be said for nothing."""

from pathlib import Path

import pytest

from stylize.errors import SettingsError
from stylize.settings import OPTIONS, Settings, looks_of, read_settings


def values(text):
    return dict(Settings(layers=[text]).layers[0].values)


def test_words_say_what_tables_say():
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
def test_a_comma_ends_a_value_where_another_setting_follows(text, expected):
    found = values(text)
    assert {name: found[name] for name in expected} == expected


def test_what_may_be_repeated_is_gathered():
    found = values("matte=m.png,style=a.png,guide=a.png:2,guide=b.png")
    assert [str(guide.path) for guide in found["guide"]] == ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        (["matte=m.png,stlye=a.png"], "a layer has no setting 'stlye', did you mean 'style'? there are name, style, "),
        (
            ["matte=m.png,output=x/"],
            "--layer: layer 1: output is the whole shot's and no layer's; give it outside, as --output",
        ),
        (["matte=m.png,flow=raft"], "give it outside, as --flow"),
        (["matte=m.png,from-stage=pick"], "give it outside, as --from"),
        (["matte=m.png,layers=x"], "give it outside, as --layer"),
        (["matte=m.png,like=key.png"], "give it outside, as --like"),
        (["matte=m.png,seed=x"], "--seed must be a whole number"),
        (["style=a.png,style=b.png"], "style is given twice in the layer"),
        (["style"], "'style' is no setting of a layer; write NAME=VALUE"),
        ([""], "a layer says what it looks like"),
        (["style=a.png", "style=b.png"], "--layer 2 has no matte, so that it would hide all layers before it"),
        (["name=x,style=a.png", "name=x,style=b.png,matte=m.png"], "two layers have the name x"),
        (["name=x,style=a.png", "name=X,style=b.png,matte=m.png"], "the name x but for capitals, as X has; give each"),
        (["matte=m/:grow,style=a.png"], "matte m/:grow: :grow is nothing that follows a matte, expected :invert,"),
        (["matte=m/:feather=-3:invert,style=a.png"], ":feather=-3 is nothing that follows a matte"),
        (["matte=m/:grow=1.5,style=a.png"], ":grow=1.5 is nothing that follows a matte"),
        (["matte=m/:blur=3,style=a.png"], ":blur=3 is nothing that follows a matte"),
        (["name=2,style=a.png"], "a layer's name is a letter and then letters"),
        (["name=../x,style=a.png"], "a layer's name is a letter and then letters"),
        (["matte=auto,style=a.png"], "--layer 1: --matte auto needs a network"),
        (["style=a.png,matte_grow=2"], "--layer 1: --matte-grow needs a matte"),
        (3, "--layer must be layers as matte=person/,style=a.png"),
        ([3], "--layer must be layers as"),
    ],
)
def test_what_is_wrong_with_a_layer_is_told_in_a_line(layers, told):
    with pytest.raises(SettingsError) as error:
        Settings(layers=layers)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_what_is_said_outside_counts_for_layers_that_do_not_say_it():
    asked = Settings(style="a.png", seed=5, layers=["matte=m.png", "matte=m.png:invert,seed=6"])
    assert [(str(look.settings.style), look.settings.seed) for look in looks_of(asked)] == [("a.png", 5), ("a.png", 6)]
    with pytest.raises(SettingsError, match="--seed counts for layers that do not say it themselves, and each"):
        Settings(seed=5, layers=["style=a.png,seed=6"])
    # A mix that would do nothing in a run without layers may do something in one of these.
    assert looks_of(Settings(structure=0.2, layers=["style=a.png"]))[0].settings.structure == 0.2
    with pytest.raises(SettingsError, match="--layer 1: --structure and --keep-colours"):
        Settings(structure=0.2, layers=["keys=painted"])
    with pytest.raises(SettingsError, match="--from export comes after"):
        Settings(layers=["style=a.png"], from_stage="export", to_stage="pick")


def test_without_layers_settings_are_the_only_look():
    asked = Settings(style="a.png")
    assert [(look.name, look.settings) for look in looks_of(asked)] == [("", asked)]


def test_a_project_keeps_layers_with_whole_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stored = Settings(layers=["name=top,matte=m/:invert,style=a.png", "matte=alpha,style=b.png"]).stored()
    whole = {name: OPTIONS[name].resolve(value) for name, value in stored.items()}
    assert whole["layers"][0]["style"] == str(tmp_path / "a.png")
    assert whole["layers"][1]["matte"] == "alpha"
    again = read_settings(whole, "project.toml")
    assert again.stored() == whole
    assert [look.name for look in looks_of(again)] == ["top", "2"]
    with pytest.raises(SettingsError, match=r"project.toml: --layer: layer 1: a layer has no setting 'x'"):
        read_settings({"layers": [{"x": 1}]}, "project.toml")
