"""Propagation is limited to the visible area of the matte."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stylize
from masks.extent import Extent
from propagate import synthesis
from propagate.box import Box
from stylize.media.images import read_image, write_image
from stylize.spans import span as propagation
from stylize.spans.matte_roi import (
    DRAWING_MARGIN,
    MIN_SIDE,
    SEARCH_MARGIN,
    SPAN_MARGIN,
    covered_by_boxes,
    drawing_boxes,
    search_area,
    span_box,
)
from tests.composites import Motion, body, compose

SIZE = (320, 180)
COUNT = 6


def extent(*box):
    return Extent(box, False)


def test_box_contains_all_frames_of_a_span_and_a_margin():
    found = span_box([extent(400, 300, 420, 340), extent(500, 310, 560, 350), Extent(None, False)], (1000, 700))
    assert found == Box(400 - SPAN_MARGIN, 300 - SPAN_MARGIN, 560 + SPAN_MARGIN, 350 + SPAN_MARGIN)


def test_box_stays_in_the_frame_and_has_a_minimum_size():
    assert span_box([extent(0, 0, 3, 3)], (1000, 700)) == Box(0, 0, MIN_SIDE, MIN_SIDE)
    assert span_box([extent(995, 690, 1000, 700)], (1000, 700)) == Box(1000 - MIN_SIDE, 700 - MIN_SIDE, 1000, 700)
    nothing = span_box([Extent(None, False)] * 2, (1000, 700))
    assert nothing is not None
    assert (nothing.right - nothing.left) * (nothing.bottom - nothing.top) == MIN_SIDE**2


def test_almost_full_frame_counts_as_full():
    assert span_box([extent(20, 20, 980, 690)], (1000, 700)) is None
    assert span_box([extent(1, 1, 9, 9)], (60, 40)) is None


@st.composite
def extents(draw):
    if draw(st.booleans()):
        return Extent(None, False)
    left, top = draw(st.integers(0, 999)), draw(st.integers(0, 699))
    return extent(left, top, draw(st.integers(left + 1, 1000)), draw(st.integers(top + 1, 700)))


@pytest.mark.slow
@given(st.lists(extents(), min_size=1, max_size=6), st.sampled_from([1, 2, 3]), st.sampled_from([0.0, 4.3]))
def test_box_of_a_drawing_covers_its_frames_within_the_span(found, every, wobble):
    extents_by_frame = dict(enumerate(found))
    shown = {frame: frame - frame % every for frame in extents_by_frame}
    span = span_box(found, (1000, 700))
    boxes = drawing_boxes(extents_by_frame, shown, (1000, 700), span, wobble)
    far = DRAWING_MARGIN + (5 if wobble else 0)
    whole = span or Box(0, 0, 1000, 700)
    assert set(boxes) <= set(shown.values())
    for drawing, box in boxes.items():
        assert whole.left <= box.left < box.right <= whole.right
        assert whole.top <= box.top < box.bottom <= whole.bottom
        for frame, one in extents_by_frame.items():
            if shown[frame] == drawing and one.box is not None:
                # The full extent and the margin, or up to the border of the span's box.
                left, top, right, bottom = one.box
                assert box.left <= max(whole.left, left - far)
                assert box.top <= max(whole.top, top - far)
                assert box.right >= min(whole.right, right + far)
                assert box.bottom >= min(whole.bottom, bottom + far)


def test_drawing_that_fills_the_box_of_its_span_has_no_own_box():
    still, away = extent(300, 300, 500, 500), extent(700, 300, 900, 500)
    large = extent(5, 5, 995, 695)
    assert drawing_boxes({1: large, 2: large}, {1: 1, 2: 2}, (1000, 700), span_box([large], (1000, 700))) == {}
    span, each = span_box([still, away], (1000, 700)), {1: still, 2: still, 3: away, 4: away}
    found = drawing_boxes(each, {n: n for n in each}, (1000, 700), span)
    assert found[1] == Box(300 - DRAWING_MARGIN, 300 - DRAWING_MARGIN, 500 + DRAWING_MARGIN, 500 + DRAWING_MARGIN)
    assert found[4] == Box(700 - DRAWING_MARGIN, 300 - DRAWING_MARGIN, 900 + DRAWING_MARGIN, 500 + DRAWING_MARGIN)


def test_box_of_a_drawing_includes_a_search_margin_for_its_neighbours():
    each = {n: extent(60 * n, 300, 60 * n + 100, 400) for n in range(1, 9)}
    found = drawing_boxes(each, {n: n for n in each}, (1000, 700), span_box(each.values(), (1000, 700)))
    assert found[4] == Box(180 - SEARCH_MARGIN, 300 - DRAWING_MARGIN, 400 + SEARCH_MARGIN, 400 + DRAWING_MARGIN)


def test_mean_coverage_of_boxes_is_reported():
    size, half = (1000, 700), extent(SPAN_MARGIN, SPAN_MARGIN, 500 - SPAN_MARGIN, 700 - SPAN_MARGIN)
    assert covered_by_boxes({1: half, 2: Extent(None, False)}, size) == 0.25
    assert covered_by_boxes({1: half, 2: Extent((0, 0, 1000, 700), True)}, size) == 0.75
    assert covered_by_boxes({}, size) == 0


def test_search_area_extends_slightly_beyond_the_mattes():
    mattes = np.zeros((2, 60, 80), np.float32)
    mattes[0, 30, 20] = 0.001
    mattes[1, 30, 60] = 1
    found = search_area(mattes)
    ys, xs = np.mgrid[0:60, 0:80]
    near = np.minimum(np.hypot(ys - 30, xs - 20), np.hypot(ys - 30, xs - 60))
    assert found[near <= SEARCH_MARGIN].all()
    assert not found[near > SEARCH_MARGIN + 1].any()
    assert search_area(mattes, 4.2).sum() > found.sum()


@pytest.mark.slow
def test_patches_are_searched_only_in_visible_areas(shot, case, monkeypatch):
    sought = []
    real = synthesis.optimise

    def optimise(job, *args, **more):
        sought.append(job.mask)
        return real(job, *args, **more)

    monkeypatch.setattr(synthesis, "optimise", optimise)
    run(shot, matte=shot / "mattes", project=shot / "a.stylize", threads=1)
    extents = {place: mask_extent(case.alphas[place] * 255 > 0.5) for place in range(1, COUNT - 1)}
    span = span_box(extents.values(), SIZE)
    boxes = drawing_boxes(extents, {place: place for place in extents}, SIZE, span)
    orders = [*range(1, COUNT - 1), *range(COUNT - 2, 0, -1)]
    assert len(sought) == len(orders)
    for mask, place in zip(sought, orders, strict=True):
        far = cv2.distanceTransform((case.alphas[place] * 255 <= 0.5).astype(np.uint8), cv2.DIST_L2, 5)
        assert mask.any()
        assert not mask[boxes.get(place, span).crop(far) > SEARCH_MARGIN + 2].any()


def mask_extent(inside):
    ys, xs = np.nonzero(inside)
    return extent(xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)


@pytest.fixture(scope="module")
def case():
    return compose(body(), Motion(lambda t: (90 + 2 * t, 90), scale=lambda t: 0.45), COUNT, seed=3, size=SIZE)


@pytest.fixture(scope="module")
def fast_case():
    """An object that moves so far between two keys that each drawing has its own box."""
    return compose(body(), Motion(lambda t: (60 + 16 * t, 90), scale=lambda t: 0.4), COUNT, seed=4, size=SIZE)


@pytest.fixture
def fast_shot(tmp_path, fast_case):
    return laid_out(tmp_path, fast_case)


@pytest.fixture
def shot(tmp_path, case):
    return laid_out(tmp_path, case)


def laid_out(tmp_path, case):
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


@pytest.mark.slow
@pytest.mark.parametrize("more", [{}, {"jobs": 2}, {"on": "twos"}, {"boil": 0.4}])
def test_result_in_the_box_matches_the_whole_frame_and_the_plate_outside(shot, case, more):
    found = run(shot, matte=shot / "mattes", project=shot / "a.stylize", **more)
    whole = run(shot, project=shot / "b.stylize", **more)
    for number, made in found.items():
        alpha = np.rint(case.alphas[number - 1] * 255)
        np.testing.assert_array_equal(made[alpha == 0], case.frames[number - 1][alpha == 0])
        apart = np.abs(made[alpha == 255].astype(int) - whole[number][alpha == 255])
        assert apart.mean() < 1.5  # levels: the search finds other patches of the key
    if "jobs" not in more:
        return
    alone = run(shot, matte=shot / "mattes", project=shot / "c.stylize")
    for number, made in found.items():
        np.testing.assert_array_equal(made, alone[number])


def boxes_made(monkeypatch):
    """Sizes of the pictures made for each drawing."""
    sizes = []
    real = synthesis.optimise

    def optimise(job, *args, **more):
        sizes.append(job.mask.shape)
        return real(job, *args, **more)

    monkeypatch.setattr(synthesis, "optimise", optimise)
    return sizes


@pytest.mark.slow
@pytest.mark.parametrize("more", [{}, {"on": "twos"}, {"boil": 0.4}])
def test_moving_object_gets_a_box_per_drawing(fast_shot, fast_case, monkeypatch, more):
    sizes = boxes_made(monkeypatch)
    found = run(fast_shot, matte=fast_shot / "mattes", project=fast_shot / "a.stylize", threads=1, **more)
    shown = [span_box([mask_extent(alpha * 255 > 0.5)], SIZE) for alpha in fast_case.alphas]
    most = max((box.right - box.left) * (box.bottom - box.top) for box in shown)
    assert sizes
    assert all(height * width < most * (1.7 if "on" in more else 1.3) for height, width in sizes)
    whole = run(fast_shot, project=fast_shot / "b.stylize", **more)
    for number, made in found.items():
        alpha = np.rint(fast_case.alphas[number - 1] * 255)
        np.testing.assert_array_equal(made[alpha == 0], fast_case.frames[number - 1][alpha == 0])
        if number in (1, COUNT) or more.get("on"):
            continue
        # As close to the negative of the plate, which is the truth, as the whole frame.
        truth = 255.0 - fast_case.frames[number - 1]
        off, whole_off = (np.abs(one - truth)[alpha == 255].mean() for one in (made, whole[number]))
        if "boil" not in more:
            assert off < whole_off + 0.4


@pytest.mark.slow
@pytest.mark.parametrize("more", [{"threads": 2}, {"jobs": 2}])
def test_moving_boxes_do_not_depend_on_processes(fast_shot, more):
    alone = run(fast_shot, matte=fast_shot / "mattes", project=fast_shot / "a.stylize", threads=1)
    found = run(fast_shot, matte=fast_shot / "mattes", project=fast_shot / "b.stylize", **more)
    for number, made in found.items():
        np.testing.assert_array_equal(made, alone[number])


@pytest.mark.slow
def test_moving_boxes_do_not_depend_on_interruptions(fast_shot, monkeypatch):
    alone = run(fast_shot, matte=fast_shot / "mattes", project=fast_shot / "a.stylize", threads=1)
    asked = {"matte": fast_shot / "mattes", "project": fast_shot / "b.stylize", "threads": 1}
    monkeypatch.setattr(propagation, "RESUME_INTERVAL", 0.0)
    real, left = synthesis.optimise, [2]

    def optimise(*args, **more):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return real(*args, **more)

    monkeypatch.setattr(synthesis, "optimise", optimise)
    for _ in range(3 * COUNT):
        try:
            left[0] = 2
            found = run(fast_shot, **asked)
            break
        except KeyboardInterrupt:
            continue
    for number, made in found.items():
        np.testing.assert_array_equal(made, alone[number])


def moved(project):
    return {path.name.split(".", 1)[1].rsplit(".", 2)[0] for path in (project / "flow").iterdir()}


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_single_layer_equals_a_run_with_its_matte(fast_shot, jobs):
    matte, keys = fast_shot / "mattes", fast_shot / "keys"
    alone = run(fast_shot, matte=matte, project=fast_shot / "a.stylize", threads=1)
    layers = [{"name": "one", "matte": matte, "keys": keys}]
    found = run(fast_shot, keys=None, layers=layers, project=fast_shot / "b.stylize", jobs=jobs)
    for number, made in found.items():
        np.testing.assert_array_equal(made, alone[number])
    assert moved(fast_shot / "a.stylize") == {"inside"}
    assert moved(fast_shot / "b.stylize") == {"one.inside"}


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_layers_that_cover_the_frame_share_its_motion(fast_shot, jobs):
    matte, keys = fast_shot / "mattes", fast_shot / "keys"
    layers = [{"matte": f"{matte}:invert", "keys": keys}, {"matte": matte, "keys": keys}]
    run(fast_shot, keys=None, layers=layers, jobs=jobs, project=fast_shot / "a.stylize")
    files = sorted(path.name for path in (fast_shot / "a.stylize" / "flow").iterdir())
    assert len(files) == COUNT - 1
    assert not any("inside" in name for name in files)


@pytest.mark.slow
def test_only_the_box_is_processed(shot, monkeypatch):
    sizes = set()
    real = propagation.propagate_key

    def propagate_key(frames, scene, key, *more):
        sizes.update({key.shape[:2], scene.plate(frames[0]).shape[:2], scene.step(*frames[:2]).flow.shape[:2]})
        return real(frames, scene, key, *more)

    monkeypatch.setattr(propagation, "propagate_key", propagate_key)
    run(shot, matte=shot / "mattes")
    assert len(sizes) == 1
    height, width = sizes.pop()
    assert height * width < 0.65 * SIZE[0] * SIZE[1]
