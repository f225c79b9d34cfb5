"""Models and encodings that the renderers of a run share: each is loaded or computed once, and no bit depends on it."""

import numpy as np
import pytest

import stylize
from stylize import refinement
from stylize.context.model_store import ModelStore
from stylize.media.images import write_image
from stylize.renderers import RenderRequest, make_renderer
from stylize.renderers.diffusion import loading, memory, networks, painting, parts
from stylize.renderers.diffusion.memory import RELEASED, has_room
from stylize.settings import Settings
from tests.renderers.diffusion.test_memory import fails
from tests.renderers.diffusion.test_options import control_options
from tests.renderers.diffusion.test_renderer import picture, quiet
from tests.renderers.diffusion.test_renderer import pytestmark as quietly

pytestmark = [*quietly, pytest.mark.slow]
QUICK = {"steps": 2, "denoise": 0.5, "fuse": 0, "share_attention": 0, "match_colours": 0}


def spy(monkeypatch, module, name):
    """Calls of a function, each with its first argument."""
    calls, whole = [], getattr(module, name)

    def record(*args, **kwargs):
        calls.append(args[0])
        return whole(*args, **kwargs)

    monkeypatch.setattr(module, name, record)
    return calls


@pytest.fixture
def loads(monkeypatch):
    """Names of the models that are loaded."""
    return spy(monkeypatch, loading, "load")


def opened(models, store, model="sd15", **asked):
    settings = Settings(**{"renderer": "diffusion", "model": str(models / model), **QUICK, **asked})
    return make_renderer("diffusion", settings, models=store)


def ask(**more):
    return RenderRequest(7, picture(), None, None, None, 3, **more)


# Loads of a run


def run(models, plates, project, matte, **asked):
    layers = [
        {"matte": matte, "prompt": "a big deal"},
        {"name": "rest", "matte": f"{matte}:invert", "prompt": "a small thing"},
    ]
    return stylize.run(
        plates, renderer="diffusion", model=str(models / "sd15"), layers=layers, project=project, to_stage="propagate",
        **{"keys_budget": "1h", "refine": 1, **control_options(models), **QUICK, **asked},
    )  # fmt: skip


def test_run_loads_a_model_once_and_an_unchanged_run_none(models, plates, tmp_path, monkeypatch, loads):
    """Run two layers, each with a budget to measure and a round of refinement."""
    monkeypatch.setattr(refinement, "best_frame", lambda *_: (4, 1.0))
    monkeypatch.setattr(refinement, "pays_off", lambda *_: True)
    nets = spy(monkeypatch, loading, "load_control")
    matte = np.zeros((36, 64), np.uint8)
    matte[:, :32] = 255
    write_image(tmp_path / "left.png", matte)
    first = run(models, plates, tmp_path / "p", tmp_path / "left.png")
    assert [len(layer.refinements) for layer in first.layers] == [1, 1]
    assert all(layer.rendered for layer in first.layers)
    assert len(loads) == len(nets) == 1
    again = run(models, plates, tmp_path / "p", tmp_path / "left.png")
    assert not any(layer.rendered or layer.redone for layer in again.layers)
    assert len(loads) == len(nets) == 1
    # Nothing stays loaded after a run.
    run(models, plates, tmp_path / "p", tmp_path / "left.png", seed=5, refine=None)
    assert len(loads) == 2


def test_comparison_of_looks_loads_a_model_once(models, plates, tmp_path, loads):
    made = stylize.looks(
        plates, renderer="diffusion", model=str(models / "sd15"), prompt="a", seed="1-2", frames="4", scale="1",
        steps=2, denoise=0.5, output=tmp_path / "looks",
    )  # fmt: skip
    assert len(made.looks) == 2
    assert len(loads) == 1


# Sharing


def test_renderers_share_what_is_equal(models, loads):
    store = ModelStore()
    one = opened(models, store, **control_options(models))
    other = opened(models, store, prompt="a big deal", seed=8)
    assert one.parts.base is other.parts.base
    assert opened(models, store, vae=str(models / "vae.safetensors")).parts.identity != one.parts.identity
    lora = {"lora": str(models / "loras_sd15" / "ink.v1.safetensors")}
    assert opened(models, store, **lora).parts.identity != one.parts.identity
    assert opened(models, store, dtype="bfloat16").parts.identity != one.parts.identity
    assert opened(models, ModelStore()).parts.base is not one.parts.base
    assert len(loads) == 2


