"""Every option changes the picture as it should, and nothing else does; with tiny models and the real libraries."""

import numpy as np
import pytest

from stylize.errors import RendererError
from stylize.renderers import RenderRequest, make_renderer
from stylize.settings import Settings
from tests.renderers.diffusion.test_renderer import picture, quiet
from tests.renderers.diffusion.test_renderer import pytestmark as quietly

pytestmark = quietly
FAMILIES = ("sd15", "sdxl")
NETS = {"sd15": "control", "sdxl": "control_xl"}


def renderer(models, family="sd15", **asked):
    model = str(models / family)
    return make_renderer("diffusion", Settings(**{"renderer": "diffusion", "model": model, "steps": 4, **asked}))


def paint(models, family="sd15", frame=7, plate=None, seed=3, request=None, **asked):
    plate = picture() if plate is None else plate
    wanted = RenderRequest(frame, plate, None, None, None, seed, **(request or {}))
    return renderer(models, family, **asked).render(wanted, quiet).picture


def assert_same(one, other):
    np.testing.assert_array_equal(one, other)


def assert_differs(one, other):
    assert (one != other).mean() > 0.5


def control_options(models, family="sd15", **asked):
    net = models / NETS[family]
    return {"control": "canny", "control_model": f"canny={net}", **asked}


@pytest.mark.parametrize("family", FAMILIES)
def test_seed_determines_the_picture_of_both_families(models, family):
    one = paint(models, family)
    assert one.shape == (48, 64, 3)
    assert one.std() > 0.01
    assert_same(one, paint(models, family))
    assert_differs(one, paint(models, family, seed=4))


@pytest.mark.parametrize(("family", "name"), [("sd15", "one"), ("sdxl", "one_xl")])
def test_single_file_gives_the_same_picture_as_its_folder(models, family, name):
    asked = {"prompt": "a big deal", "negative": "a bad ice", "clip_skip": 2}
    file = {"model": str(models / f"{name}.safetensors"), "model_config": str(models / family)}
    # The memory address of weights may change the last bits of a product; the weights themselves are the same.
    np.testing.assert_allclose(paint(models, **asked, **file), paint(models, family, **asked), atol=1e-5)
    one, whole = renderer(models, **file).parts.base, renderer(models, family).parts.base
    parts = [name for name, part in whole.components.items() if hasattr(part, "state_dict")]
    assert len(parts) == (4 if family == "sdxl" else 3)
    for part in parts:
        loaded, wanted = (getattr(pipeline, part).state_dict() for pipeline in (one, whole))
        assert loaded.keys() == wanted.keys()
        assert all(bool((loaded[layer] == wanted[layer]).all()) for layer in wanted)


def test_single_file_supports_the_same_options_as_its_folder(models):
    asked = control_options(models, "sdxl") | {
        "lora": str(models / "loras_sdxl" / "ink.v1.safetensors"), "render_size": 96, "cfg": 2,
    }  # fmt: skip
    one = paint(models, model=str(models / "one_xl.safetensors"), model_config=str(models / "sdxl"), **asked)
    np.testing.assert_allclose(one, paint(models, "sdxl", **asked), atol=1e-3)


def test_autoencoder_changes_the_picture(models):
    assert_same(paint(models), paint(models, vae=str(models / "sd15")))
    assert_same(paint(models), paint(models, vae=str(models / "sd15" / "vae")))
    assert_differs(paint(models), paint(models, vae=str(models / "sdxl")))


@pytest.mark.parametrize("prefix", ["", "first_stage_model."])
def test_autoencoder_may_be_a_single_file(models, tmp_path, prefix):
    from safetensors.torch import load_file

    from tests.renderers.diffusion import tiny

    state = load_file(models / "vae.safetensors")
    path = tmp_path / "vae.safetensors"
    tiny.save_shared({prefix + name: value for name, value in state.items()}, path)
    assert_same(paint(models, vae=str(path)), paint(models, vae=str(models / "sdxl")))
    one = {"model": str(models / "one.safetensors"), "model_config": str(models / "sd15")}
    assert_same(paint(models, vae=str(path), **one), paint(models, vae=str(models / "sdxl")))


