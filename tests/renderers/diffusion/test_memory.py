"""Every fallback for full memory, with errors raised inside; offloading does not change the picture.

Main memory stands for the device here: the hooks that move parts there and back are the library's own.
"""

import numpy as np
import pytest

from stylize.errors import RendererError
from stylize.renderers import RenderRequest
from stylize.renderers.diffusion.memory import OFFLOADED, SLICED, TILED, MemorySavings, is_full
from stylize.renderers.diffusion.parts import Parts
from stylize.renderers.diffusion.sizes import plan_size
from tests.renderers.diffusion.test_failure import full
from tests.renderers.diffusion.test_options import control_options, renderer
from tests.renderers.diffusion.test_renderer import picture, quiet
from tests.renderers.diffusion.test_renderer import pytestmark as quietly

pytestmark = quietly
ALL = (SLICED, TILED, OFFLOADED)


@pytest.fixture
def offloads(monkeypatch):
    """Behave like a device with its own memory."""
    monkeypatch.setattr(Parts, "offload_to", "cpu")


def ask(**more):
    return RenderRequest(7, picture(), None, None, None, 3, **more)


def fails(module, times, after=0):
    """Let the calls of a module fail so often, except the first ``after``."""
    calls = []

    def hook(*args):
        calls.append(1)
        if after < len(calls) <= after + times:
            raise full()

    module.register_forward_pre_hook(hook)
    return calls


def fallbacks_of(made):
    return [note.removeprefix("keyframe 7: memory was exhausted, so ") for note in made.notes]


# Locations of out-of-memory errors


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
@pytest.mark.parametrize("part", ["text_encoder", "unet", "vae.encoder", "vae.decoder"])
def test_key_is_rendered_again_with_less_memory_wherever_it_ran_out(models, family, part):
    plain = renderer(models, family).render(ask(), quiet).picture
    painter = renderer(models, family)
    module = painter.parts.base
    for name in part.split("."):
        module = getattr(module, name)
    calls = fails(module, 1, after=1 if part == "unet" else 0)
    made = painter.render(ask(), quiet)
    assert fallbacks_of(made) == [SLICED]
    assert len(calls) > 1
    np.testing.assert_allclose(made.picture, plain, atol=1e-4)  # the same sums in another order


def test_failed_attempt_leaves_no_hooks_or_adapters(models):
    """Use an earlier key, a ControlNet, an adapter and tiles: a failed attempt must leave nothing of them."""
    adapter = models / "adapter_sd15" / "adapter.safetensors"
    asked = control_options(models, style="ref.png", ip_adapter=str(adapter), render_size=64, upscale=8)
    plate = np.tile(picture(), (2, 2, 1))
    request = RenderRequest(7, plate, picture(seed=4), 1 - plate, np.ones(plate.shape[:2], np.float32), 3, (1 - plate,))
    counter = renderer(models, **asked)
    calls = fails(counter.parts.base.unet, 0)
    plain = counter.render(request, quiet).picture
    for after in (1, len(calls) - 1):  # in the key and in its tiles
        painter = renderer(models, **asked)
        before = painter.parts.base.unet.attn_processors.keys()
        fails(painter.parts.base.unet, 1, after)
        made = painter.render(request, quiet)
        assert fallbacks_of(made)[0] == TILED  # slicing does not work with adapters
        assert painter.parts.base.unet.attn_processors.keys() == before
        assert "forward" not in vars(painter.parts.base.unet)
        assert made.picture.shape == plain.shape
        assert np.isfinite(made.picture).all()


# The fallbacks


def test_fallbacks_are_applied_in_order_and_stay_in_effect(models, offloads):
    painter = renderer(models)
    fails(painter.parts.base.unet, 3)
    made = painter.render(ask(), quiet)
    assert tuple(fallbacks_of(made)) == painter.parts.memory_savings.taken == ALL
    pipeline = painter.parts.base
    assert pipeline.vae.use_tiling
    assert {"SlicedAttnProcessor"} == {type(one).__name__ for one in pipeline.unet.attn_processors.values()}
    again = painter.render(ask(), quiet)
    assert not again.notes
    np.testing.assert_array_equal(again.picture, made.picture)


