"""Suggestions for unknown options: synonyms from other programs, in Python, files and layers."""

import pytest

from stylize.errors import SettingsError
from stylize.settings import MATTE_OPTIONS, OPTIONS, Settings, read_settings
from stylize.settings.extension_options import EXTENSION_OPTIONS
from stylize.settings.option import flag_of
from stylize.settings.suggestions import answer, suggest
from stylize.settings.synonyms import ANSWERS, SYNONYMS

# Options of extensions are suggested by name, see tests/extensions.
COMMANDS = {
    command: {name: option for name, option in options.items() if option.type is not EXTENSION_OPTIONS}
    for command, options in (("run", OPTIONS), ("matte", MATTE_OPTIONS))
}


def words_of(options):
    """(option, word, value) for every synonym of some options."""
    return [(name, *entry.partition("=")[::2]) for name in options for entry in SYNONYMS.get(name, "").split()]


def test_synonyms_belong_to_existing_options():
    assert SYNONYMS.keys() == COMMANDS["run"].keys() | COMMANDS["matte"].keys()


@pytest.mark.parametrize("command", COMMANDS)
def test_synonym_is_unambiguous_and_not_an_option(command):
    options = COMMANDS[command]
    words = [word for _, word, _ in words_of(options)]
    assert sorted(words) == sorted(set(words))
    flags = {flag.lstrip("-") for option in options.values() for flag in (*option.flags, flag_of(option.name))}
    assert not flags & {*words}
    assert not ANSWERS.keys() & {*words}


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_every_synonym_leads_to_its_option(command):
    options = COMMANDS[command]
    for name, word, value in words_of(options):
        for written in (f"--{word}", word.replace("-", "_"), word.upper()):
            found = suggest(written, options)
            assert (found.option.name, found.value or "") == (name, value)


def test_value_of_a_synonym_is_accepted_by_its_option():
    for options in COMMANDS.values():
        for name, _, value in words_of(options):
            if value:
                options[name].read(value)


def test_every_answer_is_one_sentence():
    for word, text in ANSWERS.items():
        assert answer(f"--{word}") == text
        assert not text.endswith(".")


def test_python_files_and_layers_suggest_by_meaning():
    with pytest.raises(TypeError, match=r"no option 'strength'; did you mean 'denoise'\?"):
        Settings(strength=0.5)
    with pytest.raises(SettingsError, match=r"p\.toml: unknown setting 'cpu', did you mean device = 'cpu'\? expected"):
        read_settings({"cpu": True}, "p.toml")
    with pytest.raises(
        SettingsError, match="unknown setting 'resume', a run that is started again continues where it stopped"
    ):
        read_settings({"resume": True}, "p.toml")
    with pytest.raises(SettingsError, match=r"unknown setting 'reference' of a layer, did you mean 'style'\?"):
        Settings(layers=["reference=a.png"])


def test_run_specific_option_in_a_file_is_explained():
    with pytest.raises(
        SettingsError, match=r"^p\.toml: overwrite applies to a single run and cannot be stored; give it as --ov"
    ):
        read_settings({"overwrite": True}, "p.toml")