def test_file_that_is_not_an_autoencoder_is_refused(models):
    with pytest.raises(RendererError, match="is not a Stable Diffusion autoencoder"):
        paint(models, vae=str(models / "loras_sd15" / "ink.v1.safetensors"))
    with pytest.raises(RendererError, match=r"there is no autoencoder nowhere\.safetensors"):
        paint(models, vae="nowhere.safetensors")


def test_precision_has_an_effect_and_a_missing_device_is_refused(models):
    import torch

    fine, coarse = paint(models), paint(models, dtype="bfloat16")
    assert_differs(fine, coarse)
    assert np.abs(fine - coarse).mean() < 0.1
    if not torch.backends.mps.is_available():
        with pytest.raises(RendererError, match=r"--device mps is not available to PyTorch.*cpu"):
            paint(models, device="mps")


# Prompts


@pytest.mark.parametrize("family", FAMILIES)
def test_plain_prompt_is_encoded_like_the_library(models, family):
    from stylize.renderers.diffusion.encoding import encode
    from stylize.renderers.diffusion.prompts import read_prompt

    pipeline = renderer(models, family).parts.base
    ours = encode(pipeline, read_prompt("a big deal"), read_prompt("bad"), 1)
    theirs = pipeline.encode_prompt(
        prompt="a big deal", negative_prompt="bad", device=pipeline.device, num_images_per_prompt=1,
        do_classifier_free_guidance=True,
    )  # fmt: skip
    names = ("prompt_embeds", "negative_prompt_embeds", "pooled_prompt_embeds", "negative_pooled_prompt_embeds")
    for name, value in zip(names, theirs, strict=False):
        np.testing.assert_allclose(ours[name].numpy(), value.detach().numpy(), atol=1e-6)
    assert len(ours) == len(theirs)


@pytest.mark.parametrize("zeros", [True, False])
def test_missing_negative_prompt_of_xl_is_encoded_like_the_library(models, zeros):
    from stylize.renderers.diffusion.encoding import encode
    from stylize.renderers.diffusion.prompts import read_prompt

    parts = renderer(models, "sdxl").parts
    parts.base.register_to_config(force_zeros_for_empty_prompt=zeros)
    for from_image in (True, False):
        pipeline = parts.pipeline(7, None, from_image=from_image)
        ours = encode(pipeline, read_prompt("a big deal"), read_prompt(" "), 1)
        theirs = pipeline.encode_prompt(
            prompt="a big deal", negative_prompt=None, device=pipeline.device, num_images_per_prompt=1,
            do_classifier_free_guidance=True,
        )  # fmt: skip
        names = ("prompt_embeds", "negative_prompt_embeds", "pooled_prompt_embeds", "negative_pooled_prompt_embeds")
        for name, value in zip(names, theirs, strict=True):
            np.testing.assert_allclose(ours[name].numpy(), value.detach().numpy(), atol=1e-6)
        for name in ("negative_prompt_embeds", "negative_pooled_prompt_embeds"):
            assert bool((ours[name] == 0).all()) is zeros


