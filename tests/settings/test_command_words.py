"""Options written as words of a command line are read back unchanged by the command."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cli
from stylize.errors import SettingsError
from stylize.settings import OPTIONS, Option
from stylize.settings.command_words import command_words, shell_command
from stylize.settings.extension_options import EXTENSION_OPTIONS
from tests.settings.test_round_trip import values_of

WITH_A_FLAG = [one for one in OPTIONS.values() if one.type is not EXTENSION_OPTIONS and one.name != "layers"]


def read_back(words: list[str]) -> dict[str, Any]:
    """Values of the options that ``stylize SHOT`` reads from words."""
    params = cli.command.commands["run"].make_context("run", ["shot", *words]).params
    given_values = cli._given({name: value for name, value in params.items() if name in OPTIONS}, OPTIONS)
    return {name: OPTIONS[name].read(value) for name, value in given_values.items()}


@pytest.mark.slow
@pytest.mark.parametrize("option", WITH_A_FLAG, ids=lambda option: option.name)
@given(data=st.data())
@settings(max_examples=8)
def test_words_give_the_option_its_value(option: Option, data: st.DataObject) -> None:
    try:
        value = option.read(data.draw(values_of(option)))
    except SettingsError:
        return
    found = read_back(command_words({option.name: value}))
    resolved = option.read(option.resolve(option.store(value)))
    if value == option.default or value in (None, ()):
        assert found.get(option.name, option.default) == option.default
    else:
        assert found == {option.name: resolved}


def test_relative_paths_become_absolute_and_values_like_flags_are_joined(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = command_words({"style": ["a.png", "b c.png"], "negative": "--blur", "exposure": -2.0, "keep_colours": True})
    assert words == [
        "--style", str(tmp_path / "a.png"), "--style", str(tmp_path / "b c.png"), "--negative=--blur",
        "--exposure=-2.0", "--keep-colours",
    ]  # fmt: skip
    assert read_back(words)["negative"] == "--blur"
    assert command_words({"keep_colours": False, "split": False, "prompt": None}) == ["--no-split"]
    assert shell_command(["stylize", "it's $a"]) == "stylize 'it'\"'\"'s $a'"


def test_value_that_an_option_does_not_accept_is_an_error():
    with pytest.raises(SettingsError, match="--structure must be a number from 0 to 1"):
        command_words({"structure": 2})