def test_tiled_autoencoder_gives_the_same_picture(models, offloads):
    """Use the autoencoder whose latents are the picture: gaps or double coverage of tiles would be visible."""
    asked = {"vae": str(models / "clear"), "steps": 1000, "denoise": 0.001}
    plain = renderer(models, **asked).render(ask(), quiet).picture
    painter = renderer(models, **asked)
    painter.parts.memory_savings.taken = (SLICED,)
    calls = fails(painter.parts.base.vae.decoder, 1)
    made = painter.render(ask(), quiet)
    assert fallbacks_of(made) == [TILED]
    assert len(calls) > 3  # the failed attempt, and the tiles
    np.testing.assert_allclose(made.picture, plain, atol=2e-3)


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
def test_offloading_gives_the_same_picture(models, offloads, family, monkeypatch):
    """Use a prompt, a reference, a LoRA, a ControlNet, an earlier key and a matte, so that all parts are moved."""
    plate, matte = picture(), np.ones((48, 64), np.float32)
    matte[:, :8] = 0
    request = RenderRequest(
        7, plate, picture(seed=4), 1 - plate, np.full((48, 64), 0.5, np.float32), 3, (1 - plate,), matte
    )  # fmt: skip
    asked = control_options(
        models, family, style="ref.png", prompt="a big deal", negative="a bad ice", clip_skip=2,
        ip_adapter=str(models / f"adapter_{family}" / "adapter.safetensors"),
    )  # fmt: skip
    # With SDXL, hooks change the last bits by 1e-6, which the tiny LoRA would amplify.
    close = 1e-4 if family == "sdxl" else 0
    if family == "sd15":
        asked["lora"] = str(models / "loras_sd15" / "ink.v1.safetensors")
    plain = renderer(models, family, **asked).render(request, quiet).picture
    painter = renderer(models, family, **asked)
    painter.parts.memory_savings.taken = (SLICED, TILED)
    fails(painter.parts.base.unet, 1)
    moved = brought(painter.parts.base, monkeypatch)
    made = painter.render(request, quiet)
    assert fallbacks_of(made) == [OFFLOADED]
    np.testing.assert_allclose(made.picture, plain, atol=close, rtol=0)
    assert {"unet", "vae", "text_encoder", "image_encoder"} <= set(moved)
    np.testing.assert_array_equal(painter.render(request, quiet).picture, made.picture)
    for part in ("unet", "vae", "text_encoder", "image_encoder"):
        hook = getattr(painter.parts.base, part)._hf_hook
        assert str(hook.execution_device).startswith("cpu")


def brought(pipeline, monkeypatch):
    """Parts that hooks move to the device."""
    from accelerate.hooks import CpuOffload

    names = {id(part): name for name, part in pipeline.components.items()}
    seen, whole = [], CpuOffload.pre_forward

    def pre_forward(self, module, *args, **kwargs):
        seen.append(names.get(id(module)))
        return whole(self, module, *args, **kwargs)

    monkeypatch.setattr(CpuOffload, "pre_forward", pre_forward)
    return seen


def test_no_offloading_on_the_cpu():
    class Pipeline:
        unet = vae = type("Part", (), {"encoder_hid_proj": None, "enable_slicing": lambda self: None,
                                       "enable_tiling": lambda self: None})()  # fmt: skip

        def enable_attention_slicing(self, how):
            assert how == "auto"

    steps = [step for step, _ in MemorySavings().steps(Pipeline(), plan_size((640, 480), "sd15"))]
    assert steps == [SLICED, TILED, "the key is painted at 480x360", "the key is painted at 360x272"]


def test_working_size_shrinks_down_to_a_minimum(models, offloads):
    painter = renderer(models)
    plate = np.tile(picture(), (8, 7, 1))
    fails(painter.parts.base.unet, 99)
    with pytest.raises(RendererError, match="memory is full, and no more can be freed") as error:
        painter.render(RenderRequest(7, plate, None, None, None, 3), quiet)
    assert "\n" not in str(error.value)
    assert painter.parts.memory_savings.taken == ALL


def test_model_too_large_for_the_device_is_offloaded(models, offloads, monkeypatch):
    from diffusers import DiffusionPipeline

    plain = renderer(models).render(ask(), quiet).picture
    whole, tries = DiffusionPipeline.to, []

    def to(self, *args, **kwargs):
        if args == ("cpu",) and not kwargs and not tries:
            tries.append(1)
            raise full()
        return whole(self, *args, **kwargs)

    monkeypatch.setattr(DiffusionPipeline, "to", to)
    painter = renderer(models)
    made = painter.render(ask(), quiet)
    assert tries
    assert fallbacks_of(made) == [OFFLOADED]
    assert hasattr(painter.parts.base.unet, "_hf_hook")
    np.testing.assert_array_equal(made.picture, plain)
    assert not painter.render(ask(), quiet).notes


# Classification of errors


def test_out_of_memory_is_distinguished_from_other_errors():
    torch = pytest.importorskip("torch")
    with pytest.raises((RuntimeError, MemoryError)) as real:
        torch.empty(1 << 50, dtype=torch.float64)
    assert is_full(real.value)
    assert is_full(MemoryError())
    assert is_full(torch.cuda.OutOfMemoryError("x"))
    assert is_full(RuntimeError("MPS backend out of memory (MPS allocated: 8.0 GB)"))
    assert is_full(RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"))
    assert not is_full(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not is_full(ValueError("out of memory"))