@pytest.mark.parametrize("family", FAMILIES)
def test_word_weights_have_an_effect(models, family):
    plain = paint(models, family, prompt="a red deal")
    assert_same(plain, paint(models, family, prompt="a (red:1) deal"))
    assert_differs(plain, paint(models, family, prompt="a (red:1.5) deal"))
    assert_same(
        paint(models, family, prompt="a ((red)) deal"), paint(models, family, prompt="a (red:1.2100000000000002) deal")
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_prompts_may_be_longer_than_the_encoder_takes(models, family):
    words = ", ".join(["abcdefg"] * 30)  # 7 letters are 7 tokens here
    long = paint(models, family, prompt=words)
    assert_differs(long, paint(models, family, prompt=f"{words}, a"))  # the last of more than 200 tokens has an effect
    assert_differs(long, paint(models, family, prompt=words, negative="bad"))
    assert_differs(paint(models, family, prompt="a b"), paint(models, family, prompt="a BREAK b"))


def test_clip_skip_matches_the_library(models):
    import torch

    from stylize.renderers.diffusion.encoding import encode
    from stylize.renderers.diffusion.prompts import read_prompt

    assert_same(paint(models, prompt="deal"), paint(models, prompt="deal", clip_skip=1))
    assert_differs(paint(models, prompt="deal"), paint(models, prompt="deal", clip_skip=2))
    pipeline = renderer(models).parts.base
    ours = encode(pipeline, read_prompt("deal"), read_prompt(""), 2)["prompt_embeds"]
    ids = pipeline.tokenizer("deal", padding="max_length", max_length=77, return_tensors="pt").input_ids
    layers = pipeline.text_encoder(ids, output_hidden_states=True).hidden_states
    norm = torch.nn.functional.layer_norm(layers[-2], layers[-2].shape[-1:])  # its weights are new: 1 and 0
    np.testing.assert_allclose(ours.numpy(), norm.detach().numpy(), atol=1e-5)


# Schedules


@pytest.mark.parametrize(
    ("scheduled", "constant"),
    [
        ({"prompt": '0: "a big deal", 7: "a bad cake", 9: "ice"'}, {"prompt": "a bad cake"}),
        ({"negative": '0: "a", 8: "bad"'}, {"negative": "a"}),
        ({"denoise": "0: 0.25, 14: 0.75"}, {"denoise": 0.5}),
        ({"cfg": "5: 3, 9: 7", "prompt": "a"}, {"cfg": 5, "prompt": "a"}),
    ],
)
def test_schedule_at_a_frame_equals_the_constant(models, scheduled, constant):
    assert_same(paint(models, **scheduled), paint(models, **constant))
    assert_differs(paint(models, **scheduled), paint(models, frame=99, **scheduled))


WEIGHTS = "(0: 0, 4: 0, 14: 1)"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("option", ["control", "lora", "ip_adapter"])
def test_scheduled_weight_at_a_frame_equals_the_constant(models, family, option):
    """The weight is half at frame 9, zero at frame 4, and full at frame 20."""

    def at(frame, weight):
        if option == "control":
            return paint(models, family, frame, **control_options(models, family, control=f"canny:{weight}"))
        if option == "lora":
            return paint(models, family, frame, lora=f"{models}/loras_{family}/ink.v1.safetensors:{weight}")
        return styled(models, family, f":{weight}", picture(40, 40, 5), frame)

    for frame, weight in ((9, 0.5), (20, 1)):
        assert_same(at(frame, WEIGHTS), at(frame, weight))
    assert_differs(at(9, WEIGHTS), at(20, WEIGHTS))
    plain = paint(models, family, steps=8 if option == "ip_adapter" else 4)
    np.testing.assert_allclose(at(4, WEIGHTS), plain, atol=1e-6)


def test_numeric_options_have_an_effect(models):
    plain = paint(models, prompt="a")
    for other in ({"steps": 8}, {"cfg": 3}, {"denoise": 0.9}, {"denoise": 1}):
        assert_differs(plain, paint(models, prompt="a", **other))


def test_samplers_differ_and_repeat(models):
    made = [paint(models, sampler=name, steps=6) for name in ("Euler", "Euler a", "DPM++ 2M", "DPM++ 2M Karras")]
    for place, one in enumerate(made):
        for other in made[place + 1 :]:
            assert_differs(one, other)
    assert_same(made[1], paint(models, sampler="euler a", steps=6))
    assert_same(paint(models), paint(models, sampler="ddim"))  # the tiny model's own


@pytest.mark.parametrize("name", ["Heun", "DPM2 a Karras", "DPM++ 2M SDE Karras", "DPM++ 2S", "PLMS", "UniPC", "TCD"])
def test_other_samplers_work(models, name):
    assert paint(models, sampler=name, steps=6).std() > 0.01


def test_few_step_models_work_with_their_sampler_and_guidance(models):
    for sampler in ("LCM", "Euler trailing"):
        assert paint(models, sampler=sampler, steps=4, cfg=1).std() > 0.01


# Controls


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("denoise", [0.5, 1])
def test_control_of_weight_0_has_no_effect(models, family, denoise):
    plain = paint(models, family, denoise=denoise)
    assert_same(plain, paint(models, family, denoise=denoise, **control_options(models, family, control="canny:0")))
    strong, weak = (
        paint(models, family, denoise=denoise, **control_options(models, family, control=f"canny:{w}"))
        for w in (1, 0.05)
    )
    assert_differs(plain, strong)
    assert np.abs(weak - plain).mean() < np.abs(strong - plain).mean()


def test_control_acts_in_its_share_of_the_steps(models):
    asked = {"steps": 8, "denoise": 1}
    plain = paint(models, **asked)
    whole, early, late = (
        paint(models, **asked, **control_options(models, control=f"canny:1:{s}")) for s in ("0-1", "0-.5", ".5-1")
    )
    for one, other in ((plain, early), (plain, late), (early, late), (early, whole)):
        assert_differs(one, other)


def test_several_controls_act_together(models):
    nets = [f"canny={models / 'control'}", f"tile={models / 'control2'}"]
    both = paint(models, control=["canny", "tile:0.5"], control_model=nets)
    one = paint(models, **control_options(models))
    assert_differs(both, one)
    assert_same(one, paint(models, control=["canny", "tile:0"], control_model=nets))


def test_given_control_pictures_equal_generated_ones(models):
    made = renderer(models, **control_options(models)).render(RenderRequest(7, picture(), None, None, None, 3), quiet)
    ready = paint(
        models, control="canny=edges.png", control_model=f"canny={models / 'control'}",
        request={"controls": {"canny=edges.png": made.control_pictures["canny"]}},
    )  # fmt: skip
    assert_same(made.picture, ready)


def test_control_without_a_model_prints_a_download_command(models, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(RendererError, match=r"hf download lllyasviel/control_v11p_sd15_canny --include"):
        renderer(models, control="canny")
    with pytest.raises(RendererError, match=r"lineart and Stable Diffusion XL.*--control-model lineart=MODEL"):
        renderer(models, "sdxl", control="lineart")


# Styles


@pytest.mark.parametrize("family", FAMILIES)
def test_loras_change_the_picture(models, family):
    path = models / f"loras_{family}" / "ink.v1.safetensors"
    plain = paint(models, family)
    strong = paint(models, family, lora=str(path))
    assert_differs(plain, strong)
    assert_same(plain, paint(models, family, lora=f"{path}:0"))
    folder = {"lora_folder": str(path.parent)}
    assert_same(strong, paint(models, family, prompt="<lora:ink.v1:1>", **folder))
    assert_same(plain, paint(models, family, prompt="<lora:ink.v1:0>", **folder))
    half = paint(models, family, prompt="<lora:ink.v1:0.5>", **folder)
    assert_differs(half, strong)
    assert_same(half, paint(models, family, lora=f"{path}:0.5"))


def test_scheduled_loras_are_applied_and_removed(models):
    folder = {"lora_folder": str(models / "loras_sd15")}
    prompts = '0: "a", 5: "a <lora:ink.v1:1>", 10: "a"'
    painter = renderer(models, prompt=prompts, **folder)
    first, second, third = (
        painter.render(RenderRequest(frame, picture(), None, None, None, 3), quiet).picture for frame in (0, 5, 10)
    )
    assert_same(first, paint(models, prompt="a"))
    assert_same(first, third)
    assert_differs(first, second)


def test_missing_lora_is_reported_before_any_work(models, tmp_path):
    with pytest.raises(RendererError, match="there is no LoRA"):
        renderer(models, lora=str(tmp_path / "none.safetensors"))
    with pytest.raises(RendererError, match="--lora-folder"):
        renderer(models, prompt="<lora:none:1>")
    (tmp_path / "x.pt").write_bytes(b"")
    with pytest.raises(RendererError, match="pickle"):
        renderer(models, lora=str(tmp_path / "x.pt"))


def styled(models, family, strength, style, frame=7):
    adapter = models / f"adapter_{family}" / "adapter.safetensors"
    painter = renderer(models, family, steps=8, style="ref.png", ip_adapter=f"{adapter}{strength}")
    return painter.render(RenderRequest(frame, picture(), style, None, None, 3), quiet).picture


@pytest.mark.parametrize("family", FAMILIES)
def test_reference_acts_through_its_adapter(models, family):
    one, other = picture(40, 40, 5), 1 - picture(40, 40, 6)
    plain, strong = paint(models, family, steps=8), styled(models, family, "", one)
    assert_differs(plain, strong)
    assert_differs(strong, styled(models, family, "", other))
    assert_same(strong, styled(models, family, "", one))
    np.testing.assert_allclose(plain, styled(models, family, ":0", one), atol=1e-6)
    early = styled(models, family, ":1:0-0.5", one)
    assert_differs(early, strong)
    assert_differs(early, plain)


# Sizes and mattes


def test_render_size_is_the_working_size(models):
    made = renderer(models, render_size=128).render(RenderRequest(7, picture(), None, None, None, 3), quiet)
    assert made.picture.shape == (48, 64, 3)
    assert "Size: 144x112" in made.text["parameters"]
    assert_differs(made.picture, paint(models))


def test_plate_outside_the_matte_is_kept(models):
    plate, matte = picture(96, 128), np.zeros((96, 128), np.float32)
    assert_same(paint(models, plate=plate, request={"matte": matte}), plate)
    matte[40:60, 50:90] = 1
    key = paint(models, plate=plate, render_size=64, request={"matte": matte})
    assert_same(key[matte == 0], plate[matte == 0])
    assert (key[matte > 0] != plate[matte > 0]).mean() > 0.9
    everywhere = np.ones_like(matte)
    assert (paint(models, plate=plate, request={"matte": everywhere}) != plate).mean() > 0.9


# Few-step models


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("sampler", ["LCM", "TCD", "Euler trailing"])
def test_few_step_model_is_called_once_per_step_and_keys_agree(models, family, sampler):
    """LCM, TCD, Lightning and Turbo include guidance: at cfg 1 the network is called with the prompt only."""
    painter = renderer(models, family, sampler=sampler, cfg=1, prompt="a big deal", vae=str(models / "clear"))
    asked = []
    painter.parts.base.unet.register_forward_pre_hook(
        lambda module, args, kwargs: asked.append((int(args[1]), len(args[0]))), with_kwargs=True
    )
    plate, everywhere = picture(), np.ones((48, 64), np.float32)
    alone = painter.render(RenderRequest(7, plate, None, None, None, 3), quiet).picture
    assert [batch for _, batch in asked] == [1, 1]  # half of four steps
    assert asked[0][0] > asked[1][0]
    assert_differs(alone, painter.render(RenderRequest(7, plate, None, None, None, 4), quiet).picture)
    earlier = 1 - plate
    key = painter.render(RenderRequest(9, plate, None, earlier, everywhere, 3, (earlier,)), quiet).picture
    assert np.abs(key - earlier).mean() < 0.5 * np.abs(alone - earlier).mean()


@pytest.mark.parametrize(
    ("sampler", "kind"),
    [("LCM", "LCMScheduler"), ("Euler a", "EulerAncestralDiscreteScheduler"), (None, "DDIMScheduler")],
)
def test_sampler_is_the_named_scheduler_with_the_models_noise(models, sampler, kind):
    from stylize.renderers.diffusion.loading import make_scheduler

    base = renderer(models).parts.base
    made = make_scheduler(base, sampler)
    assert type(made).__name__ == kind
    assert made.config.beta_end == base.scheduler.config.beta_end


@pytest.mark.parametrize("family", FAMILIES)
def test_clip_skip_and_weights_work_in_both_families(models, family):
    plain = paint(models, family, prompt="a red deal")
    assert_differs(plain, paint(models, family, prompt="a red deal", clip_skip=2))
    assert_same(plain, paint(models, family, prompt="a red deal", clip_skip=1))
    assert_differs(plain, paint(models, family, prompt="a [red] deal"))
