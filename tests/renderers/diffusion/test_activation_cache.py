import numpy as np
import pytest

from stylize.renderers import RenderRequest
from stylize.renderers.diffusion.activation_cache import ActivationCache, cache_key
from tests.renderers.diffusion.test_failure import failing, full  # noqa: F401
from tests.renderers.diffusion.test_options import renderer
from tests.renderers.diffusion.test_renderer import picture, quiet
from tests.renderers.diffusion.test_renderer import pytestmark as quietly

pytestmark = quietly
torch = pytest.importorskip("torch")


def test_cached_activations_are_reused_and_unused_ones_dropped():
    activation_cache, made = ActivationCache(), []

    def make(name):
        made.append(name)
        return {"layer": torch.full((2,), len(made))}

    for _ in range(2):
        with activation_cache.one_key():
            assert activation_cache.get("first", lambda: make("first"))["layer"][0] == 1
    with activation_cache.one_key():
        activation_cache.get("other", lambda: make("other"))
    assert activation_cache.size == 2 * 8  # only those of the last key
    with activation_cache.one_key():
        activation_cache.get("first", lambda: make("first"))
    assert made == ["first", "other", "first"]
    activation_cache.clear()
    assert activation_cache.size == 0


def test_cache_size_is_bounded():
    activation_cache = ActivationCache(max_bytes=100)
    with activation_cache.one_key():
        for name in "abc":
            activation_cache.get(name, lambda: {"layer": torch.zeros(10)})
    assert activation_cache.size == 80
    assert activation_cache.get("c", lambda: {"layer": torch.ones(10)})["layer"].sum() == 10


def test_cache_keys_distinguish_contents():
    one = torch.arange(4.0)
    same = [cache_key({"a": [one, None]}, 3), cache_key({"a": [one.clone(), None]}, 3)]
    assert same[0] == same[1]
    others = [
        cache_key({"a": [one + 1, None]}, 3), cache_key({"a": [one.half(), None]}, 3), cache_key({"b": [one, None]}, 3),
        cache_key({"a": [one.reshape(2, 2), None]}, 3), cache_key({"a": [one]}, None, 3), cache_key(np.arange(4.0), 3),
    ]  # fmt: skip
    assert len({*same, *others}) == 7


def third(first, second):
    return RenderRequest(9, picture(), None, second, np.ones((48, 64), np.float32), 5, (first, second))


def count_calls(painter):
    """Count the calls of the renderer's network from now on."""
    asked = []
    painter.parts.base.unet.register_forward_hook(lambda *_: asked.append(1))
    return asked


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
def test_activations_of_the_first_key_are_reused_bit_identically(models, family):
    first, second = picture(seed=2), picture(seed=3)
    asked = {"share_attention": 1, "fuse": 0, "steps": 8}  # four steps; two calls per reference key
    kept, fresh = renderer(models, family, **asked), renderer(models, family, **asked)
    kept.render(RenderRequest(5, picture(), None, first, np.ones((48, 64), np.float32), 5, (first,)), quiet)
    few, many = count_calls(kept), count_calls(fresh)
    one, other = (painter.render(third(first, second), quiet).picture for painter in (kept, fresh))
    np.testing.assert_array_equal(one, other)
    assert (len(few), len(many)) == (4 + 2, 4 + 4)
    again = kept.render(third(first, second), quiet).picture  # as for another seed: no new activations of references
    assert len(few) == 6 + 4
    np.testing.assert_array_equal(again, one)


def test_changed_prompt_or_lora_gives_new_activations(models):
    lora = models / "loras_sd15" / "ink.v1.safetensors"
    asked = {"share_attention": 1, "fuse": 0, "prompt": '0: "a", 9: "bad"', "lora": f"{lora}:(0: 0, 9: 1)"}
    first, second = picture(seed=2), picture(seed=3)
    kept, fresh = renderer(models, **asked), renderer(models, **asked)
    kept.render(RenderRequest(0, picture(), None, first, np.ones((48, 64), np.float32), 5, (first,)), quiet)
    one, other = (painter.render(third(first, second), quiet).picture for painter in (kept, fresh))
    np.testing.assert_array_equal(one, other)


def test_cache_is_cleared_when_memory_is_full(models, failing):  # noqa: F811
    painter = renderer(models, share_attention=1)
    first = picture(seed=2)
    painter.render(third(first, first), quiet)
    assert painter.painter.activation_cache.size > 0
    before = painter.painter.activation_cache._entries
    failing += [full()]
    painter.render(RenderRequest(9, picture(), None, None, None, 5), quiet)
    assert before == {}
