"""References of settings: every option that can name a path or service outside of a project is known to do so."""

from dataclasses import replace
from pathlib import Path

import pytest

from stylize.errors import StylizeError
from stylize.settings import OPTIONS, OptionType, Settings
from stylize.settings import option_types as types
from stylize.settings.option import Option
from stylize.settings.references import references_of, shell_word

# Texts with which an option could name a path or service, alone or within its syntax.
PLACES = ("/outside/of/it.csv", "/outside/of/it.safetensors", "../it.png", "~/it.png", "hf://owner/name/it.safetensors",
          "http://example.com:7860")  # fmt: skip
FORMS = ("{}", "{}:0.5", "{}:0.5:0-0.5", "40:{}", "canny={}", "depth={}:0.5", "matte={}", "a={}", '0: "{}"')
# Words in a prompt name no path; see the folder of LoRAs in the renderer. Neither do names inside a picture or a
# configuration of OpenColorIO.
WORDS = {"prompt", "negative", "exr_layer", "input_space", "view"}
STORED = {name: option for name, option in OPTIONS.items() if option.stored and name != "layers"}


def accepted(option: Option) -> list[object]:
    """Return all accepted values that name a path or service, as a project file would store them."""
    found: list[object] = []
    for place in PLACES:
        for form in FORMS:
            text = form.format(place)
            for value in (text, [text], {"matte": text}):
                try:
                    stored = option.store(option.read(value))
                except (StylizeError, AttributeError):
                    continue
                if "it." in repr(stored) or "example.com" in repr(stored):
                    found.append(stored)
    return found


@pytest.mark.parametrize("name", sorted(STORED))
def test_every_option_that_accepts_a_path_gives_a_reference(name: str) -> None:
    values = accepted(STORED[name])
    if name in WORDS:
        assert values
        return
    for value in values:
        assert references_of({name: value}), f"{name} = {value!r} would reach outside of a project, and is not refused"
        layer = {"layers": [{"name": "person", name: value}]}
        assert {one.layer for one in references_of(layer)} == {"person"}


def test_options_that_accept_paths_are_listed() -> None:
    """Ensure that the test above is not vacuous."""
    assert {name for name in STORED if accepted(STORED[name])} == WORDS | {
        "style", "keys", "keyframes", "output", "model", "model_config", "vae", "control", "control_model", "lora",
        "annotators", "lora_folder", "ip_adapter", "image_encoder", "url", "matte", "cryptomatte", "matte_model",
        "guide", "depth", "flow_weights", "vectors", "vectors_back", "vectors_forward", "renderer_options",
        "segmenter_options", "flow_options", "export_options", "ocio",
    }  # fmt: skip


def test_option_of_an_unknown_type_is_treated_as_a_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    later = OptionType("a lookup table", "str", lambda value: str(value))
    table = replace(OPTIONS["style"], name="table", type=later)
    assert {one.text for one in references_of({"table": "/outside/film.cube"}, {"table": table})} == {
        "/outside/film.cube"
    }
    relative = replace(later, read=types.FLAG.read, resolve=types.PATH.resolve)
    table = replace(table, type=relative)
    assert references_of({"table": {"one": ["/outside/film.cube"]}}, {"table": table})


def test_values_without_a_path_give_no_reference() -> None:
    settings = Settings(
        keyframes=(1, 9), frames="1-9", matte="alpha", matte_grow=2, on="twos", rate="23.976", codec="ffv1",
        flow="raft", export=("otio",), seed=3, add_key=(4,), keys_budget=None, drop_key=(9,),
    )  # fmt: skip
    assert references_of(settings.stored()) == frozenset()
    words = Settings(renderer="a1111", prompt='0: "a/b ../c /d <lora:e:1>"')
    assert {(one.option, one.kind, one.text) for one in references_of(words.stored())} == {
        ("renderer", "service", "a1111")
    }


def test_references_contain_all_named_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(
        renderer="diffusion", model="owner/name", vae="/v/../w", lora=["a.safetensors:0.5", "hf://o/n/f.safetensors"],
        control=["canny", "depth=d/d.####.png:0.5"], control_model="canny=own/net", depth="auto", export="passes",
        guide="ids:3", matte="m/", keyframes="keys.csv",
    )  # fmt: skip
    assert {(one.option, one.kind, one.text) for one in references_of(settings.stored())} == {
        ("renderer", "service", "diffusion"), ("model", "model", "hf://owner/name"), ("vae", "path", "/v/../w"),
        ("lora", "path", str(tmp_path / "a.safetensors")), ("lora", "model", "hf://o/n/f.safetensors"),
        ("control", "path", str(tmp_path / "d/d.####.png")), ("control_model", "model", "hf://own/net"),
        ("depth", "service", "auto"), ("guide", "path", str(tmp_path / "ids")), ("matte", "path", str(tmp_path / "m")),
        ("keyframes", "path", str(tmp_path / "keys.csv")),
    }  # fmt: skip


def test_displayed_references_are_escaped_for_terminal_and_shell() -> None:
    assert shell_word("/a b") == "'/a b'"
    assert shell_word("\x1b[2J$(rm -r x)\n") == "'\\x1b[2J$(rm -r x)\\n'"
