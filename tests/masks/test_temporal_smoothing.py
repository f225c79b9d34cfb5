import cv2
import numpy as np
import pytest

from masks.temporal_smoothing import RADIUS, smooth_mattes
from propagate.flow_dis import DisFlow
from tests.composites import CASES, dtssd, iou


@pytest.fixture(scope="module")
def case():
    return CASES["moving"](14)


def unstable_mattes(case, seed=0):
    """The truth as a network finds it frame by frame: the border wavers, and parts come and go."""
    draw = np.random.default_rng(seed)
    found = []
    for alpha in case.alphas:
        wave = cv2.resize(
            draw.normal(0, 4, (7, 12)).astype(np.float32), alpha.shape[::-1], interpolation=cv2.INTER_CUBIC
        )
        inside = (alpha > 0.5).astype(np.uint8)
        far = cv2.distanceTransform(inside, cv2.DIST_L2, 5) - cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
        found.append(np.clip((far + wave) / 4 + 0.5, 0, 1).astype(np.float32))
    return found


def smoothed(case, mattes):
    return list(smooth_mattes(zip(range(len(mattes)), case.frames, mattes, strict=False), DisFlow()))


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_flicker_is_halved_without_lag(name):
    case = CASES[name](14)
    for seed in range(2):
        rough = unstable_mattes(case, seed)
        found = smoothed(case, rough)
        assert [frame for frame, _ in found] == list(range(14))
        mattes = [matte for _, matte in found]
        assert dtssd(mattes, case.alphas) <= 0.5 * dtssd(rough, case.alphas)
        # A lag of one frame would cost more than the wavering does.
        before, after = (
            np.mean([iou(one, truth) for one, truth in zip(all_of, case.alphas, strict=True)])
            for all_of in (rough, mattes)
        )
        assert after > before + 0.05


def test_smoothed_border_keeps_the_slope_of_each_frame():
    plate = np.full((40, 60, 3), 90, np.uint8)
    xs = np.arange(60, dtype=np.float32)
    draw = np.random.default_rng(3)

    def middle(width, wavering):
        at = [29.5 + (draw.normal(0, 3) if wavering else 0) for _ in range(11)]
        rough = [np.tile(np.clip((place - xs) / width + 0.5, 0, 1), (40, 1)).astype(np.float32) for place in at]
        found = list(smooth_mattes(((n, plate, matte) for n, matte in enumerate(rough)), DisFlow()))[5][1][20]
        return soft(found), soft(np.mean(rough, axis=0)[20])

    def soft(row):
        return int(((row > 0.05) & (row < 0.95)).sum())

    steep, averaged = middle(3, wavering=True)
    assert steep <= 6 < 8 <= averaged
    kept, averaged = middle(16, wavering=False)
    assert abs(kept - averaged) <= 1


@pytest.mark.slow
def test_static_mattes_are_unchanged(case):
    still = [case.frames[0]] * 9
    same = [case.alphas[0]] * 9
    found = list(smooth_mattes(zip(range(9), still, same, strict=True), DisFlow()))
    assert len(found) == 9
    for _, matte in found:
        np.testing.assert_allclose(matte, same[0], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("count", [0, 1, 2, RADIUS, RADIUS + 1, 2 * RADIUS + 1, 2 * RADIUS + 2])
def test_each_frame_is_returned_once_even_in_short_shots(case, count):
    found = smoothed(case, case.alphas[:count])
    assert [frame for frame, _ in found] == list(range(count))


def test_temporal_window_is_symmetric():
    # Identical plates, and mattes that encode their frame: the mean of the surrounding frames is the frame itself.
    plate = np.full((32, 40, 3), 90, np.uint8)
    mattes = [np.full((32, 40), n / 20, np.float32) for n in range(16)]
    found = list(smooth_mattes(((n, plate, matte) for n, matte in enumerate(mattes)), DisFlow()))
    for frame, matte in found[RADIUS : 16 - RADIUS]:
        np.testing.assert_allclose(matte, frame / 20, atol=1e-5)


def test_disagreement_is_decided_by_majority_and_common_softness_is_kept():
    plate = np.full((32, 40, 3), 90, np.uint8)

    def middle(values):
        mattes = [np.full((32, 40), value, np.float32) for value in values]
        return float(
            list(smooth_mattes(((n, plate, matte) for n, matte in enumerate(mattes)), DisFlow()))[RADIUS][1][16, 20]
        )

    # Some frames vote one way and some the other: of 11, 8 outvote 3, and a tie stays a tie.
    assert middle([1, 1, 0, 1, 1, 1, 0, 1, 0, 1, 1]) > 0.9 > 8 / 11
    assert middle([0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0]) < 0.1 < 3 / 11
    assert middle([0.97, 0.98, 0.02, 0.97, 0.99, 1, 0.01, 0.98, 0, 1, 1]) > 0.9
    # Unanimous frames count, even if they are uncertain.
    assert middle([0.3, 0.4] * 5 + [0.35]) == pytest.approx(0.35, abs=0.01)
