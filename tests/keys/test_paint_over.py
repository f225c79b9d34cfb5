"""Paint over a key: pixels without paint, their depth and their alpha stay as they are."""

import numpy as np
import pytest

from stylize.keys.paint_over import composite, painted_picture
from stylize.media.colour import BT709, Colour

DRAW = np.random.default_rng(22)
WIDE = Colour(primaries=9)
FORMATS = [(depth, channels) for depth in (np.uint8, np.uint16) for channels in (3, 4)]


def random_key(depth, channels, size=(70, 24)):
    return DRAW.integers(0, np.iinfo(depth).max, (*size, channels), dtype=depth, endpoint=True)


def random_paint(size=(70, 24)):
    """Paint of every opacity: none on the left, opaque on the right."""
    paint = DRAW.integers(0, 65535, (*size, 4), dtype=np.uint16, endpoint=True)
    paint[:, :8] = 0
    paint[:, 16:, 3] = 65535
    return paint


@pytest.mark.parametrize(("depth", "channels"), FORMATS)
@pytest.mark.parametrize("colour", [BT709, WIDE])
def test_only_painted_pixels_change(depth, channels, colour):
    key, paint = random_key(depth, channels), random_paint()
    picture = painted_picture(key, key, None, colour).painted(paint)
    assert picture.shown.dtype == depth
    assert picture.shown.shape == key.shape
    assert np.array_equal(picture.shown[:, :8], key[:, :8])
    assert (picture.shown[:, 16:] != key[:, 16:]).any(axis=2).mean() > 0.9
    if channels == 4:
        assert (picture.shown[:, 16:, 3] == np.iinfo(depth).max).all()
    erased = picture.painted(np.zeros_like(paint))
    assert np.array_equal(erased.shown, key)


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_opaque_paint_is_exact(depth):
    wanted = random_key(depth, 3)
    paint = np.full((70, 24, 4), 65535, np.uint16)
    paint[..., :3] = wanted.astype(np.uint16) * (257 if depth == np.uint8 else 1)
    assert np.array_equal(composite(random_key(depth, 3), paint, BT709), wanted)
    seen_through = random_key(depth, 4)
    assert np.array_equal(composite(seen_through, paint, BT709)[..., :3], wanted)


def test_paint_is_mixed_with_straight_alpha():
    key = np.array([[[200, 100, 0, 128]]], np.uint8)
    paint = np.array([[[0, 65535, 0, 32768]]], np.uint16)
    alpha, under = 32768 / 65535, 128 / 255
    total = alpha + under * (1 - alpha)
    expected = [200 * (1 - alpha / total), (100 * (1 - alpha / total) + 255 * alpha / total), 0, 255 * total]
    assert np.array_equal(composite(key, paint, BT709)[0, 0], np.floor(np.array(expected) + 0.5).astype(np.uint8))


def test_faint_paint_on_a_transparent_key_keeps_its_colour():
    key = np.array([[[200, 100, 0, 0], [10, 20, 30, 0]]], np.uint8)
    paint = np.array([[[0, 65535, 0, 6554], [65535, 0, 0, 0]]], np.uint16)
    assert composite(key, paint, BT709).tolist() == [[[0, 255, 0, 26], [10, 20, 30, 0]]]


@pytest.mark.parametrize("colour", [BT709, WIDE])
def test_changes_of_another_program_become_paint(colour):
    key, paint = random_key(np.uint8, 3), random_paint()
    first = painted_picture(key, key, None, colour).painted(paint)
    edited = first.shown.copy()
    edited[10:20, 2:20] = random_key(np.uint8, 3, (10, 18))
    again = painted_picture(key, edited, paint, colour)
    assert np.array_equal(again.shown, edited)
    unchanged = (edited == first.shown).all(axis=2)
    assert np.array_equal(again.paint[unchanged], paint[unchanged])
    assert (again.paint[~unchanged][:, 3] == 65535).all()
    more = again.paint.copy()
    more[:5, :5] = (65535, 0, 0, 65535)
    painted = again.painted(more).shown
    untouched = np.ones((70, 24), bool)
    untouched[:5, :5] = False
    assert np.array_equal(painted[untouched], edited[untouched]), "pixels of the other program keep their values"
    more[10:20] = 0
    assert np.array_equal(again.painted(more).shown[10:20], key[10:20])


def test_picture_saved_with_fewer_bits_gets_those_of_the_key_back():
    key = random_key(np.uint16, 4)
    saved = (key >> 8).astype(np.uint8)[..., :3]
    picture = painted_picture(key, saved, None, BT709)
    assert picture.shown.dtype == np.uint16
    assert np.array_equal(picture.shown[..., :3], saved.astype(np.uint16) * 257)
    assert np.array_equal(picture.painted(np.zeros((70, 24, 4), np.uint16)).shown, key)
