"""Propagation works where the matte lets anything be seen, and nowhere else."""

import cv2
import numpy as np
import pytest

import stylize
from masks.extent import Extent
from propagate import synthesis
from stylize.footage.images import read_image, write_image
from stylize.propagation import span as propagation
from stylize.propagation.inside import AROUND, LEAST, MARGIN, Box, around, box_of
from tests.composites import Motion, body, compose

SIZE = (320, 180)
COUNT = 6


def extent(*box):
    return Extent(box, False)


def test_the_box_holds_all_frames_of_a_span_and_a_margin():
    found = box_of([extent(400, 300, 420, 340), extent(500, 310, 560, 350), Extent(None, False)], (1000, 700))
    assert found == Box(400 - MARGIN, 300 - MARGIN, 560 + MARGIN, 350 + MARGIN)


def test_a_box_stays_in_the_frame_and_is_large_enough_to_work_on():
    assert box_of([extent(0, 0, 3, 3)], (1000, 700)) == Box(0, 0, LEAST, LEAST)
    assert box_of([extent(995, 690, 1000, 700)], (1000, 700)) == Box(1000 - LEAST, 700 - LEAST, 1000, 700)
    nothing = box_of([Extent(None, False)] * 2, (1000, 700))
    assert nothing is not None
    assert (nothing.right - nothing.left) * (nothing.bottom - nothing.top) == LEAST**2


def test_nearly_all_of_a_frame_is_all_of_it():
    assert box_of([extent(20, 20, 980, 690)], (1000, 700)) is None
    assert box_of([extent(1, 1, 9, 9)], (60, 40)) is None


def test_what_is_cut_out_comes_back_in_its_place():
    box = Box(3, 5, 20, 11)
    picture = np.random.default_rng(0).integers(1, 255, (30, 40, 3), np.uint8)
    back = box.onto(box.of(picture), (30, 40))
    np.testing.assert_array_equal(back[5:11, 3:20], picture[5:11, 3:20])
    assert np.count_nonzero(back) == 6 * 17 * 3


def test_patches_are_sought_a_little_beyond_what_any_matte_shows():
    mattes = np.zeros((2, 60, 80), np.float32)
    mattes[0, 30, 20] = 0.001
    mattes[1, 30, 60] = 1
    found = around(mattes)
    ys, xs = np.mgrid[0:60, 0:80]
    near = np.minimum(np.hypot(ys - 30, xs - 20), np.hypot(ys - 30, xs - 60))
    assert found[near <= AROUND].all()
    assert not found[near > AROUND + 1].any()
    assert around(mattes, 4.2).sum() > found.sum()


def test_no_patch_is_sought_where_nobody_looks(shot, case, monkeypatch):
    sought = []
    real = synthesis.optimise

    def optimise(job, *args, **more):
        sought.append(job.mask)
        return real(job, *args, **more)

    monkeypatch.setattr(synthesis, "optimise", optimise)
    run(shot, matte=shot / "mattes", project=shot / "a.stylize", threads=1)
    box = box_of([mask_extent(np.logical_or.reduce([alpha * 255 > 0.5 for alpha in case.alphas[1:-1]]))], SIZE)
    orders = [*range(1, COUNT - 1), *range(COUNT - 2, 0, -1)]
    assert len(sought) == len(orders)
    for mask, place in zip(sought, orders, strict=True):
        far = cv2.distanceTransform((case.alphas[place] * 255 <= 0.5).astype(np.uint8), cv2.DIST_L2, 5)
        assert mask.any()
        assert not mask[box.of(far) > AROUND + 2].any()


def mask_extent(inside):
    ys, xs = np.nonzero(inside)
    return extent(xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)


@pytest.fixture(scope="module")
def case():
    return compose(body(), Motion(lambda t: (90 + 2 * t, 90), scale=lambda t: 0.45), COUNT, seed=3, size=SIZE)


@pytest.fixture
def shot(tmp_path, case):
    for name in ("plates", "mattes", "keys"):
        (tmp_path / name).mkdir()
    for number, (pixels, alpha) in enumerate(zip(case.frames, case.alphas, strict=True), 1):
        write_image(tmp_path / "plates" / f"p.{number:04d}.png", pixels)
        write_image(tmp_path / "mattes" / f"m.{number:04d}.png", np.rint(alpha * 255).astype(np.uint8))
    for number in (1, COUNT):
        write_image(tmp_path / "keys" / f"{number}.png", 255 - case.frames[number - 1])
    return tmp_path


def run(shot, **more):
    asked = {"keys": shot / "keys", "to_stage": "propagate", **more}
    return {n: read_image(path) for n, path in stylize.run(shot / "plates", **asked).frames.items()}


@pytest.mark.parametrize("more", [{}, {"jobs": 2}, {"on": "twos"}, {"boil": 0.4}])
def test_inside_it_is_what_the_whole_frame_gives_and_outside_the_plate(shot, case, more):
    found = run(shot, matte=shot / "mattes", project=shot / "a.stylize", **more)
    whole = run(shot, project=shot / "b.stylize", **more)
    for number, made in found.items():
        alpha = np.rint(case.alphas[number - 1] * 255)
        np.testing.assert_array_equal(made[alpha == 0], case.frames[number - 1][alpha == 0])
        apart = np.abs(made[alpha == 255].astype(int) - whole[number][alpha == 255])
        assert apart.mean() < 1.5  # levels: the search sees other patches of the key
    if "jobs" not in more:
        return
    alone = run(shot, matte=shot / "mattes", project=shot / "c.stylize")
    for number, made in found.items():
        np.testing.assert_array_equal(made, alone[number])


def test_it_works_on_the_box_alone(shot, monkeypatch):
    sizes = set()
    real = propagation.carry

    def carry(frames, scene, key, *more):
        sizes.update({key.shape[:2], scene.plate(frames[0]).shape[:2], scene.step(*frames[:2]).flow.shape[:2]})
        return real(frames, scene, key, *more)

    monkeypatch.setattr(propagation, "carry", carry)
    run(shot, matte=shot / "mattes")
    assert len(sizes) == 1
    height, width = sizes.pop()
    assert height * width < 0.65 * SIZE[0] * SIZE[1]
