"""Alignment of two versions of a shot in time."""

import cv2
import numpy as np
import pytest

from propagate.align_frames import align_frames, cells_of
from tests.sliding import picture, scene

FRAMES = [cells_of(frame) for frame in scene(14)]


def recompressed(frames, quality=60):
    """Frames after JPEG, whose errors are those of a lossy movie."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return [cv2.imdecode(cv2.imencode(".jpg", frame, options)[1], cv2.IMREAD_COLOR) for frame in frames]


@pytest.mark.parametrize(("first", "last"), [(0, 14), (3, 14), (0, 9), (5, 8), (4, 5)])
def test_part_of_the_old_version_is_found(first, last):
    found = align_frames(FRAMES, FRAMES[first:last])
    assert (found.offset, found.agreeing, found.certain) == (first, last - first, True)
    assert found.alike == tuple(range(last - first))


def test_new_version_may_begin_earlier():
    found = align_frames(FRAMES[4:], FRAMES)
    assert (found.offset, found.agreeing) == (-4, 10)
    assert found.alike == tuple(range(4, 14))


def test_compression_changes_nothing():
    # muted, because JPEG's subsampled colour is further off in noise than in pictures
    muted = [(frame // 4 + 90).astype(np.uint8) for frame in scene(14)]
    found = align_frames([cells_of(frame) for frame in muted], [cells_of(frame) for frame in recompressed(muted[2:12])])
    assert (found.offset, found.certain, found.alike) == (2, True, tuple(range(10)))


def test_changed_part_of_a_frame_is_seen_and_does_not_move_the_offset():
    frames = scene(14)[2:]
    frames[5] = frames[5].copy()
    frames[5][10:18, 20:28] = 255 - frames[5][10:18, 20:28]
    found = align_frames(FRAMES, [cells_of(frame) for frame in frames])
    assert found.offset == 2
    assert found.alike == tuple(place for place in range(12) if place != 5)


def test_new_grade_is_aligned_but_not_alike():
    found = align_frames(FRAMES, [cells_of((frame * 0.6 + 60).astype(np.uint8)) for frame in scene(14)[3:]])
    assert (found.offset, found.agreeing, found.alike) == (3, 11, ())


def test_footage_without_motion_is_uncertain_and_stays_in_place():
    still = [cells_of(scene(1)[0])] * 6
    found = align_frames(still, still[:4])
    assert (found.offset, found.certain, found.alike) == (0, False, (0, 1, 2, 3))


def test_other_footage_does_not_agree():
    other = [cells_of(frame) for frame in scene(14, seed=8)]
    assert align_frames(FRAMES, other).agreeing <= 2
    flat = [cells_of(picture(value)) for value in (10, 200)]
    assert align_frames(FRAMES, flat).agreeing == 0
    assert align_frames(flat, flat[1:]).offset == 1


def test_of_offsets_that_fit_equally_the_nearest_is_taken():
    still = [cells_of(scene(1)[0])] * 6
    assert align_frames(still[:4], still).offset == 0


def test_small_change_in_a_large_frame_is_seen():
    cells = np.random.default_rng(2).uniform(40, 200, (36, 64, 3)).astype(np.float32)
    changed = cells.copy()
    changed[20, 30] += 30
    assert align_frames([cells], [changed]).alike == ()
    assert align_frames([cells], [cells + 1]).alike == (0,)
