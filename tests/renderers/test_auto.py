import pytest

from stylize.errors import RendererError, SettingsError
from stylize.renderers import auto
from stylize.renderers.auto import resolve_renderer
from stylize.renderers.diffusion import models
from stylize.settings import Settings


def settle(**asked):
    messages = []
    return resolve_renderer(Settings(renderer="auto", **asked), messages.append), messages


@pytest.fixture
def installed(monkeypatch):
    """Pretend that the libraries are installed, and that only ``cached`` is in the cache."""
    cached = []

    def find_model(name):
        if name not in cached:
            raise RendererError("missing")

    monkeypatch.setattr(auto, "find_spec", lambda name: object())
    monkeypatch.setattr(models, "find_model", find_model)
    return cached


def test_explicit_renderer_is_kept():
    asked = Settings(style="ref.png")
    assert resolve_renderer(asked, lambda line: pytest.fail(line)) is asked


def test_auto_without_libraries_is_the_embedded_renderer(monkeypatch):
    monkeypatch.setattr(auto, "find_spec", lambda name: None if name == "peft" else object())
    settings, messages = settle(style="ref.png")
    assert settings.renderer == "example"
    assert messages == ["--renderer auto is example here: peft is not installed"]
    with pytest.raises(SettingsError, match=r"auto is example here, because peft is not installed: --model is for"):
        settle(style="ref.png", model="a/b")


def test_given_model_selects_diffusion(installed):
    settings, messages = settle(model="a/b", prompt="oil")
    assert (settings.renderer, settings.model, settings.prompt) == ("diffusion", "a/b", "oil")
    assert messages == ["--renderer auto is diffusion here: the model a/b was given"]
    with pytest.raises(SettingsError, match="--ip-adapter FILE"):
        settle(model="a/b", style="ref.png")


def test_cached_model_selects_diffusion(installed):
    settings, messages = settle(style="ref.png")
    assert settings.renderer == "example"
    assert "neither --model nor --ip-adapter" in messages[0]
    assert settle()[0].renderer == "example"
    installed.append("stabilityai/stable-diffusion-xl-base-1.0")
    settings, messages = settle(prompt="oil")
    assert (settings.renderer, settings.model) == ("diffusion", "stabilityai/stable-diffusion-xl-base-1.0")
    assert "is in the cache" in messages[0]
