import numpy as np
import pytest

from propagate.light import (
    agree_in_light,
    apply_gain,
    is_black,
    is_blank,
    match_neighbours,
    measure_gain,
    remove_gain,
    significant,
)
from tests.lit import lit
from tests.synthetic import texture, to_bytes

SIZE = (160, 90)
STILL = np.zeros((SIZE[1], SIZE[0], 2), np.float32)
ALL = np.ones((SIZE[1], SIZE[0]), bool)
KEY = texture(1, SIZE)
OTHER = texture(5, SIZE, colour=(60, 90, 160))


def grained(picture, deviation, seed=1):
    draw = np.random.default_rng(seed)
    return to_bytes(picture.astype(np.float32) + draw.normal(0, deviation, picture.shape).astype(np.float32))


def night():
    """Dark, but something is to be seen."""
    return to_bytes(texture(2, SIZE).astype(np.float32) * 0.08 + 2)


def starry():
    sky = np.zeros_like(KEY)
    sky[10::20, 10::20] = sky[11::20, 10::20] = 255
    return sky


@pytest.mark.parametrize("grain", [0.0, 3.0])
@pytest.mark.parametrize("gain", [1 / 24, 0.1, 0.3, 0.8, 1.2, 1.6, 2.5])
def test_a_gain_is_measured(gain, grain):
    found = measure_gain(grained(lit(KEY, gain), grain), grained(KEY, grain, 2), STILL, ALL)
    assert found == pytest.approx(gain, rel=0.04 if gain > 0.2 or not grain else 0.15)


def test_what_the_key_does_not_show_does_not_count():
    plate = lit(KEY, 0.6)
    plate[20:70, 30:90] = (220, 60, 40)
    assert measure_gain(plate, KEY, STILL, ALL) == pytest.approx(0.6, rel=0.03)
    plate[:, 80:] = OTHER[:, 80:]
    valid = ALL.copy()
    valid[:, 80:] = False
    assert measure_gain(plate, KEY, STILL, valid) == pytest.approx(0.6, rel=0.05)


def test_nothing_is_measured_where_nothing_is_common():
    assert measure_gain(KEY, KEY, STILL, ~ALL) is None
    assert measure_gain(KEY, np.zeros_like(KEY), STILL, ALL) is None
    assert measure_gain(np.zeros_like(KEY), KEY, STILL, ALL) == 0


@pytest.mark.parametrize("grain", [0.0, 3.0, 10.0])
def test_grain_is_no_light(grain):
    assert significant(measure_gain(grained(KEY, grain, 1), grained(KEY, grain, 2), STILL, ALL)) == 1


def test_a_gain_counts_more_and_more():
    found = [significant(gain) for gain in (0.5, 0.95, 0.97, 0.985, 1.0, 1.015, 1.03, 1.05, 2.0)]
    assert found == sorted(found)
    assert found[0] == pytest.approx(0.5)
    assert found[3:6] == [1, 1, 1]
    assert 0.97 < found[2] < 1 < found[6] < 1.03


@pytest.mark.parametrize("gain", [0.0, 0.1, 0.5, 2.5])
def test_a_gain_is_applied_in_linear_light(gain):
    made = apply_gain(KEY.astype(np.float32) / 255, gain)
    assert np.abs(made * 255 - lit(KEY, gain)).max() <= 0.51
    assert apply_gain(made, 1.0) is made


@pytest.mark.parametrize("gain", [0.05, 0.3, 2.5])
def test_a_gain_is_removed_as_far_as_the_plate_shows_anything(gain):
    made = remove_gain(lit(KEY, gain), gain, KEY).astype(float)
    assert np.abs(made - KEY).mean() < 3
    # Where it shows something, the plate counts and not what is expected.
    plate = KEY.copy()
    plate[20:70, 30:90] = OTHER[20:70, 30:90]
    if gain == 0.3:
        inside = remove_gain(lit(plate, gain), gain, KEY)[20:70, 30:90].astype(float)
        assert np.abs(inside - plate[20:70, 30:90]).mean() < 5
    np.testing.assert_array_equal(remove_gain(np.zeros_like(KEY), 0.0, KEY), KEY)


@pytest.mark.parametrize(
    ("plate", "black"),
    [
        (np.zeros_like(KEY), True),
        (grained(np.zeros_like(KEY), 4.0), True),
        (grained(np.full_like(KEY, 16), 2.0), True),
        (night(), False),
        (starry(), False),
        (np.full_like(KEY, 40), False),
        (lit(KEY, 1 / 24), False),
    ],
    ids=["black", "noise", "video black", "night", "stars", "grey", "fade"],
)
def test_black(plate, black):
    assert is_black(plate) == black
    assert is_blank(plate) == black


def test_white_shows_no_motion_and_is_not_black():
    white = np.full_like(KEY, 252)
    assert is_blank(white)
    assert not is_black(white)


def test_neighbours_are_brought_to_one_light():
    one, other = match_neighbours(lit(KEY, 0.3), KEY)
    assert other is KEY
    assert np.abs(one.astype(float) - KEY).mean() < 3
    assert match_neighbours(KEY, OTHER) == (KEY, OTHER)
    assert match_neighbours(KEY, grained(KEY, 4.0))[0] is KEY


def test_passes_agree_in_light_that_a_painter_has_not_painted():
    paint = (texture(7, SIZE).astype(np.uint16) * 257) // 2
    # The light halves from key to key. Both keys are painted alike, and the passes meet in the middle.
    middle = 0.5**0.5
    left, right = (
        np.rint(apply_gain(paint / np.float32(65535), gain) * 65535).astype(np.uint16)
        for gain in (middle, middle / 0.5)
    )
    one, other = agree_in_light((left, middle), (right, middle / 0.5), 0.5)
    assert np.abs(one - other).max() < 0.005
    assert np.abs(one - paint / np.float32(65535)).mean() < 0.005
    # Both follow the light: nothing changes.
    same = agree_in_light((left, middle), (left, middle / 0.5), 0.5)
    assert same[0] is left
    assert same[1] is left
