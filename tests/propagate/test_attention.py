import cv2
import numpy as np
import pytest
from skimage import data

from propagate.attention import attention, face_map


def eye(height=160, width=160):
    """A calm surround with an eye: white, iris, lid."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    away = np.hypot((columns - width / 2) / 1.6, rows - height / 2)
    picture = np.full((height, width), 60, np.float32)
    picture[away < 7] = 85
    picture[np.hypot(columns - width / 2, rows - height / 2) < 5] = 15
    return picture


def even_texture(height=160, width=160):
    return np.random.default_rng(0).normal(60, 20, (height, width)).clip(0, 100).astype(np.float32)


def test_detail_in_a_calm_surround_attracts():
    found = attention(eye())
    assert found[76:84, 74:86].mean() > 0.5
    assert found[:30].max() < 0.05


def test_even_texture_does_not_attract():
    found, looked_at = attention(even_texture()), attention(eye())[76:84, 74:86].mean()
    assert found.mean() < 0.25 * looked_at
    assert found.max() < 0.5 * looked_at


def test_faint_noise_attracts_nothing():
    assert attention((50 + 0.3 * even_texture() / 60).astype(np.float32)).max() == 0


def test_range_is_zero_to_one():
    found = attention(100 * (even_texture() > 75).astype(np.float32))
    assert found.min() >= 0
    assert found.max() <= 1


def test_faces_attract_unless_more_is_going_on():
    faces = np.zeros((160, 160), np.float32)
    faces[20:60, 20:60] = 1
    found = attention(np.full((160, 160), 50, np.float32), faces)
    np.testing.assert_allclose(found[30:50, 30:50], 0.85)
    assert found[100:, 100:].max() == 0
    both = attention(eye(), faces)
    np.testing.assert_array_equal(both[70:], attention(eye())[70:])


@pytest.mark.parametrize("side", [512, 256])
def test_face_of_the_astronaut_is_found(side):
    found = face_map(cv2.resize(data.astronaut(), (side, side), interpolation=cv2.INTER_AREA))
    found = cv2.resize(found, (512, 512))
    assert found[90:140, 205:245].min() > 0.8  # from the eyes to the mouth
    assert found[:50].max() == 0
    assert found[:400, 300:].max() == 0
    assert (found > 0).mean() < 0.08


def test_no_face_is_found_where_there_is_none():
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    assert face_map(noise).max() == 0
    assert face_map(np.full((120, 160, 3), 90, np.uint8)).max() == 0


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (31, 40), (37, 36)])
def test_tiny_pictures_work(size):
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    faces = face_map(picture)
    assert faces.shape == size
    found = attention(picture[..., 0] / np.float32(2.55), faces)
    assert found.shape == size
    assert np.isfinite(found).all()
