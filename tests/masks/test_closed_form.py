"""Refined mattes against their input and against GrabCut, on composites with known alpha."""

import cv2
import numpy as np
import pytest

from masks.trimap import INSIDE, OUTSIDE, UNKNOWN, trimap
from tests.composites import CASES


def test_a_trimap_is_unknown_around_the_border_alone():
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


@pytest.mark.parametrize("name", ["hair", "blur"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_hair_and_blur_come_nearer_to_the_truth_than_by_trimap_or_grabcut(name):
    pytest.importorskip("pymatting")
    from masks.closed_form import closed_form

    case = CASES[name](1)
    rough = (case.alphas[0] > 0.5).astype(np.float32)
    known = trimap(rough, 10)
    refined = closed_form(case.frames[0].astype(np.float32) / 255, known)
    np.testing.assert_array_equal(refined[known != UNKNOWN], known[known != UNKNOWN])
    mine = errors(refined, case.alphas[0])
    for other in (known, grabcut(case.frames[0], known)):
        assert all(one < theirs for one, theirs in zip(mine, errors(other, case.alphas[0]), strict=True))
