"""Results in linear light: the plate where it is visible, and the light of the painted view elsewhere."""

import numpy as np

from propagate.arrays import Floats, Pixels
from stylize.delivery.scene_linear import merge
from stylize.media.images import SceneFrame, Window
from stylize.media.views import ShaperView, view_pixels

VIEW = ShaperView(0.0, 4.0)
SIZE = Window(0, 0, 6, 4)


def frame(pixels: Floats, data: Window = SIZE, display: Window = SIZE) -> SceneFrame:
    return SceneFrame(pixels.astype(np.float16).astype(np.float32), data, display)


def light(channels: int = 3, window: Window = SIZE) -> Floats:
    """Light from -0.2 to 3.8; alpha, if there are four channels, is 1."""
    pixels = np.random.default_rng(1).uniform(-0.2, 3.8, (window.height, window.width, channels))
    pixels[..., 3:] = 1
    return pixels


def bits(pixels: Floats) -> Pixels:
    return pixels.astype(np.float16).view(np.uint16)


def matte_of(*rows: int, value: float = 1) -> Floats:
    matte = np.zeros((4, 6), np.float32)
    matte[list(rows)] = value
    return matte


def painted(plate: SceneFrame, matte: Floats, code: int) -> Pixels:
    """The view of a plate, painted with one value where the matte is 1."""
    picture = view_pixels(plate, VIEW)
    picture[..., :3][matte == 1] = code
    return picture


def test_plate_is_bit_identical_outside_and_highlights_stay_above_one_inside() -> None:
    plate, matte = frame(light()), matte_of(2)
    result = merge(plate, painted(plate, matte, 62000), matte, VIEW)
    np.testing.assert_array_equal(bits(result.pixels)[matte == 0], bits(plate.pixels)[matte == 0])
    assert 1.5 < result.pixels[2].min() <= result.pixels[2].max() < 4


def test_unpainted_light_inside_keeps_its_range() -> None:
    plate = frame(light())
    result = merge(plate, view_pixels(plate, VIEW), None, VIEW)
    np.testing.assert_allclose(result.pixels, np.maximum(plate.pixels, 0), rtol=1e-3, atol=1e-4)


def test_glow_without_alpha_stays_outside() -> None:
    pixels = light(4)
    pixels[0, :, 3], pixels[1, :, 3] = 0, 0.05
    plate, matte = frame(pixels), matte_of(3)
    result = merge(plate, painted(plate, matte, 9000), matte, VIEW)
    np.testing.assert_array_equal(bits(result.pixels)[:3], bits(plate.pixels)[:3])


def test_what_the_view_does_not_show_fades_with_the_matte() -> None:
    plate = frame(np.full((4, 6, 3), -0.2))
    for value in (0.25, 0.75):
        result = merge(plate, painted(plate, matte_of(), 0), matte_of(1, value=value), VIEW)
        np.testing.assert_allclose(result.pixels[1], -0.2 * (1 - value), atol=1e-3)


def test_frame_retouched_outside_the_matte_shows_the_retouch() -> None:
    plate = frame(light())
    picture = view_pixels(plate, VIEW)
    picture[0, 0] = 30000
    result = merge(plate, picture, matte_of(3), VIEW)
    np.testing.assert_allclose(result.pixels[0, 0], VIEW.decode(np.uint16([30000] * 3), "rec709"))
    np.testing.assert_array_equal(bits(result.pixels)[1:3], bits(plate.pixels)[1:3])


def test_frame_saved_with_eight_bits_is_not_a_retouch() -> None:
    plate = frame(light())
    eight = ((view_pixels(plate, VIEW).astype(np.uint32) + 128) // 257).astype(np.uint8)
    np.testing.assert_array_equal(bits(merge(plate, eight, matte_of(), VIEW).pixels), bits(plate.pixels))


def test_alpha_is_the_plates_own() -> None:
    pixels = light(4)
    pixels[..., 3] = np.linspace(-0.1, 1.4, 24).reshape(4, 6)
    plate = frame(pixels)
    result = merge(plate, painted(plate, matte_of(0, 1, 2, 3), 40000), None, VIEW)
    np.testing.assert_array_equal(bits(result.pixels)[..., 3], bits(plate.pixels)[..., 3])


def test_infinity_stays_outside() -> None:
    pixels = light()
    pixels[0, 0] = np.inf
    plate, matte = frame(pixels), matte_of(2)
    result = merge(plate, painted(plate, matte, 100), matte, VIEW)
    np.testing.assert_array_equal(bits(result.pixels)[:2], bits(plate.pixels)[:2])
    assert np.isfinite(result.pixels[2]).all()


def test_overscan_is_carried() -> None:
    data = Window(-3, -2, 12, 9)
    plate, matte = frame(light(3, data), data), matte_of(2)
    result = merge(plate, painted(plate, matte, 100), matte, VIEW)
    assert (result.data, result.display) == (data, SIZE)
    changed = (bits(result.pixels) != bits(plate.pixels)).any(axis=2)
    assert changed[4, 3:9].all()
    assert changed.sum() == 6


def test_small_data_window_is_kept_and_extended_only_to_paint() -> None:
    data = Window(1, 1, 2, 2)
    plate = frame(light(3, data), data)
    assert merge(plate, view_pixels(plate, VIEW), matte_of(0), VIEW).data == data
    matte = matte_of()
    matte[3, 4] = 1
    result = merge(plate, painted(plate, matte, 60000), matte, VIEW)
    assert result.data == Window(1, 1, 4, 3)
    np.testing.assert_array_equal(result.pixels[:2, :2], plate.pixels)
    assert (result.pixels[2, 3] > 1).all()
    assert np.count_nonzero(result.pixels[2:]) == 3


def test_display_window_elsewhere() -> None:
    display, data = Window(100, 50, 6, 4), Window(98, 49, 10, 6)
    plate, matte = frame(light(3, data), data, display), matte_of(0)
    result = merge(plate, painted(plate, matte, 100), matte, VIEW)
    assert (result.data, result.display) == (data, display)
    assert (bits(result.pixels) != bits(plate.pixels)).any(axis=2).nonzero()[0].tolist() == [1] * 6
