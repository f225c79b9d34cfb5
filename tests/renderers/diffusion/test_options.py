"""Every option changes the picture as it should, and nothing else does; on tiny models, through the real libraries."""

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


def same(one, other):
    np.testing.assert_array_equal(one, other)


def differs(one, other):
    assert (one != other).mean() > 0.5


def led(models, family="sd15", **asked):
    net = models / NETS[family]
    return {"control": "canny", "control_model": f"canny={net}", **asked}


@pytest.mark.parametrize("family", FAMILIES)
def test_both_families_paint_by_seed(models, family):
    one = paint(models, family)
    assert one.shape == (48, 64, 3)
    assert one.std() > 0.01
    same(one, paint(models, family))
    differs(one, paint(models, family, seed=4))


@pytest.mark.parametrize(("family", "name"), [("sd15", "one"), ("sdxl", "one_xl")])
def test_one_file_paints_what_its_folder_does(models, family, name):
    asked = {"prompt": "a big deal", "negative": "a bad ice", "clip_skip": 2}
    file = {"model": str(models / f"{name}.safetensors"), "model_config": str(models / family)}
    # Where weights lie in memory may change the last bits of a product; the weights themselves are the same.
    np.testing.assert_allclose(paint(models, **asked, **file), paint(models, family, **asked), atol=1e-5)
    one, whole = renderer(models, **file).parts.base, renderer(models, family).parts.base
    parts = [name for name, part in whole.components.items() if hasattr(part, "state_dict")]
    assert len(parts) == (4 if family == "sdxl" else 3)
    for part in parts:
        loaded, wanted = (getattr(pipeline, part).state_dict() for pipeline in (one, whole))
        assert loaded.keys() == wanted.keys()
        assert all(bool((loaded[layer] == wanted[layer]).all()) for layer in wanted)


def test_one_file_takes_all_that_its_folder_does(models):
    asked = led(models, "sdxl") | {
        "lora": str(models / "loras_sdxl" / "ink.v1.safetensors"), "render_size": 96, "cfg": 2,
    }  # fmt: skip
    one = paint(models, model=str(models / "one_xl.safetensors"), model_config=str(models / "sdxl"), **asked)
    np.testing.assert_allclose(one, paint(models, "sdxl", **asked), atol=1e-3)


def test_another_autoencoder_counts(models):
    same(paint(models), paint(models, vae=str(models / "sd15")))
    same(paint(models), paint(models, vae=str(models / "sd15" / "vae")))
    differs(paint(models), paint(models, vae=str(models / "sdxl")))


@pytest.mark.parametrize("prefix", ["", "first_stage_model."])
def test_an_autoencoder_may_be_one_file(models, tmp_path, prefix):
    from safetensors.torch import load_file

    from tests.renderers.diffusion import tiny

    state = load_file(models / "vae.safetensors")
    path = tmp_path / "vae.safetensors"
    tiny.save_shared({prefix + name: value for name, value in state.items()}, path)
    same(paint(models, vae=str(path)), paint(models, vae=str(models / "sdxl")))
    one = {"model": str(models / "one.safetensors"), "model_config": str(models / "sd15")}
    same(paint(models, vae=str(path), **one), paint(models, vae=str(models / "sdxl")))


def test_a_file_that_is_no_autoencoder_is_refused(models):
    with pytest.raises(RendererError, match="holds no autoencoder"):
        paint(models, vae=str(models / "loras_sd15" / "ink.v1.safetensors"))
    with pytest.raises(RendererError, match=r"there is no autoencoder nowhere\.safetensors"):
        paint(models, vae="nowhere.safetensors")


def test_precision_counts_and_a_device_that_is_not_there_is_refused(models):
    import torch

    fine, coarse = paint(models), paint(models, dtype="bfloat16")
    differs(fine, coarse)
    assert np.abs(fine - coarse).mean() < 0.1
    if not torch.backends.mps.is_available():
        with pytest.raises(RendererError, match=r"--device mps is not there.*cpu"):
            paint(models, device="mps")


# Words


@pytest.mark.parametrize("family", FAMILIES)
def test_a_plain_prompt_is_encoded_as_the_library_does(models, family):
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


