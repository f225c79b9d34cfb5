"""Reference pictures on one sheet: their places, their borders, and the positions that patches may have."""

import cv2
import numpy as np
import pytest

from propagate.nnf import random_field
from propagate.patchmatch_numba import PatchMatchNumba
from propagate.reference_sheet import Paint, arrange, fill_transparent, move_to_usable, sample_pixels, shrink_usable
from propagate.texture import Job, Level, exemplar, optimise

RADIUS = 3
SIZES = [(40, 50), (70, 30), (16, 200), (41, 19), (17, 17)]


def pictures(sizes=SIZES):
    """Pictures of one colour each, 0.1 apart."""
    return [np.full((*size, 3), 0.1 * (n + 1), np.float32) for n, size in enumerate(sizes)]


def test_single_opaque_picture_is_its_own_sheet():
    (picture,) = pictures(SIZES[:1])
    sheet = arrange([Paint(picture)], RADIUS, 4)
    assert sheet.usable is None
    assert sheet.place([picture]) is picture
    assert sample_pixels([picture], [Paint(picture)]) is picture


@pytest.mark.parametrize("step", [1, 2, 8])
def test_pictures_are_placed_unchanged_and_apart(step):
    parts = [np.random.default_rng(n).random((*size, 3), np.float32) for n, size in enumerate(SIZES)]
    sheet = arrange([Paint(part) for part in parts], RADIUS, step)
    assert not sheet.size[0] % step
    assert not sheet.size[1] % step
    placed, covered = sheet.place(parts), np.zeros(sheet.size, int)
    assert sheet.place([part[..., 0] for part in parts]).shape == sheet.size
    for part, (x, y), (left, top, width, height) in zip(parts, sheet.corners, sheet.cells, strict=True):
        np.testing.assert_array_equal(placed[y : y + part.shape[0], x : x + part.shape[1]], part)
        covered[top : top + height, left : left + width] += 1
    assert covered.max() == 1
    assert sheet.usable.sum() == sum(high * wide for high, wide in SIZES)


@pytest.mark.parametrize("step", [1, 2, 4, 8])
def test_patch_sees_one_picture_at_every_scale(step):
    parts = pictures()
    sheet = arrange([Paint(part) for part in parts], RADIUS, step)
    placed = sheet.place(parts)
    by = 1
    while by <= step:
        small = cv2.resize(placed, None, fx=1 / by, fy=1 / by, interpolation=cv2.INTER_AREA)
        for y, x in np.argwhere(shrink_usable(sheet.usable, by)):
            patch = small[y - RADIUS : y + RADIUS + 1, x - RADIUS : x + RADIUS + 1]
            assert patch.shape[:2] == (7, 7)
            assert np.abs(patch - patch[RADIUS, RADIUS]).max() < 1e-6
        by *= 2


def test_patches_over_transparent_pixels_are_not_usable():
    opaque = np.zeros((60, 60), bool)
    opaque[10:50, 20:60] = True
    sheet = arrange([Paint(np.zeros((60, 60, 3), np.float32), opaque)], RADIUS, 1)
    (x, y), expected = sheet.corners[0], np.zeros((60, 60), bool)
    expected[13:47, 23:60] = True  # an edge of the picture is mirrored, not transparent
    np.testing.assert_array_equal(sheet.usable[y : y + 60, x : x + 60], expected)


def test_strokes_too_thin_for_patches_are_usable():
    opaque = np.zeros((60, 60), bool)
    opaque[::10] = True
    sheet = arrange([Paint(np.zeros((60, 60, 3), np.float32), opaque)], RADIUS, 1)
    (x, y) = sheet.corners[0]
    np.testing.assert_array_equal(sheet.usable[y : y + 60, x : x + 60], opaque)


@pytest.mark.parametrize("uniformity", [0.0, 0.01])
def test_search_stays_at_usable_positions(uniformity):
    """The best match is forbidden: the target is the part of the style that must not be used."""
    style = np.random.default_rng(0).random((40, 60, 3), np.float32)
    usable = np.zeros((40, 60), bool)
    usable[:, 35:] = True
    example = exemplar(style, [(style[..., 0], 1.0)], 1.0, RADIUS)
    target = np.ascontiguousarray(style[:, :30])

    def field(allowed):
        start = random_field(40, 30, (40, 60), 0)
        start = start if allowed is None else move_to_usable(start, allowed)
        canvas = example.canvas([target[..., 0]])
        job = Job(PatchMatchNumba(RADIUS, example.channels), example, canvas, np.ones((40, 30), bool), usable=allowed)
        return optimise(job, target, start, Level(rounds=2, sweeps=4, search_radius=60, uniformity=uniformity)).field

    free, kept = field(None), field(usable)
    assert not usable[free[..., 1], free[..., 0]].all()
    assert usable[kept[..., 1], kept[..., 0]].all()


def test_pixels_are_sampled_alike_and_only_where_opaque():
    small, large = np.zeros((2, 2, 3), np.float32), np.ones((90, 90, 3), np.float32)
    opaque = np.ones((90, 90), bool)
    opaque[:, :80], large[:, :80] = False, 0.5
    sample = sample_pixels([small, large], [Paint(small), Paint(large, opaque)])
    assert set(np.unique(sample)) == {0, 1}
    assert sample.mean() == 0.5


def test_transparent_pixels_take_the_nearest_opaque_colour():
    picture, opaque = np.zeros((5, 9, 3), np.float32), np.zeros((5, 9), bool)
    picture[2, 0], picture[2, 8] = 0.2, 0.8
    opaque[2, [0, 8]] = True
    filled = fill_transparent(picture, opaque)
    assert (filled[:, :4] == np.float32(0.2)).all()
    assert (filled[:, 5:] == np.float32(0.8)).all()


def test_scale_without_half_usable_pixels_keeps_the_best():
    usable = np.zeros((16, 16), bool)
    usable[4, 4] = True
    assert np.argwhere(shrink_usable(usable, 8)).tolist() == [[0, 0]]
