"""Registrations of built-in parts, and their use in the rest of the tree."""

import re
from pathlib import Path

import pytest

from stylize.errors import SettingsError
from stylize.extensions.built_in import BUILT_IN
from stylize.extensions.discovery import find
from stylize.extensions.importing import import_target
from stylize.extensions.registrations import RENDERERS
from stylize.settings import DIFFUSION, MATTE_OPTIONS, OPTIONS, Settings
from stylize.stages import STAGES

ALL = [one for some in BUILT_IN.values() for one in some.values()]
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("registration", ALL, ids=str)
def test_registration_refers_to_an_existing_object(registration):
    if registration.group == "stylize.renderers" and registration.resolved_by:
        assert callable(import_target(registration.resolved_by))
    else:
        assert callable(import_target(registration.load))
    assert set(registration.reads) <= OPTIONS.keys() | MATTE_OPTIONS.keys()
    assert not registration.stage or registration.stage in STAGES
    assert not registration.foreign_stage or registration.foreign_stage in STAGES
    assert not registration.is_foreign
    assert registration.description


def test_every_diffusion_option_is_read_by_a_renderer():
    read = {name for one in BUILT_IN["stylize.renderers"].values() for name in one.reads}
    assert {option.name for option in OPTIONS.values() if option.group == DIFFUSION} <= read


@pytest.mark.parametrize("name", [one.name for one in ALL if one.group == "stylize.renderers"])
def test_renderer_refuses_options_that_it_does_not_read(name):
    one = BUILT_IN["stylize.renderers"][name]
    given = {"prompt": "oil", "url": "http://127.0.0.1:1", "vae": "a/b", "structure": 0.7, "keep_colours": True}
    base = {"renderer": name} | ({"style": "a.png"} if one.needs_reference or not one.paints else {})
    base |= {"model": "a/b"} if one.needs_model else {}
    if one.resolved_by:
        return
    for option, value in given.items():
        if option in one.reads:
            Settings(**base, **{option: value})
        else:
            flag = OPTIONS[option].flags[-1]
            with pytest.raises(SettingsError, match=rf"{flag} is (for|not used by) --renderer"):
                Settings(**base, **{option: value})


def test_no_module_repeats_the_names_of_renderers():
    """Two names of renderers in one line are a list of them; such code should use their registrations instead."""
    names = "|".join(name for name, one in BUILT_IN["stylize.renderers"].items() if not one.resolved_by)
    found = [
        f"{path}: {line.strip()}"
        for path in (ROOT / "cli.py", *(ROOT / "stylize").rglob("*.py"))
        if path.name not in ("built_in.py", "stages.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if len(re.findall(rf'"(?:{names})"', line)) > 1
    ]
    assert found == []


@pytest.mark.parametrize(("name", "meant"), [("exampel", "; did you mean example?"), ("oil", "")])
def test_unknown_name_gets_a_suggestion_if_one_is_close(name, meant):
    with pytest.raises(
        SettingsError, match=rf"^--renderer must be one of .*example.*, not '{name}'{re.escape(meant)}$"
    ):
        find(RENDERERS, name)
