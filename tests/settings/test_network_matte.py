"""Options of mattes from networks."""

import re
from pathlib import Path

import pytest

from masks.prompts import Box, Point
from stylize.errors import SettingsError
from stylize.settings import MatteSettings, Settings, looks_of
from stylize.settings.network_matte import NetworkMatte, read_network_matte


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("auto", NetworkMatte()),
        ("auto:person", NetworkMatte("person")),
        ("auto:subject", NetworkMatte("subject")),
        ("click:3,4@12", NetworkMatte(prompts=(Point(12, 3, 4),))),
        ("box:1,2,30,40.5@7", NetworkMatte(prompts=(Box(7, 1, 2, 30, 40.5),))),
        (
            "click:3,4@12 exclude:5,6@12 click:7,8@40",
            NetworkMatte(prompts=(Point(12, 3, 4), Point(12, 5, 6, False), Point(40, 7, 8))),
        ),
    ],
)
def test_matte_options_read_back_as_stored(text, asked):
    assert read_network_matte(text) == asked
    settings = Settings(matte=text, matte_model="m")
    assert settings.matte == text
    assert Settings(**settings.stored()).matte == text


def test_only_prompts_may_be_repeated():
    several = Settings(matte=("click:3,4@12", "box:1,2,30,40@7"), matte_model="m")
    assert several.matte == "click:3,4@12 box:1,2,30,40@7"
    assert Settings(matte=("m.png",)).matte == "m.png"
    for some in (("a.png", "b.png"), ("auto", "auto"), ("auto", "click:3,4@12"), ("click:3,4@1", "m.png")):
        with pytest.raises(SettingsError, match=r"may be repeated|may be combined"):
            Settings(matte=some, matte_model="m")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("auto:dog", "expected auto, auto:person or auto:subject, found 'auto:dog'"),
        ("auto:", "expected auto"),
        ("click:3,4", "click must be x,y@frame, such as 320,200@12, in pixels"),
        ("click:-3,4@1", "click must be"),
        ("click:3@1", "click must be"),
        ("box:3,4@1", "box must be x0,y0,x1,y1@frame"),
        ("box:30,4,3,40@1", "is empty"),
        ("exclude:3,4@1", "nothing marks the inside in frame 1"),
        ("click:3,4@1 exclude:3,4@2", "nothing marks the inside in frame 2"),
        ("box:0,0,3,4@1 box:5,5,8,8@1", "frame 1 has two boxes"),
        ("click:3,4@1 m.png", "may be combined in one matte"),
    ],
)
def test_invalid_matte_options_are_refused(text, message):
    with pytest.raises(SettingsError, match=re.escape(message)):
        Settings(matte=text, matte_model="m")


def test_path_object_is_never_read_as_keywords():
    assert Settings(matte=Path("auto:person")).matte == "./auto:person"


def test_each_matte_kind_needs_its_kind_of_model():
    with pytest.raises(SettingsError, match=r"auto:person needs a network .*--matte-model FILE\.onnx"):
        Settings(matte="auto:person")
    with pytest.raises(SettingsError, match="click:3,4@1 needs a SAM 2 video model"):
        Settings(matte="click:3,4@1")
    with pytest.raises(SettingsError, match="--matte-model needs --matte auto, click: or box:"):
        Settings(matte="m.png", matte_model="m")


def test_stylize_matte_accepts_the_same_options():
    asked = MatteSettings(click=("3,4@12", "5,6@12"), exclude="9,9@12", box="1,2,30,40@7", matte_model="m", output="o/")
    assert asked.network_matte().prompts == (
        Point(12, 3, 4), Point(12, 5, 6), Point(12, 9, 9, False), Box(7, 1, 2, 30, 40),
    )  # fmt: skip
    assert MatteSettings(find="person", matte_model="m", output="o/").network_matte() == NetworkMatte("person")
    for wrong, message in (
        ({"click": "3,4@12"}, "--click, --exclude and --box need a SAM 2 video model"),
        ({"find": "person", "chroma": "green"}, "--find needs a network"),
        ({"find": "person", "click": "3,4@12", "matte_model": "m"}, "--find needs a network"),
        ({"exclude": "3,4@12", "matte_model": "m"}, "nothing marks the inside"),
        ({"click": "3,4@12", "matte_model": "m", "key": "1:a.png"}, "two methods"),
        ({"box": "3,4@12", "matte_model": "m"}, "--box: box must be"),
    ):
        with pytest.raises(SettingsError, match=message):
            MatteSettings(output="o/", **wrong)


def test_layer_accepts_the_same_options():
    words = "matte=click:3,4@12,matte=exclude:9,9@12:invert,matte_model=m,style=a.png"
    (look,) = looks_of(Settings(layers=(words,)))
    assert look.settings.matte == "click:3,4@12 exclude:9,9@12"
    assert look.settings.matte_invert
    stored = Settings(layers=(words,)).stored()
    assert looks_of(Settings(**stored)) == (look,)
