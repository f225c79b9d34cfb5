import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from propagate.boil import SCALES, boil, displacement

LENGTH = np.sqrt(sum(length**2 for _, length in SCALES))


def picture(height=90, width=160):
    draw = np.random.default_rng(0)
    return np.kron(draw.random((height // 10, width // 10, 3)), np.ones((10, 10, 1))).astype(np.float32)


def test_strength_0_changes_no_bit():
    colour = picture()
    assert boil(colour, 0.0, 1, 5) is colour


def test_boil_is_determined_by_seed_and_drawing():
    colour = picture()
    one = boil(colour, 0.5, 1, 5)
    np.testing.assert_array_equal(one, boil(colour.copy(), 0.5, 1, 5))
    assert np.abs(one - boil(colour, 0.5, 1, 6)).mean() > 0.005
    assert np.abs(one - boil(colour, 0.5, 2, 5)).mean() > 0.005


@pytest.mark.slow
@pytest.mark.parametrize("height", [90, 360, 720])
def test_displacement_is_the_stated_share_of_the_height(height):
    fields = [displacement(height, height * 16 // 9, 0, drawing) for drawing in range(12)]
    lengths = np.linalg.norm(fields, axis=-1) / height
    # The field fades towards the border, so that its mean is somewhat below the stated value.
    assert 0.6 * LENGTH < np.sqrt((lengths**2).mean()) < 1.1 * LENGTH
    assert lengths.max() < 5 * LENGTH


def test_field_is_smooth_divergence_free_and_parallel_to_the_border():
    field = displacement(360, 640, 0, 3)
    dx, dy = np.gradient(field, axis=1), np.gradient(field, axis=0)
    assert max(np.abs(dx).max(), np.abs(dy).max()) < 0.8  # below 1, nothing folds over
    assert np.abs(dx[..., 0] + dy[..., 1])[2:-2, 2:-2].max() < 0.03
    assert np.abs(field[:, (0, -1), 0]).max() < 0.1
    assert np.abs(field[(0, -1), :, 1]).max() < 0.1


def test_displacement_scales_with_the_size():
    small, large = displacement(180, 320, 4, 2) / 180, displacement(360, 640, 4, 2) / 360
    apart = small - large.reshape(180, 2, 320, 2, 2).mean(axis=(1, 3))
    assert np.abs(apart).mean() < 0.05 * np.abs(small).mean()


def test_displacement_has_zero_mean_over_drawings():
    mean = np.mean([displacement(90, 160, 0, drawing) for drawing in range(60)], axis=0)
    one = displacement(90, 160, 0, 0)
    assert np.sqrt((mean**2).mean()) < 0.3 * np.sqrt((one**2).mean())


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_strength_out_of_range_is_refused(strength):
    with pytest.raises(ValueError, match="between 0 and 1"):
        boil(picture(), strength, 0, 0)


@pytest.mark.slow
@given(
    height=st.integers(1, 40), width=st.integers(1, 70), strength=st.floats(0.01, 1), seed=st.integers(0, 2**31 - 1),
    drawing=st.integers(0, 10**7),
)  # fmt: skip
def test_any_size_gives_a_picture_of_that_size(height, width, strength, seed, drawing):
    colour = np.random.default_rng(0).random((height, width, 3), np.float32)
    made = boil(colour, strength, seed, drawing)
    assert made.shape == colour.shape
    assert made.dtype == np.float32
    assert np.isfinite(made).all()
    assert made.min() >= 0
    assert made.max() <= 1
