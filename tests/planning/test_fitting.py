"""Robust fits of camera motion and exposure."""

import numpy as np
import pytest

from propagate.arrays import F32, U8, Bytes, Floats
from stylize.planning.fitting import (
    GAIN_RANGE,
    MAX_LIFT,
    MIN_POINTS,
    POINTS_ALONG,
    fit_camera,
    fit_exposure,
    identity_exposure,
)
from tests import synthetic

SIZE = (160, 90)
ALL = np.ones(SIZE[::-1], bool)


def affine(seed: int) -> np.ndarray:
    """Motion of a camera: a small rotation, zoom, shear and shift."""
    rng = np.random.default_rng(seed)
    model = np.eye(3)
    model[:2, :2] += rng.normal(0, 0.02, (2, 2))
    model[:2, 2] = rng.normal(0, 5, 2)
    return model


def flow_of(model: np.ndarray) -> Floats:
    ys, xs = np.mgrid[0 : SIZE[1], 0 : SIZE[0]].astype(np.float64)
    places = np.stack([xs, ys, np.ones_like(xs)], axis=-1)
    return (places @ model.T - places)[..., :2].astype(F32)


@pytest.mark.parametrize("seed", range(4))
def test_camera_fit_is_robust_to_a_third_of_the_picture(seed: int) -> None:
    model = affine(seed)
    flow = flow_of(model)
    flow[:, 100:150] = np.random.default_rng(seed).normal(0, 9, (90, 50, 2))
    assert np.abs(fit_camera(flow, ALL) - model).max() < 2e-4 * 160


def test_camera_fit_uses_known_flow_only() -> None:
    model, known = affine(7), ALL.copy()
    known[:, 40:] = False
    flow = flow_of(model)
    flow[:, 40:] = 50
    assert np.abs(flow_of(fit_camera(flow, known)) - flow_of(model))[:, :40].max() < 0.02


def test_too_few_points_give_no_motion() -> None:
    known, every = np.zeros_like(ALL), 90 // POINTS_ALONG
    known[::every, ::every].reshape(-1)[: MIN_POINTS - 1] = True
    chosen = np.flatnonzero(known[::every, ::every])
    assert len(chosen) < MIN_POINTS
    assert (fit_camera(np.full((90, 160, 2), 3, F32), known) == np.eye(3)).all()


def test_collinear_points_give_a_stable_motion() -> None:
    known = np.zeros_like(ALL)
    known[0] = True
    found = fit_camera(np.full((90, 160, 2), 3, F32), known)
    assert np.abs(flow_of(found) - 3).max() < 0.1


def test_camera_fit_without_outliers_is_least_squares() -> None:
    flow = flow_of(affine(3)) + np.random.default_rng(0).normal(0, 0.01, (90, 160, 2)).astype(F32)
    ys, xs = (part[::6, ::6].reshape(-1) for part in np.mgrid[0:90, 0:160].astype(np.float64))
    places, wanted = np.stack([xs, ys, np.ones_like(xs)], axis=-1), flow[::6, ::6].reshape(-1, 2)
    moves = np.linalg.lstsq(places, wanted.astype(np.float64), rcond=None)[0]
    assert np.abs(fit_camera(flow, ALL)[:2] - np.eye(3)[:2] - moves.T).max() < 1e-5


@pytest.mark.parametrize(("gain", "lift"), [(1.0, 0), (1.3, -20), (0.7, 30)])
def test_exposure_fit_is_robust_to_a_third_of_the_picture(gain: float, lift: int) -> None:
    picture = synthetic.texture(5, SIZE, colour=(110, 120, 130))
    brighter = synthetic.to_bytes(picture.astype(F32) * F32(gain) + F32(lift))
    brighter[:, :50] = synthetic.texture(6, (50, 90), colour=(200, 40, 90))
    light = fit_exposure(picture, brighter, ALL).astype(int)
    wanted = np.clip(np.arange(60, 190) * gain + lift, 0, 255)
    assert np.abs(light[0, 60:190] - wanted[:, None]).max() <= 4


def test_exposure_fit_uses_known_pixels_unless_too_few() -> None:
    picture = synthetic.texture(5, SIZE, colour=(110, 120, 130))
    brighter = synthetic.to_bytes(picture * F32(1.2))
    brighter[:, 60:] = picture[:, 60:]
    known = ALL.copy()
    known[:, 60:] = False
    assert fit_exposure(picture, brighter, known)[0, 100, 0] in (119, 120, 121)
    known[:, 4:] = False
    # Then all pixels count, and most of them have not changed.
    assert fit_exposure(picture, brighter, known)[0, 100, 0] in (99, 100, 101)


def test_exposure_fit_is_bounded() -> None:
    picture = synthetic.texture(5, SIZE, colour=(60, 60, 60))
    light = fit_exposure(picture, synthetic.to_bytes(picture * F32(4)), ALL).astype(float)
    assert light.max() <= 255
    assert light[0, 0].max() <= 255 * MAX_LIFT + 1
    assert np.diff(light[0, :50], axis=0).max() <= GAIN_RANGE[1] + 1


@pytest.mark.parametrize("level", [0, 255])
def test_flat_picture_gives_identity_exposure(level: int) -> None:
    picture: Bytes = np.full((90, 160, 3), level, U8)
    assert (fit_exposure(picture, picture, ALL) == identity_exposure()).all()


def test_single_pixel_gives_identity_exposure() -> None:
    one = np.zeros((1, 1, 3), U8)
    assert (fit_exposure(one, one, np.ones((1, 1), bool)) == identity_exposure()).all()
