"""Refined mattes against their input and against GrabCut, on composites with known alpha."""

import cv2
import numpy as np
import pytest

from masks.closed_form import closed_form
from masks.trimap import INSIDE, OUTSIDE, UNKNOWN, trimap
from tests.composites import CASES, Motion, body, compose, hairy


def test_trimap_is_unknown_only_around_the_border():
    matte = np.zeros((40, 60), np.float32)
    matte[10:30, 20:40] = 1
    found = trimap(matte, 3)
    assert (found[14:26, 24:36] == INSIDE).all()
    assert (found[:7] == OUTSIDE).all()
    assert (found[8:12, 25:35] == UNKNOWN).all()
    assert set(np.unique(found)) == {INSIDE, OUTSIDE, UNKNOWN}
    with pytest.raises(ValueError, match="1 pixel wide"):
        trimap(matte, 0)


def errors(found, truth):
    """SAD in thousands, MSE, and the gradient error (Rhemann et al., CVPR 2009) in thousands."""
    slopes = [[cv2.GaussianBlur(one, (0, 0), 1.4) for one in (found, truth)]]
    gradients = [np.hypot(cv2.Sobel(one, cv2.CV_32F, 1, 0), cv2.Sobel(one, cv2.CV_32F, 0, 1)) for one in slopes[0]]
    apart = found - truth
    return np.abs(apart).sum() / 1e3, (apart**2).mean(), ((gradients[0] - gradients[1]) ** 2).sum() / 1e3


def grabcut(picture, known):
    labels = np.where(known == INSIDE, cv2.GC_FGD, np.where(known == OUTSIDE, cv2.GC_BGD, cv2.GC_PR_FGD)).astype(
        np.uint8
    )
    cv2.setRNGSeed(0)
    cv2.grabCut(
        np.ascontiguousarray(picture[..., ::-1]), labels, None, np.zeros((1, 65)), np.zeros((1, 65)), 5,
        cv2.GC_INIT_WITH_MASK,
    )  # fmt: skip
    return np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)


def hard(alpha):
    return (alpha > 0.5).astype(np.float32)


def without_hair(alpha):
    """Quickly painted matte, without the hair."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
    return cv2.morphologyEx((alpha > 0.5).astype(np.uint8), cv2.MORPH_OPEN, disc).astype(np.float32)


def with_hair(seed):
    return compose(hairy(), Motion(lambda t: (140 + 14 * seed, 118), turn=lambda t: 5 * seed - 7), 1, seed=20 + seed)


def blurred(seed):
    return compose(
        body(), Motion(lambda t: (110 + 20 * seed + 11 * t, 110), turn=lambda t: 3 * seed * t), 1, seed=5 + seed,
        exposure=0.7,
    )  # fmt: skip


@pytest.mark.parametrize("width", [10, 16])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("kind", "painted"), [(with_hair, hard), (with_hair, without_hair), (blurred, hard)])
def test_refined_matte_is_closer_to_the_truth_than_input_trimap_and_grabcut(kind, painted, seed, width):
    pytest.importorskip("pymatting")
    case = kind(seed)
    rough = painted(case.alphas[0])
    known = trimap(rough, width)
    refined = closed_form(case.frames[0].astype(np.float32) / 255, known, rough)
    np.testing.assert_array_equal(refined[known != UNKNOWN], known[known != UNKNOWN])
    mine = errors(refined, case.alphas[0])
    for other in (rough, known, grabcut(case.frames[0], known)):
        assert all(one < theirs for one, theirs in zip(mine, errors(other, case.alphas[0]), strict=True))


def test_different_sizes_are_refused():
    plane = np.zeros((20, 30), np.float32)
    with pytest.raises(ValueError, match="must have the same size"):
        closed_form(np.zeros((20, 30, 3), np.float32), plane, np.zeros((20, 31), np.float32))


@pytest.mark.parametrize("quality", [75, 30])
def test_refined_matte_of_a_compressed_picture_is_closer_to_the_truth(quality):
    pytest.importorskip("pymatting")
    case = CASES["hair"](4)
    seen = cv2.imdecode(cv2.imencode(".jpg", case.frames[3], [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    hard = (case.alphas[3] > 0.5).astype(np.float32)
    refined = closed_form(seen.astype(np.float32) / 255, trimap(hard, 10), hard)
    assert np.abs(refined - case.alphas[3]).sum() < 0.9 * np.abs(hard - case.alphas[3]).sum()
