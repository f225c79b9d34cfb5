"""Full memory and numeric overflow: each fallback is reported, noted in the key, and changes nothing else."""

import json

import numpy as np
import pytest

from stylize.errors import RendererError
from stylize.renderers import RenderRequest
from stylize.renderers.diffusion import loading
from tests.renderers.diffusion.test_options import paint, renderer
from tests.renderers.diffusion.test_renderer import picture, quiet
from tests.renderers.diffusion.test_renderer import pytestmark as quietly

pytestmark = quietly


@pytest.fixture
def failing(monkeypatch):
    """Make the next runs of a pipeline fail: a list of faults, None to let one run through."""
    plan = []
    whole = loading.pipeline_for

    def pipeline_for(*args, **kwargs):
        pipeline = whole(*args, **kwargs)
        kind = type(pipeline)

        class Failing(kind):
            def __call__(self, *more, **asked):
                happens = plan.pop(0) if plan else None
                if isinstance(happens, Exception):
                    raise happens
                made = super().__call__(*more, **asked)
                if happens is not None:
                    made.images = happens(made.images)
                return made

        pipeline.__class__ = Failing
        return pipeline

    monkeypatch.setattr(loading, "pipeline_for", pipeline_for)
    return plan


def full():
    return RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")


def make(models, plate=None, **asked):
    painter = renderer(models, **asked)
    plate = picture() if plate is None else plate
    return painter, painter.render(RenderRequest(7, plate, None, None, None, 3), quiet)


def test_fallbacks_are_applied_in_order_and_reported(models, failing):
    failing += [full(), full()]
    painter, made = make(models)
    assert made.notes == (
        "keyframe 7: memory was exhausted, so attention is computed in slices",
        "keyframe 7: memory was exhausted, so the autoencoder works in tiles",
    )
    assert made.picture.std() > 0.01
    again = painter.render(RenderRequest(8, picture(), None, None, None, 3), quiet)
    assert not again.notes  # a fallback stays in effect, and is reported once
    taken = json.loads(again.text["stylize"])["taken"]
    assert taken == ["attention is computed in slices", "the autoencoder works in tiles"]


def test_attention_slices_give_the_same_picture(models, failing):
    failing += [full()]
    _, made = make(models)
    assert len(made.notes) == 1
    np.testing.assert_allclose(made.picture, paint(models), atol=1e-4)


def test_last_fallback_is_a_smaller_working_size(models, failing):
    plate = np.tile(picture(), (9, 9, 1))
    failing += [full(), full(), full()]
    _, made = make(models, plate)
    assert made.notes[-1] == "keyframe 7: memory was exhausted, so the key is painted at 432x320"
    assert made.picture.shape == plate.shape
    assert "Size: 432x320" in made.text["parameters"]


def test_exhausted_fallbacks_are_an_error(models, failing):
    failing += [full()] * 9
    with pytest.raises(RendererError, match="memory is full, and no more can be freed") as error:
        make(models)
    assert "\n" not in str(error.value)


def test_other_errors_cause_no_fallback(models, failing):
    failing += [RuntimeError("shapes do not fit"), full()]
    with pytest.raises(RendererError, match="shapes do not fit"):
        make(models)
    assert len(failing) == 1


@pytest.mark.parametrize("spoil", [lambda images: images * np.nan, lambda images: images * 0])
def test_overflow_is_recomputed_in_full_precision(models, failing, spoil):
    failing += [spoil]
    painter, made = make(models, dtype="bfloat16")
    assert "in bfloat16 and was repainted in float32" in made.notes[0]
    assert np.isfinite(made.picture).all()
    assert made.picture.std() > 0.01
    assert str(painter.parts.base.unet.dtype) == "torch.bfloat16"  # the next key uses half precision again
    failing += [spoil, spoil]
    with pytest.raises(RendererError, match="in float32 too"):
        painter.render(RenderRequest(7, picture(), None, None, None, 3), quiet)


def test_overflow_in_full_precision_is_an_error(models, failing):
    failing += [lambda images: images * np.nan]
    with pytest.raises(RendererError, match=r"keyframe 7 came out as NaN; try a lower --cfg"):
        make(models)


def test_black_plate_may_give_a_black_key(models, failing):
    failing += [lambda images: images * 0]
    _, made = make(models, picture() * 0)
    assert not made.picture.any()