@pytest.mark.parametrize("family", FAMILIES)
def test_weights_of_words(models, family):
    plain = paint(models, family, prompt="a red deal")
    same(plain, paint(models, family, prompt="a (red:1) deal"))
    differs(plain, paint(models, family, prompt="a (red:1.5) deal"))
    same(
        paint(models, family, prompt="a ((red)) deal"), paint(models, family, prompt="a (red:1.2100000000000002) deal")
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_prompts_may_be_longer_than_the_encoder_takes(models, family):
    words = ", ".join(["abcdefg"] * 30)  # 7 letters are 7 tokens here
    long = paint(models, family, prompt=words)
    differs(long, paint(models, family, prompt=f"{words}, a"))  # the last of more than 200 tokens counts
    differs(long, paint(models, family, prompt=words, negative="bad"))
    differs(paint(models, family, prompt="a b"), paint(models, family, prompt="a BREAK b"))


def test_clip_skip(models):
    import torch

    from stylize.renderers.diffusion.encoding import encode
    from stylize.renderers.diffusion.prompts import read_prompt

    same(paint(models, prompt="deal"), paint(models, prompt="deal", clip_skip=1))
    differs(paint(models, prompt="deal"), paint(models, prompt="deal", clip_skip=2))
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
def test_a_schedule_at_a_frame_is_that_constant(models, scheduled, constant):
    same(paint(models, **scheduled), paint(models, **constant))
    differs(paint(models, **scheduled), paint(models, frame=99, **scheduled))


WEIGHTS = "(0: 0, 4: 0, 14: 1)"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("option", ["control", "lora", "ip_adapter"])
def test_a_weight_by_frame_is_that_constant(models, family, option):
    """At frame 9 half of it, at frame 4 none, and at frame 20 all."""

    def at(frame, weight):
        if option == "control":
            return paint(models, family, frame, **led(models, family, control=f"canny:{weight}"))
        if option == "lora":
            return paint(models, family, frame, lora=f"{models}/loras_{family}/ink.v1.safetensors:{weight}")
        return styled(models, family, f":{weight}", picture(40, 40, 5), frame)

    for frame, weight in ((9, 0.5), (20, 1)):
        same(at(frame, WEIGHTS), at(frame, weight))
    differs(at(9, WEIGHTS), at(20, WEIGHTS))
    plain = paint(models, family, steps=8 if option == "ip_adapter" else 4)
    np.testing.assert_allclose(at(4, WEIGHTS), plain, atol=1e-6)


def test_numbers_count(models):
    plain = paint(models, prompt="a")
    for other in ({"steps": 8}, {"cfg": 3}, {"denoise": 0.9}, {"denoise": 1}):
        differs(plain, paint(models, prompt="a", **other))


def test_samplers_differ_and_repeat(models):
    made = [paint(models, sampler=name, steps=6) for name in ("Euler", "Euler a", "DPM++ 2M", "DPM++ 2M Karras")]
    for place, one in enumerate(made):
        for other in made[place + 1 :]:
            differs(one, other)
    same(made[1], paint(models, sampler="euler a", steps=6))
    same(paint(models), paint(models, sampler="ddim"))  # the tiny model's own


@pytest.mark.parametrize("name", ["Heun", "DPM2 a Karras", "DPM++ 2M SDE Karras", "DPM++ 2S", "PLMS", "UniPC", "TCD"])
def test_other_samplers_paint(models, name):
    assert paint(models, sampler=name, steps=6).std() > 0.01


def test_few_step_models_work_through_their_sampler_and_guidance(models):
    for sampler in ("LCM", "Euler trailing"):
        assert paint(models, sampler=sampler, steps=4, cfg=1).std() > 0.01


# Controls


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("denoise", [0.5, 1])
def test_a_control_of_weight_0_is_none(models, family, denoise):
    plain = paint(models, family, denoise=denoise)
    same(plain, paint(models, family, denoise=denoise, **led(models, family, control="canny:0")))
    strong, weak = (
        paint(models, family, denoise=denoise, **led(models, family, control=f"canny:{w}")) for w in (1, 0.05)
    )
    differs(plain, strong)
    assert np.abs(weak - plain).mean() < np.abs(strong - plain).mean()


def test_a_control_counts_in_its_share_of_the_steps(models):
    asked = {"steps": 8, "denoise": 1}
    plain = paint(models, **asked)
    whole, early, late = (
        paint(models, **asked, **led(models, control=f"canny:1:{s}")) for s in ("0-1", "0-.5", ".5-1")
    )
    for one, other in ((plain, early), (plain, late), (early, late), (early, whole)):
        differs(one, other)


def test_several_controls_lead_at_once(models):
    nets = [f"canny={models / 'control'}", f"tile={models / 'control2'}"]
    both = paint(models, control=["canny", "tile:0.5"], control_model=nets)
    one = paint(models, **led(models))
    differs(both, one)
    same(one, paint(models, control=["canny", "tile:0"], control_model=nets))


def test_pictures_that_are_ready_lead_as_those_made_here(models):
    made = renderer(models, **led(models)).render(RenderRequest(7, picture(), None, None, None, 3), quiet)
    ready = paint(
        models, control="canny=edges.png", control_model=f"canny={models / 'control'}",
        request={"controls": {"canny=edges.png": made.control_pictures["canny"]}},
    )  # fmt: skip
    same(made.picture, ready)


def test_a_control_without_a_model_says_how_to_get_it(models, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(RendererError, match=r"hf download lllyasviel/control_v11p_sd15_canny --include"):
        renderer(models, control="canny")
    with pytest.raises(RendererError, match=r"lineart and Stable Diffusion XL.*--control-model lineart=MODEL"):
        renderer(models, "sdxl", control="lineart")


# Styles


@pytest.mark.parametrize("family", FAMILIES)
def test_loras(models, family):
    path = models / f"loras_{family}" / "ink.v1.safetensors"
    plain = paint(models, family)
    strong = paint(models, family, lora=str(path))
    differs(plain, strong)
    same(plain, paint(models, family, lora=f"{path}:0"))
    folder = {"lora_folder": str(path.parent)}
    same(strong, paint(models, family, prompt="<lora:ink.v1:1>", **folder))
    same(plain, paint(models, family, prompt="<lora:ink.v1:0>", **folder))
    half = paint(models, family, prompt="<lora:ink.v1:0.5>", **folder)
    differs(half, strong)
    same(half, paint(models, family, lora=f"{path}:0.5"))


def test_loras_of_a_schedule_come_and_go(models):
    folder = {"lora_folder": str(models / "loras_sd15")}
    prompts = '0: "a", 5: "a <lora:ink.v1:1>", 10: "a"'
    painter = renderer(models, prompt=prompts, **folder)
    first, second, third = (
        painter.render(RenderRequest(frame, picture(), None, None, None, 3), quiet).picture for frame in (0, 5, 10)
    )
    same(first, paint(models, prompt="a"))
    same(first, third)
    differs(first, second)


def test_a_lora_that_is_not_there_is_told_before_any_work(models, tmp_path):
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
def test_a_reference_counts_through_its_adapter(models, family):
    one, other = picture(40, 40, 5), 1 - picture(40, 40, 6)
    plain, strong = paint(models, family, steps=8), styled(models, family, "", one)
    differs(plain, strong)
    differs(strong, styled(models, family, "", other))
    same(strong, styled(models, family, "", one))
    np.testing.assert_allclose(plain, styled(models, family, ":0", one), atol=1e-6)
    early = styled(models, family, ":1:0-0.5", one)
    differs(early, strong)
    differs(early, plain)


# Sizes and mattes


def test_render_size_is_what_is_worked_at(models):
    made = renderer(models, render_size=128).render(RenderRequest(7, picture(), None, None, None, 3), quiet)
    assert made.picture.shape == (48, 64, 3)
    assert "Size: 144x112" in made.text["parameters"]
    differs(made.picture, paint(models))


def test_outside_of_the_matte_is_the_plate(models):
    plate, matte = picture(96, 128), np.zeros((96, 128), np.float32)
    same(paint(models, plate=plate, request={"matte": matte}), plate)
    matte[40:60, 50:90] = 1
    key = paint(models, plate=plate, render_size=64, request={"matte": matte})
    same(key[matte == 0], plate[matte == 0])
    assert (key[matte > 0] != plate[matte > 0]).mean() > 0.9
    everywhere = np.ones_like(matte)
    assert (paint(models, plate=plate, request={"matte": everywhere}) != plate).mean() > 0.9


# Models of few steps


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("sampler", ["LCM", "TCD", "Euler trailing"])
def test_a_model_of_few_steps_is_asked_once_a_step_and_keys_agree(models, family, sampler):
    """LCM, TCD, Lightning and Turbo have their guidance within: at cfg 1 nothing is asked beside the prompt."""
    painter = renderer(models, family, sampler=sampler, cfg=1, prompt="a big deal", vae=str(models / "clear"))
    asked = []
    painter.parts.base.unet.register_forward_pre_hook(
        lambda module, args, kwargs: asked.append((int(args[1]), len(args[0]))), with_kwargs=True
    )
    plate, everywhere = picture(), np.ones((48, 64), np.float32)
    alone = painter.render(RenderRequest(7, plate, None, None, None, 3), quiet).picture
    assert [batch for _, batch in asked] == [1, 1]  # half of four steps
    assert asked[0][0] > asked[1][0]
    differs(alone, painter.render(RenderRequest(7, plate, None, None, None, 4), quiet).picture)
    earlier = 1 - plate
    key = painter.render(RenderRequest(9, plate, None, earlier, everywhere, 3, (earlier,)), quiet).picture
    assert np.abs(key - earlier).mean() < 0.5 * np.abs(alone - earlier).mean()


@pytest.mark.parametrize(
    ("sampler", "kind"),
    [("LCM", "LCMScheduler"), ("Euler a", "EulerAncestralDiscreteScheduler"), (None, "DDIMScheduler")],
)
def test_a_sampler_is_the_scheduler_of_its_name_with_the_models_noise(models, sampler, kind):
    from stylize.renderers.diffusion.loading import make_scheduler

    base = renderer(models).parts.base
    made = make_scheduler(base, sampler)
    assert type(made).__name__ == kind
    assert made.config.beta_end == base.scheduler.config.beta_end


@pytest.mark.parametrize("family", FAMILIES)
def test_clip_skip_and_weights_count_in_both_families(models, family):
    plain = paint(models, family, prompt="a red deal")
    differs(plain, paint(models, family, prompt="a red deal", clip_skip=2))
    same(plain, paint(models, family, prompt="a red deal", clip_skip=1))
    differs(plain, paint(models, family, prompt="a [red] deal"))
