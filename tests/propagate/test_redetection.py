"""Content that was hidden is found again, and nothing else changes."""

import numpy as np
import pytest

from propagate.flow import ComposedFlow, warp
from propagate.flow_dis import DisFlow
from propagate.redetection import redetect
from propagate.scene import estimated_scene
from propagate.synthesis import SynthesisSettings, propagate_key
from tests.synthetic import object_mask, texture, twin_object

SIZE = (96, 64)
LOST = slice(20, 44), slice(30, 66)
MOTION = np.array([3, 2], np.float32)


@pytest.fixture(scope="module")
def plates():
    """Key's plate, and a frame's that is moved by MOTION."""
    key = texture(4, SIZE)
    return key, warp(key, np.broadcast_to(MOTION, (*key.shape[:2], 2)).copy())


def composed(wrong, valid=False):
    """Flow that is right but in the lost area, where it points elsewhere."""
    flow = np.broadcast_to(MOTION, (SIZE[1], SIZE[0], 2)).copy()
    flow[LOST] = wrong
    known = np.ones(flow.shape[:2], bool)
    known[LOST] = valid
    return ComposedFlow(5, flow, known)


@pytest.mark.parametrize("valid", [False, True])
@pytest.mark.parametrize("wrong", [(20, -9), (-14, 11)])
def test_lost_flow_continues_that_of_its_surroundings(plates, wrong, valid):
    found = redetect(composed(wrong, valid), *plates)
    assert found.frame == 5
    # Corners of the area follow the majority around them.
    assert np.count_nonzero(np.abs(found.flow - MOTION).max(axis=-1) > 0.01) <= 20
    assert np.count_nonzero(~found.valid) <= 20


@pytest.mark.parametrize("side", ["left", "right", "above", "below"])
def test_one_side_is_enough(plates, side):
    """Around the lost area there is other motion, except on one side, from which the whole area is found."""
    key, _ = plates
    rows, columns = LOST
    keep = {
        "left": (rows, slice(0, columns.start)), "right": (rows, slice(columns.stop, None)),
        "above": (slice(0, rows.start), columns), "below": (slice(rows.stop, None), columns),
    }[side]  # fmt: skip
    truth, known = np.full((SIZE[1], SIZE[0], 2), -9, np.float32), np.ones((SIZE[1], SIZE[0]), bool)
    truth[keep] = truth[LOST] = MOTION
    flow = truth.copy()
    flow[LOST], known[LOST] = -9, False
    found = redetect(ComposedFlow(5, flow, known), key, warp(key, truth))
    inside = slice(rows.start + 4, rows.stop - 4), slice(columns.start + 4, columns.stop - 4)
    assert np.abs(found.flow[inside] - MOTION).max() < 0.01
    assert found.valid[inside].all()


def test_flow_at_the_border_of_the_lost_area_is_not_continued(plates):
    """There it mixes two surfaces, and may be off without being lost."""
    start = composed((20, -9))
    rows, columns = (slice(side.start - 2, side.stop + 2) for side in LOST)
    off = start.flow.copy()
    off[rows, columns] += 0.6
    off[LOST] = start.flow[LOST]
    found = redetect(ComposedFlow(5, off, start.valid), *plates)
    inside = slice(LOST[0].start + 3, LOST[0].stop - 3), slice(LOST[1].start + 3, LOST[1].stop - 3)
    assert np.abs(found.flow[inside] - MOTION).max() < 0.01


def test_new_content_stays_lost(plates):
    key, plate = plates
    plate = plate.copy()
    plate[LOST] = texture(9, SIZE)[LOST]
    start = composed((20, -9))
    found = redetect(start, key, plate)
    # Single windows of two textures may agree by chance.
    assert (found.valid[LOST]).mean() < 0.1
    changed = (found.flow != start.flow).any(axis=-1)
    np.testing.assert_array_equal(changed & ~found.valid, False)
    np.testing.assert_array_equal(changed[~_around_lost()], False)


def _around_lost():
    mask = np.zeros((SIZE[1], SIZE[0]), bool)
    mask[LOST[0].start - 4 : LOST[0].stop + 4, LOST[1].start - 4 : LOST[1].stop + 4] = True
    return mask


def test_right_flow_is_returned_as_it_is(plates):
    right = composed(MOTION, True)
    # Outside of the key the border is repeated: not lost, because the plate repeats it too.
    assert redetect(right, *plates) is right


def test_flow_that_leaves_the_key_is_not_found(plates):
    key, plate = plates
    outside = ComposedFlow(5, np.full((SIZE[1], SIZE[0], 2), 200, np.float32), np.zeros((SIZE[1], SIZE[0]), bool))
    assert not redetect(outside, key, np.broadcast_to(key[-1, -1], plate.shape).copy()).valid.any()


@pytest.mark.slow
def test_background_is_traced_to_its_own_place_after_an_object_passed():
    def place(t):
        return -36 + 8 * t, 14

    clip = twin_object(14, place)
    scene = estimated_scene(clip.plates.__getitem__, DisFlow(), DisFlow("fine"))
    last = list(propagate_key(clip.frames, scene, clip.truth[0], SynthesisSettings()))[-1]
    now = object_mask(place(13), 8)
    passed = np.any([object_mask(place(t), -4) for t in range(3, 11)], axis=0) & ~now & ~object_mask(place(0), 8)
    assert passed.mean() > 0.1
    length = np.hypot(last.state.flow[..., 0], last.state.flow[..., 1])[passed]
    assert np.quantile(length, 0.9) < 1
    assert last.state.valid[passed].mean() > 0.9