def test_loading_is_reported_apart_from_painting(models):
    store = ModelStore()
    first = opened(models, store).render(ask(), quiet)
    assert first.loading == store.seconds > 0
    assert opened(models, store, prompt="a").render(ask(), quiet).loading == 0


@pytest.mark.parametrize("room", [True, False])
def test_other_models_stay_loaded_only_if_there_is_room(models, loads, monkeypatch, room):
    monkeypatch.setattr(parts, "has_room", lambda *_: room)
    store = ModelStore()
    for name in ("sd15", "sdxl", "sd15"):
        _ = opened(models, store, name).parts.base
    assert len(loads) == (2 if room else 3)


def test_full_memory_releases_the_models_of_other_looks_first(models, loads, monkeypatch):
    monkeypatch.setattr(parts, "has_room", lambda *_: True)
    store = ModelStore()
    _ = opened(models, store, "sdxl").parts.base
    painter = opened(models, store)
    fails(painter.parts.base.unet, 1)
    made = painter.render(ask(), quiet)
    assert made.notes == (f"keyframe 7: memory was exhausted, so {RELEASED}",)
    assert painter.parts.memory_savings.taken == ()
    np.testing.assert_array_equal(made.picture, opened(models, ModelStore()).render(ask(), quiet).picture)
    count = len(loads)
    _ = opened(models, store, "sdxl").parts.base
    assert len(loads) == count + 1


def test_room_is_twice_the_size_of_the_model(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    (tmp_path / "meminfo").write_text("MemTotal: 900 kB\nMemAvailable:     200 kB\n")
    monkeypatch.setattr(memory, "_MEMORY_INFO", tmp_path / "meminfo")
    assert has_room("cpu", 100 * 1024)
    assert not has_room("cpu", 100 * 1024 + 1)
    monkeypatch.setattr(memory, "_MEMORY_INFO", tmp_path / "none")
    assert not has_room("cpu", 1)


# Results


def test_stored_encodings_change_no_bit(models, monkeypatch):
    """Paint keys that differ in one input of an encoding each: one that its cache key left out would change the key."""
    adapter = {"style": "ref.png", "ip_adapter": str(models / "adapter_sd15" / "adapter.safetensors")}
    lora = {"lora": str(models / "loras_sd15" / "ink.v1.safetensors")}
    prompts = {"prompt": "a big deal", "negative": "a bad ice"}
    base = {**prompts, **adapter, **lora}
    encoded = spy(monkeypatch, painting, "encode")
    store = ModelStore()
    cases = [
        (base, 0), (base, 0), (base, 1), (base | {"prompt": "a small thing"}, 0), (base | {"negative": "a"}, 0),
        (base | {"clip_skip": 2}, 0), (base | {"prompt": "(a:1.3) big deal"}, 0),
        ({name: value for name, value in base.items() if name != "negative"} | {"cfg": 1}, 0),
    ]  # fmt: skip
    for asked, seed in cases:
        request = RenderRequest(7, picture(), picture(seed=seed), None, None, 3)
        shared, alone = (opened(models, one, **asked).render(request, quiet).picture for one in (store, ModelStore()))
        np.testing.assert_array_equal(shared, alone)
    assert len(encoded) == len(cases) + 6  # once alone each, and once for each prompt, negative and skip
    # A LoRA may change text encoders.
    opened(models, store, **base | {"lora": f"{lora['lora']}:0.5"}).render(request, quiet)
    assert len(encoded) == len(cases) + 7


def test_network_makes_each_picture_of_a_control_once(models, tmp_path, monkeypatch):
    def annotator(plate, **_):
        seen.append(plate)
        return 255 - plate[..., ::-1]

    seen, store = [], ModelStore()
    monkeypatch.setattr("stylize.renderers.diffusion.control.check_annotator", lambda *_: tmp_path)
    loaded = []
    monkeypatch.setattr(networks, "load_annotator", lambda *args: loaded.append(args) or annotator)
    asked = {"control": "depth", "control_model": f"depth={models / 'control'}"}

    def paint(one, seed=3, plate=None, **more):
        request = RenderRequest(7, picture() if plate is None else plate, None, None, None, seed)
        return opened(models, one, **asked, **more).render(request, quiet)

    first, other_seed = paint(store), paint(store, seed=4)
    paint(store, prompt="a")
    assert len(seen) == len(loaded) == 1
    np.testing.assert_array_equal(other_seed.picture, paint(ModelStore(), seed=4).picture)
    np.testing.assert_array_equal(first.control_pictures["depth"], other_seed.control_pictures["depth"])
    paint(store, plate=picture(seed=2))
    assert len(seen) == 3
    assert len(loaded) == 2
