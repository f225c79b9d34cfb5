"""Former names of options still work for one release, with a warning that is always displayed."""

import warnings
from dataclasses import dataclass
from importlib.metadata import version

import pytest

from stylize.errors import RenamedOptionWarning, SettingsError
from stylize.settings import MATTE_OPTIONS, OPTIONS, Settings, looks_of, read_settings
from stylize.settings.former_names import accept_former_names, current_names, former_names_to, reading
from stylize.settings.option import LOOK, option_field, options_of
from stylize.settings.option_types import COUNT, SHARE


@accept_former_names
@dataclass(frozen=True)
class Brush:
    width: int = option_field(
        COUNT, 1, LOOK, "Width.", stages=("render",), formerly={"half_width": "0.3", "radius": "0.2"}
    )
    pressure: float = option_field(SHARE, 0.5, LOOK, "Pressure.", stages=("render",))


BRUSH = options_of(Brush)


def test_former_name_is_read_with_a_warning():
    with pytest.warns(RenamedOptionWarning) as caught:
        assert Brush(half_width=3, pressure=0.1) == Brush(3, 0.1) == Brush(width=3, pressure=0.1)
    assert [str(one.message) for one in caught] == [
        "half_width is now width; the old name will be removed in version 0.3"
    ]
    assert caught[0].filename == __file__


def test_former_flags_are_spelt_as_on_the_command_line():
    with pytest.warns(
        RenamedOptionWarning, match="^--half-width is now --width; the old name will be removed in version 0.3$"
    ):
        assert current_names({"pressure": 0.1, "half_width": "3"}, BRUSH, as_flags=True) == {
            "pressure": 0.1, "width": "3",
        }  # fmt: skip


@pytest.mark.parametrize("names", [("width", "radius"), ("radius", "width"), ("half_width", "radius")])
def test_former_and_current_name_together_are_an_error(names):
    with pytest.raises(SettingsError, match="is now width; give only width"):
        Brush(**dict.fromkeys(names, 2))


def test_unknown_name_is_an_error():
    with pytest.raises(TypeError, match="girth"):
        Brush(girth=2)
    assert current_names({"girth": 2}, BRUSH) == {"girth": 2}


def test_errors_and_warnings_name_their_source():
    received = []
    with former_names_to(received.append), reading("project.toml"), reading("layer 2"):
        Brush(radius=2)
    assert received[0].startswith("warning: project.toml: layer 2: radius is now width")
    with (
        pytest.raises(SettingsError, match=r"^project\.toml: layer 2: bad$"),
        reading("project.toml"),
        reading("layer 2"),
    ):
        raise SettingsError("bad")
    with pytest.warns(RenamedOptionWarning, match="^radius"):
        Brush(radius=2)


def test_warnings_reach_the_listener_every_time():
    received = []
    with warnings.catch_warnings(record=True) as others, former_names_to(received.append):
        warnings.simplefilter("default", DeprecationWarning)
        for _ in range(2):
            Brush(radius=2)
        warnings.warn("another", DeprecationWarning, stacklevel=1)
    assert received == ["warning: radius is now width; the old name will be removed in version 0.2"] * 2
    assert [str(one.message) for one in others] == ["another"]


def test_former_names_are_unused_and_expire_with_their_version():
    now = tuple(map(int, version("stylize").split(".")[:2]))
    for options in (OPTIONS, MATTE_OPTIONS):
        for option in options.values():
            assert not option.formerly.keys() & options.keys()
            assert all(tuple(map(int, end.split("."))) > now for end in option.formerly.values())


WORST = {"optimise_for": "worst"}


def test_project_file_may_have_a_former_name():
    with pytest.warns(RenamedOptionWarning) as caught:
        read = read_settings({"keys_for": "worst"}, "project.toml")
    assert [str(one.message) for one in caught] == [
        "project.toml: keys_for is now optimise_for; the old name will be removed in version 0.2"
    ]
    assert read.stored() == WORST
    with pytest.raises(SettingsError, match=r"^project\.toml: keys_for is now optimise_for; give only optimise_for$"):
        read_settings({"keys_for": "worst", "optimise_for": "worst"}, "project.toml")
    with pytest.raises(SettingsError, match=r"unknown setting 'optimize_for', did you mean 'optimise_for'\?"):
        read_settings({"optimize_for": "worst"}, "project.toml")


@pytest.mark.parametrize("layer", ["style=a.png,keys-for=worst", {"style": "a.png", "keys_for": "worst"}])
def test_layer_may_have_a_former_name(layer):
    with pytest.warns(RenamedOptionWarning, match="^layer 1: keys_for is now optimise_for") as caught:
        asked = Settings(layers=[layer])
    assert looks_of(asked)[0].settings.optimise_for == "worst"
    assert len(caught) == 1
    assert asked.stored() == {"layers": [{"style": "a.png", **WORST}]}


def test_warning_for_a_layer_of_a_project_file_names_both():
    layers = [{"style": "a.png"}, {"matte": "m.png", "style": "b.png", "keys_for": "worst"}]
    with pytest.warns(RenamedOptionWarning, match=r"^project\.toml: layer 2: keys_for is now"):
        read_settings({"layers": layers}, "project.toml")
    with pytest.raises(SettingsError, match=r"^project\.toml: --layer: layer 1: keys_for is now optimise_for; give"):
        read_settings({"layers": [layers[1] | WORST]}, "project.toml")
    with pytest.raises(
        SettingsError, match=r"unknown setting 'optimise_four' of a layer, did you mean 'optimise_for'\?"
    ):
        read_settings({"layers": [{"optimise_four": "worst"}]}, "project.toml")


def test_python_call_may_use_a_former_name():
    with pytest.warns(RenamedOptionWarning, match="^keys_for is now optimise_for") as caught:
        asked = Settings(keys_for="worst")
    assert asked == Settings(optimise_for="worst")
    assert caught[0].filename == __file__
    with pytest.raises(SettingsError, match=r"^keys_for is now optimise_for; give only optimise_for$"):
        Settings(keys_for="worst", optimise_for="mean")
    with (
        pytest.warns(RenamedOptionWarning),
        pytest.raises(SettingsError, match=r"^--optimise-for must be one of mean,"),
    ):
        Settings(keys_for="best")
