"""Ghosting is found where two keys show through each other, and nowhere else."""

import cv2
import numpy as np
import pytest

from propagate.arrays import Floats
from propagate.flow import Step, step_from_flows
from stylize.quality.ghosting import ghosting
from stylize.quality.warped_keys import MAX_WIDTH, WarpInputs, downscale, warped_pairs

F32 = np.float32
SIZE = (120, 160)
SEEN = np.ones(SIZE, bool)


def texture(seed: int, coarse: float) -> Floats:
    noise = cv2.GaussianBlur(np.random.default_rng(seed).random((*SIZE, 3)).astype(F32), (0, 0), coarse)
    return np.asarray(np.clip((noise - noise.mean()) / noise.std() * 0.15 + 0.5, 0, 1), F32)


@pytest.fixture(params=[0.7, 1.5, 3.0])
def keys(request: pytest.FixtureRequest) -> tuple[Floats, Floats]:
    return texture(1, request.param), texture(2, request.param)


def measured(shown: Floats, keys: tuple[Floats, Floats]) -> float:
    found = ghosting(shown, *keys, SEEN)
    assert found is not None
    return found


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_cross_fade_ghosts(keys: tuple[Floats, Floats], share: float) -> None:
    left, right = keys
    assert measured(left * F32(1 - share) + right * F32(share), keys) > 0.5
    if share == 0.5:
        assert measured(left * F32(0.5) + right * F32(0.5), keys) > 0.9


def test_choice_does_not_ghost(keys: tuple[Floats, Floats]) -> None:
    left, right = keys
    patchwork = texture(3, 6)[..., :1] > 0.5
    half = np.arange(SIZE[1])[None, :, None] < 80
    for shown in (left, right, np.where(half, left, right), np.where(patchwork, left, right)):
        assert measured(shown, keys) < 0.001


def test_picture_unlike_both_keys_is_not_a_ghost(keys: tuple[Floats, Floats]) -> None:
    assert measured(texture(9, 1.5), keys) < 0.01
    assert measured(keys[0] * F32(0.5) + F32(0.25), keys) < 0.001  # one key alone, paler


def test_fade_of_agreeing_keys_is_not_a_ghost(keys: tuple[Floats, Floats]) -> None:
    left = keys[0]
    other = left * F32(0.8) + F32(0.1)
    assert measured((left + other) / 2, (left, other)) < 0.01


def test_no_value_without_tracked_pixels(keys: tuple[Floats, Floats]) -> None:
    left, right = keys
    assert ghosting((left + right) / 2, left, right, ~SEEN) is None
    flat = np.full((*SIZE, 3), 0.5, F32)
    assert ghosting(flat, flat, flat, SEEN) is None
    one_side = SEEN.copy()
    one_side[:, 80:] = False
    shown = left.copy()
    shown[:, 80:] = (left[:, 80:] + right[:, 80:]) / 2  # a ghost where only one of the keys was tracked to
    assert (ghosting(shown, left, right, one_side) or 0) < 0.05


@pytest.mark.parametrize("width", [160, 3 * MAX_WIDTH])
def test_keys_are_warped_to_every_frame_between(width: int) -> None:
    """A ground that slides 6 pixels per frame: each key is found there again, from both sides."""
    rng = np.random.default_rng(4)
    wide = cv2.GaussianBlur(rng.integers(0, 255, (90, width + 60, 3)).astype(np.uint8), (0, 0), 6)
    frames = {n: np.ascontiguousarray(wide[:, 6 * n : 6 * n + width]) for n in range(1, 7)}

    def step(before: int, after: int) -> Step:
        flow = np.zeros((90, width, 2), F32)
        flow[..., 0] = 6 * (after - before)
        return step_from_flows(flow, -flow)

    inputs = WarpInputs(step, None, frames.__getitem__, lambda key: frames[key].astype(F32) / 255)
    found = list(warped_pairs(1, 6, (2, 3, 4, 5), inputs))
    assert [frame for frame, *_ in found] == [2, 3, 4, 5]
    for frame, left, right, seen in found:
        expected = downscale(frames[frame].astype(F32) / 255)
        assert left.shape == right.shape == expected.shape
        assert seen.mean() > 0.7
        for carried in (left, right):
            assert np.abs(carried - expected)[seen].mean() < 0.004
