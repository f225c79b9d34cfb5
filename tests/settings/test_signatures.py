"""Typed signatures: generated from the declarations, and everything that they accept is read."""

import os
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from masks.prompts import Box, Point
from stylize.errors import SettingsError
from stylize.settings import MatteSettings, Settings
from stylize.settings.compound import GuideSpec, Levels, MatteKey
from stylize.settings.conditions import ControlSpec, Strength, WeightsSpec
from stylize.settings.generate import SIGNATURES, signatures
from stylize.settings.schedules import constant


def test_signatures_match_the_declarations():
    assert SIGNATURES.read_text(encoding="utf-8") == signatures(), "run: python -m stylize.settings.generate"


def test_generator_makes_no_change():
    before = SIGNATURES.read_bytes()
    subprocess.run([sys.executable, "-m", "stylize.settings.generate"], check=True)
    assert SIGNATURES.read_bytes() == before


class Place(os.PathLike[str]):
    """A path class of another library."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __fspath__(self) -> str:
        return self.text


MODEL = {"renderer": "diffusion", "model": "m"}
NETWORK = {"matte_model": "sam2/", "output": "m/"}


@pytest.mark.parametrize(
    ("given", "name", "read"),
    [
        ({"style": Place("a.png")}, "style", Path("a.png")),
        ({"output": Path("out")}, "output", "out"),
        ({"output": "out/"}, "output", "out/"),
        ({"keyframes": {9, 1}}, "keyframes", (1, 9)),
        ({"keyframes": range(1, 10, 4)}, "keyframes", (1, 5, 9)),
        ({"keyframes": Place("keys.csv")}, "keyframes", Path("keys.csv")),
        ({"guide": [Place("z"), "n:3"]}, "guide", (GuideSpec(Path("z"), 12.0), GuideSpec(Path("n"), 3.0))),
        ({"matte": Place("alpha")}, "matte", f".{os.sep}alpha"),
        ({"matte": iter([Path("alpha")])}, "matte", f".{os.sep}alpha"),
        ({"matte": iter(["click:1,2@3", "box:1,2,3,4@3"]), "matte_model": Place("s")}, "matte",
         "click:1,2@3 box:1,2,3,4@3"),
        ({"export": iter(["nuke", "edl"])}, "export", ("edl", "nuke")),
        ({"export": ["passes"], "depth": Place("auto")}, "depth", f".{os.sep}auto"),
        (MODEL | {"model": Place("m/x")}, "model", "m/x"),
        (MODEL | {"cfg": constant(5.0)}, "cfg", constant(5.0)),
        (MODEL | {"control": iter(["canny"])}, "control", (ControlSpec("canny", None, Strength()),)),
        (MODEL | {"lora": Place("l.safetensors")}, "lora", (WeightsSpec(Path("l.safetensors"), Strength()),)),
    ],
)  # fmt: skip
def test_all_values_accepted_by_the_signatures_are_read(given, name, read):
    assert getattr(Settings(**given), name) == read


@pytest.mark.parametrize(
    ("given", "name", "read"),
    [
        ({"key": iter(["4:m.png"])}, "key", (MatteKey(4, Path("m.png")),)),
        ({"luma": Levels(0.1, 0.3)}, "luma", Levels(0.1, 0.3)),
        ({"clean": Place("c.png")}, "clean", Path("c.png")),
        (NETWORK | {"click": iter([Point(3, 1, 2, inside=True), "1,2@4"])}, "click",
         (Point(3, 1, 2, inside=True), Point(4, 1, 2, inside=True))),
        (NETWORK | {"box": Box(3, 1, 2, 4, 5)}, "box", (Box(3, 1, 2, 4, 5),)),
        ({"chroma": "green", "output": Path("out")}, "output", "out"),
    ],
)  # fmt: skip
def test_all_values_accepted_by_the_matte_signatures_are_read(given, name, read):
    assert getattr(MatteSettings(**{"output": "m/", **given}), name) == read


@pytest.mark.parametrize("wrong", [b"a.png", 3, ["a.png"], ""])
def test_value_that_is_not_a_path_is_refused(wrong):
    for name in ("keys", "output", "vectors"):
        with pytest.raises(SettingsError, match="must be a path, not"):
            Settings(**{name: wrong})


@pytest.mark.parametrize("wrong", [b"a.png", 3, "", [], ["a.png", 3], [["a.png"]], {"a": "b"}])
def test_value_that_is_not_paths_is_refused(wrong):
    with pytest.raises(SettingsError, match="--style must be a path, or several, not"):
        Settings(style=wrong)


@pytest.mark.parametrize("given", ["a.png", Path("a.png"), ["a.png"], (Path("a.png"),)])
def test_one_reference_is_the_same_in_a_list(given):
    asked = Settings(style=given)
    assert (asked.style, asked.stored()) == (Path("a.png"), {"style": "a.png"})


@pytest.mark.parametrize("given", [["a.png", Path("b.png")], iter(("a.png", "b.png"))])
def test_several_references_keep_their_order(given):
    asked = Settings(style=given)
    assert asked.references == asked.style == (Path("a.png"), Path("b.png"))
    assert asked.stored() == {"style": ["a.png", "b.png"]}


def test_too_many_references_are_refused():
    assert len(Settings(style=["a.png"] * 16).references) == 16
    with pytest.raises(SettingsError, match="--style: expected at most 16 pictures, found 17"):
        Settings(style=["a.png"] * 17)


def test_settings_are_values():
    asked = Settings(style="a.png", keyframes="1,9", layers=["style=b.png", "matte=m/,seed=2"])
    assert pickle.loads(pickle.dumps(asked)) == asked
    assert hash(pickle.loads(pickle.dumps(asked))) == hash(asked)
    assert replace(asked, seed=3) != asked
    assert replace(asked, keyframes=(1, 5)).keyframes == (1, 5)
    assert replace(replace(asked, seed=3), seed=0) == asked
    with pytest.raises(FrozenInstanceError):
        asked.seed = 3
    with pytest.raises(SettingsError, match="--seed must be"):
        replace(asked, seed="x")
    assert "seed=0" in repr(asked)
    mattes = MatteSettings(chroma="green", output="m/")
    assert pickle.loads(pickle.dumps(mattes)) == mattes == replace(mattes, threads=None)


@pytest.mark.parametrize("kind", [Settings, MatteSettings])
def test_unknown_name_gets_a_suggestion(kind):
    with pytest.raises(TypeError, match=r"has no option 'frame'; did you mean 'frames'\?"):
        kind(frame="1-9")
