import pytest

from stylize.errors import RendererError, SettingsError
from stylize.renderers import auto
from stylize.renderers.auto import resolve_renderer
from stylize.renderers.diffusion import models
from stylize.settings import Settings


def settle(**asked):
    told = []
    return resolve_renderer(Settings(renderer="auto", **asked), told.append), told


@pytest.fixture
def installed(monkeypatch):
    """As if the libraries were there, and only ``cached`` in the cache."""
    cached = []

    def find_model(name):
        if name not in cached:
            raise RendererError("missing")

    monkeypatch.setattr(auto, "find_spec", lambda name: object())
    monkeypatch.setattr(models, "find_model", find_model)
    return cached


def test_another_renderer_stays():
    asked = Settings(style="ref.png")
    assert resolve_renderer(asked, lambda line: pytest.fail(line)) is asked


def test_without_the_libraries_it_is_the_embedded_one(monkeypatch):
    monkeypatch.setattr(auto, "find_spec", lambda name: None if name == "peft" else object())
    settings, told = settle(style="ref.png")
    assert settings.renderer == "example"
    assert told == ["--renderer auto is example here: peft is not installed"]
    with pytest.raises(SettingsError, match=r"auto is example here, for peft is not installed: --model is for"):
        settle(style="ref.png", model="a/b")


def test_a_model_that_is_given_counts(installed):
    settings, told = settle(model="a/b", prompt="oil")
    assert (settings.renderer, settings.model, settings.prompt) == ("diffusion", "a/b", "oil")
    assert told == ["--renderer auto is diffusion here: the model a/b was given"]
    with pytest.raises(SettingsError, match="--ip-adapter FILE"):
        settle(model="a/b", style="ref.png")


def test_a_model_in_the_cache_counts(installed):
    settings, told = settle(style="ref.png")
    assert settings.renderer == "example"
    assert "neither --model nor --ip-adapter" in told[0]
    assert settle()[0].renderer == "example"
    installed.append("stabilityai/stable-diffusion-xl-base-1.0")
    settings, told = settle(prompt="oil")
    assert (settings.renderer, settings.model) == ("diffusion", "stabilityai/stable-diffusion-xl-base-1.0")
    assert "is in the cache" in told[0]
