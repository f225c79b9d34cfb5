"""Settings from several sources: precedence, studio defaults that give way, and the source named in errors."""

import pytest

from stylize.errors import SettingsError
from stylize.settings import OPTIONS
from stylize.settings.sources import Source, build_settings


def studio(**values):
    return Source("defaults from s.toml", values, yields=True)


def preset(**values):
    return Source("preset p.toml", values)


def test_later_source_overrides_an_earlier_one():
    sources = [
        studio(coverage=0.6, seed=1),
        Source("", {"seed": 2}),
        preset(seed=3, style="a.png"),
        Source("", {"style": "b.png"}),
    ]
    settings, notes = build_settings(sources)
    assert (settings.coverage, settings.seed, str(settings.style), notes) == (0.6, 3, "b.png", ())


def test_named_keyframes_replace_picking_options():
    settings, notes = build_settings(
        [studio(coverage=0.6, min_gap=3), Source("", {"keyframes": "1,5", "style": "a.png"})]
    )
    assert (settings.coverage, settings.min_gap) == (OPTIONS["coverage"].default, OPTIONS["min_gap"].default)
    assert notes == ()


@pytest.mark.parametrize(
    ("defaults", "given"),
    [
        ({"coverage": 0.6, "seed": 4}, {"keys": "painted"}),
        ({"matte_feather": 4, "matte_grow": 1}, {"style": "a.png"}),
        ({"structure": 0.7}, {"keys": "painted"}),
        ({"keep_colours": True}, {"keys": "painted"}),
        ({"passes_as": "sequences"}, {"style": "a.png"}),
        ({"steps": 30}, {"style": "a.png"}),
        ({"matte_feather": 4}, {"layers": ["name=a,style=a.png"]}),
    ],
)
def test_default_without_effect_is_dropped_and_reported(defaults, given):
    settings, notes = build_settings([studio(**defaults), Source("", given)])
    assert settings == build_settings([Source("", given)])[0]
    assert len(notes) == len(defaults)
    for name in defaults:
        assert any(note.startswith(f"defaults from s.toml: {name} is ignored, because --") for note in notes)


def test_incomplete_renderer_default_is_an_error_that_names_the_file():
    with pytest.raises(SettingsError, match=r"^defaults from s\.toml: --renderer diffusion needs a model"):
        build_settings([studio(renderer="diffusion"), Source("", {})])


def test_preset_never_gives_way():
    with pytest.raises(SettingsError, match=r"^preset p\.toml: --matte-feather needs a matte"):
        build_settings([preset(style="a.png", matte_feather=4)])


def test_user_options_are_named_without_a_source():
    with pytest.raises(SettingsError, match=r"^--matte-feather needs a matte"):
        build_settings([studio(seed=1), Source("", {"style": "a.png", "matte_feather": 4})])


def test_source_drops_options_of_another_renderer():
    project = Source("", {"renderer": "diffusion", "model": "m", "prompt": "a village", "seed": 3})
    other = Source("preset p.toml", {"renderer": "example", "style": "a.png"}, replaces=frozenset({"model", "prompt"}))
    settings, _ = build_settings([project, other])
    assert (settings.renderer, settings.model, settings.prompt, settings.seed) == ("example", None, None, 3)
