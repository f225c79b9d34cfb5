import numpy as np
import pytest

from propagate.relight import fit_gain, is_negligible, relight
from tests.synthetic import texture, to_bytes

SIZE = (96, 54)
STILL = np.zeros((SIZE[1], SIZE[0], 2), np.float32)
ALL = np.ones((SIZE[1], SIZE[0]), bool)


def grained(picture, deviation, seed=1):
    draw = np.random.default_rng(seed)
    return to_bytes(picture + draw.normal(0, deviation, picture.shape).astype(np.float32))


@pytest.mark.parametrize("gain", [0.5, 0.8, 1.25, 1.6])
@pytest.mark.parametrize("offset", [-12, 0, 12])
@pytest.mark.parametrize("grain", [0.0, 6.0])
def test_change_of_light_is_compensated(gain, offset, grain):
    key = texture(1, SIZE)
    lit = grained(key * np.float32(gain) + offset, grain)
    found = relight(lit, key, STILL, ALL)
    clear = (lit.max(axis=-1) < 250) & (lit.min(axis=-1) > 4)
    apart = found[clear].astype(float) - key[clear]
    assert abs(apart.mean()) < 2
    assert np.abs(apart).mean() < 2 + 1.3 * grain / gain


def test_channels_are_compensated_independently():
    key = texture(1, SIZE)
    lit = to_bytes(key * np.array([0.7, 0.9, 1.1], np.float32))
    assert np.abs(relight(lit, key, STILL, ALL).astype(float) - key).mean() < 2


@pytest.mark.parametrize("grain", [0.0, 3.0, 10.0])
def test_steady_light_leaves_the_plate_unchanged(grain):
    plate, key = grained(texture(1, SIZE), grain, 1), grained(texture(1, SIZE), grain, 2)
    assert relight(plate, key, STILL, ALL) is plate


@pytest.mark.parametrize("level", [0, 128, 235, 255])
def test_blank_pictures_are_unchanged(level):
    blank = np.full((SIZE[1], SIZE[0], 3), level, np.uint8)
    plate = texture(1, SIZE)
    assert relight(blank, plate, STILL, ALL) is blank
    assert relight(plate, blank, STILL, ALL) is plate


@pytest.mark.parametrize("seed", range(2, 8))
def test_another_scene_is_not_relit(seed):
    plate = texture(seed, SIZE, colour=(60, 90, 160))
    assert relight(plate, texture(1, SIZE), STILL, ALL) is plate


def test_object_missing_from_the_key_does_not_count():
    key = texture(1, SIZE)
    plate = key.copy()
    plate[10:40, 20:60] = (220, 60, 40)
    assert relight(plate, key, STILL, ALL) is plate
    lit = to_bytes(plate * np.float32(0.7))
    outside = np.ones(ALL.shape, bool)
    outside[10:40, 20:60] = False
    assert np.abs(relight(lit, key, STILL, ALL)[outside].astype(float) - key[outside]).mean() < 2.5


def test_only_valid_flow_is_used():
    key = texture(1, SIZE)
    plate = to_bytes(key * np.float32(0.7))
    assert relight(plate, key, STILL, ~ALL) is plate
    half = ALL.copy()
    half[:, 48:] = False
    plate[:, 48:] = texture(9, SIZE)[:, 48:]
    assert np.abs(relight(plate, key, STILL, half)[:, :48].astype(float) - key[:, :48]).mean() < 2


@pytest.mark.parametrize("size", [(1, 1), (1, 20), (20, 1), (3, 4)])
def test_tiny_plates_work(size):
    draw = np.random.default_rng(1)
    one, other = (draw.integers(0, 256, (*size, 3)).astype(np.uint8) for _ in range(2))
    made = relight(one, other, np.zeros((*size, 2), np.float32), np.ones(size, bool))
    assert made.shape == one.shape
    assert made.dtype == np.uint8


def test_fit_excludes_outliers():
    ours = np.linspace(10, 200, 2000).astype(np.float32)
    theirs = ours * np.float32(0.8) + 5
    theirs[:300] = 250
    gain, offset = fit_gain(ours, theirs)
    assert abs(gain - 0.8) < 0.01
    assert abs(offset - 5) < 1
    assert is_negligible(*fit_gain(ours, ours[::-1]))
