import cv2
import numpy as np
import pytest

from masks.steady import REACH, steadied
from propagate.flow_dis import DisFlow
from tests.composites import CASES, dtssd, iou


@pytest.fixture(scope="module")
def case():
    return CASES["moving"](14)


def shaken(case, seed=0):
    """The truth as a network would find it frame by frame: its border wavers, and parts come and go."""
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


def steady(case, mattes):
    return list(steadied(zip(range(len(mattes)), case.frames, mattes, strict=False), DisFlow()))


def test_flicker_is_halved_and_nothing_lags():
    shares = []
    for name in ("moving", "deforming", "blur"):
        case = CASES[name](14)
        rough = shaken(case)
        found = steady(case, rough)
        assert [frame for frame, _ in found] == list(range(14))
        mattes = [matte for _, matte in found]
        shares.append(dtssd(mattes, case.alphas) / dtssd(rough, case.alphas))
        scores = [iou(one, truth) for one, truth in zip(mattes, case.alphas, strict=True)]
        # A lag of one frame would cost more than the wavering does.
        assert (
            np.mean(scores) > np.mean([iou(one, truth) for one, truth in zip(rough, case.alphas, strict=True)]) + 0.05
        )
    assert np.mean(shares) <= 0.5
    assert max(shares) <= 0.52


def test_what_is_still_and_steady_stays_as_it_is(case):
    still = [case.frames[0]] * 9
    same = [case.alphas[0]] * 9
    found = list(steadied(zip(range(9), still, same, strict=True), DisFlow()))
    assert len(found) == 9
    for _, matte in found:
        np.testing.assert_allclose(matte, same[0], atol=1e-5)


@pytest.mark.parametrize("count", [0, 1, 2, REACH, REACH + 1, 2 * REACH + 1, 2 * REACH + 2])
def test_every_frame_comes_once_however_few_there_are(case, count):
    found = steady(case, case.alphas[:count])
    assert [frame for frame, _ in found] == list(range(count))


def test_every_frame_sees_as_much_on_either_side():
    # Plates that are all alike, and mattes that tell their frame: the mean of the frames around is the frame itself.
    plate = np.full((32, 40, 3), 90, np.uint8)
    mattes = [np.full((32, 40), n / 20, np.float32) for n in range(16)]
    found = list(steadied(((n, plate, matte) for n, matte in enumerate(mattes)), DisFlow()))
    for frame, matte in found[REACH : 16 - REACH]:
        np.testing.assert_allclose(matte, frame / 20, atol=1e-5)
