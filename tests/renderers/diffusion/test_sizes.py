import cv2
import numpy as np
import pytest

from stylize.renderers.diffusion.sizes import (
    LARGEST,
    crop_resize,
    full_work,
    paste_back,
    plan_size,
    resize,
    smaller,
)

SIZES = [(641, 361), (360, 640), (640, 480), (1024, 429), (333, 777), (1920, 1080)]


def plate(size, seed=0):
    """Soft noise that loses little at a smaller size."""
    noise = np.random.default_rng(seed).random((size[1], size[0], 3), np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 4)
    return ((soft - soft.min()) / (soft.max() - soft.min())).astype(np.float32)


@pytest.mark.parametrize("size", [(48, 64), (37, 41), (1, 1), (3, 9), (1, 30)])
def test_padding_keeps_every_pixel_in_place(size):
    picture, working = plate(size), plan_size(size, "sd15")
    worked = crop_resize(picture, working)
    assert worked.shape[0] % 8 == worked.shape[1] % 8 == 0
    assert max(working.size[0] - size[0], working.size[1] - size[1]) < 8
    np.testing.assert_array_equal(paste_back(worked, picture * 0, working), picture)


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("side", [256, 512, 700, None])
def test_round_trip_does_not_shift(size, side):
    """Measure the shift by phase correlation, in the middle and in each corner, where a wrong scale would show."""
    picture, working = plate(size), plan_size(size, "sd15", side)
    assert working.size[0] % 8 == working.size[1] % 8 == 0
    back = paste_back(crop_resize(picture, working), picture * 0, working)
    assert back.shape == picture.shape
    grey, other = picture.mean(axis=2), back.mean(axis=2)
    side = min(160, *size)
    for top in (0, (size[1] - side) // 2, size[1] - side):
        for left in (0, (size[0] - side) // 2, size[0] - side):
            part = np.s_[top : top + side, left : left + side]
            shift, _ = cv2.phaseCorrelate(grey[part] - grey[part].mean(), other[part] - other[part].mean())
            assert np.hypot(*shift) <= 0.1


def test_large_plates_are_reduced_unless_a_size_is_given():
    limit = LARGEST["sd15"] ** 2
    wide, high = plan_size((1920, 1080), "sd15").size
    assert 0.95 * limit < wide * high < 1.05 * limit
    assert abs(wide / high / (1920 / 1080) - 1) < 0.02
    assert plan_size((1920, 1080), "sdxl").size[0] > wide
    assert plan_size((640, 360), "sd15").size == (640, 360)
    wide, high = plan_size((640, 360), "sd15", 1024).size
    assert 0.95 < wide * high / 1024**2 < 1.05


def test_box_is_worked_with_a_margin_and_enlarged():
    working = plan_size((640, 360), "sd15", None, (300, 100, 400, 200))
    assert working.box == (268, 68, 432, 232)
    assert working.size == (512, 512)
    picture = plate((640, 360))
    back = paste_back(crop_resize(picture, working) * 0, picture, working)
    assert not back[68:232, 268:432].any()
    back[68:232, 268:432] = picture[68:232, 268:432]
    np.testing.assert_array_equal(back, picture)


@pytest.mark.parametrize(
    ("plate_size", "full", "draft"),
    [
        ((1920, 1080), 768**2, 512**2),  # half of 768 is below the model's own
        ((640, 360), 640 * 360, 640 * 360),  # so is the full size
        ((3840, 2160), 768**2, 512**2),
    ],
)
def test_working_size_of_a_draft_is_not_below_that_of_the_model(plate_size, full, draft):
    half = plate_size[0] // 2, plate_size[1] // 2
    working = plan_size(half, "sd15", scale=0.5)
    wide, high = working.size
    assert abs(wide * high / draft - 1) < 0.03
    assert abs(full_work(working, "sd15", None, 0.5, boxed=False) - full / draft) < 0.1
    picture = plate(half)
    assert paste_back(crop_resize(picture, working), picture, working).shape == picture.shape


def test_working_size_of_a_large_draft_is_scaled():
    wide, high = plan_size((960, 540), "sdxl", 2048, scale=0.5).size
    assert abs(wide * high / 1024**2 - 1) < 0.03
    wide, high = plan_size((960, 540), "sdxl", scale=0.5, native=512).size
    assert abs(wide * high / 608**2 - 1) < 0.03
    boxed = plan_size((320, 180), "sd15", None, (150, 50, 200, 100), scale=0.5)
    assert boxed.box == (134, 34, 216, 116)  # half of the box and margin of the full size
    assert boxed.size == (512, 512)


def test_reduced_size_still_pastes_back():
    working = plan_size((640, 360), "sd15")
    less = smaller(working, 0.75)
    assert less.size == (480, 272)
    picture = plate((640, 360))
    assert np.abs(paste_back(crop_resize(picture, less), picture, less) - picture).mean() < 0.02


def test_mattes_are_resized_like_plates():
    matte = np.zeros((37, 41), np.float32)
    matte[:, 20:] = 1
    worked = crop_resize(matte, plan_size((41, 37), "sd15", 256))
    assert worked.ndim == 2
    assert 0 <= worked.min() <= worked.max() <= 1
    assert resize(matte, (41, 37)) is matte
