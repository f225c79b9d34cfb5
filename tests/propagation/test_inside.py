"""Propagation works where the matte lets anything be seen, and nowhere else."""

import numpy as np
import pytest

import stylize
from masks.extent import Extent
from propagate.flow import Step
from stylize.footage.images import read_image, write_image
from stylize.propagation import span as propagation
from stylize.propagation.inside import LEAST, MARGIN, Box, box_of
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
    flow = np.random.default_rng(1).random((30, 40, 2), np.float32)
    step = box.step(lambda before, after: Step(flow, flow[..., 0] > 0.5))(1, 2)
    np.testing.assert_array_equal(step.flow, flow[5:11, 3:20])
    np.testing.assert_array_equal(step.consistent, flow[5:11, 3:20, 0] > 0.5)


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
