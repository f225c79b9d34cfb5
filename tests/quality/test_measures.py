"""Quality measures, each against a picture constructed to have a known value."""

import numpy as np
import pytest

from stylize.quality.measures import (
    agreement,
    change_along,
    colour_distance,
    detail_strength,
    interpolate,
    leak_of,
    pop,
)

F32 = np.float32
RNG = np.random.default_rng(5)
PICTURE = RNG.random((40, 60, 3)).astype(F32)


def test_pure_motion_is_not_a_change() -> None:
    moved = np.roll(PICTURE, 3, axis=1)
    flow = np.zeros((40, 60, 2), F32)
    flow[..., 0] = -3
    seen = np.ones((40, 60), bool)
    seen[:, :3] = False
    still, flickers = change_along(PICTURE, moved, flow, seen), change_along(PICTURE, moved + F32(0.1), flow, seen)
    assert still is not None
    assert still < 1e-4
    assert flickers == pytest.approx(0.1, abs=1e-3)
    assert change_along(PICTURE, moved, flow, ~np.ones_like(seen)) is None


def test_blur_reduces_sharpness() -> None:
    import cv2

    assert detail_strength(cv2.GaussianBlur(PICTURE, (0, 0), 1.0)) < 0.5 * detail_strength(PICTURE)
    assert detail_strength(np.full((9, 9, 3), 0.5, F32)) < 1e-6


def test_leaks_are_found_outside_the_matte_only() -> None:
    matte = np.zeros((40, 60), F32)
    matte[:20] = 1
    result = PICTURE.copy()
    result[:20] += 0.5
    assert leak_of(result, PICTURE, matte) == 0
    result[30, 30, 1] += 0.25
    assert leak_of(result, PICTURE, matte) == pytest.approx(0.25, abs=1e-6)
    assert leak_of(result, PICTURE, np.ones((40, 60), F32)) is None


def test_brightness_jump_at_a_key_is_a_pop() -> None:
    calm: list[float | None] = [None, *[0.01] * 11]
    assert pop(calm, 5) == pytest.approx(0)
    calm[5] = 0.05
    assert pop(calm, 5) == pytest.approx(0.04)
    assert pop([None], 0) is None


def test_interpolation_colour_distance_and_agreement_are_exact() -> None:
    assert interpolate(1.0, 3.0, 0.25) == 1.5
    assert colour_distance(np.zeros(3, F32), np.array([3, 4, 0], F32)) == 5
    seen = np.ones((40, 60), bool)
    assert agreement(PICTURE, PICTURE, seen) == 1
    assert agreement(PICTURE, PICTURE + F32(0.25), seen) == pytest.approx(0.75)
    assert agreement(PICTURE, PICTURE, ~seen) is None
