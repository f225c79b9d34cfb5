import cv2
import numpy as np
import pytest

from propagate.palette import Palette, nearest_colours
from propagate.repaint_colours import Paints, broad_colours, repaint_colours

SIZE = (120, 160)
EVERYWHERE, NOWHERE = np.ones(SIZE, np.float32), np.zeros(SIZE, np.float32)


def flat(lightness=60.0, a=15.0, b=20.0):
    return np.broadcast_to(np.array([lightness, a, b], np.float32), (*SIZE, 3)).copy()


def marks(contrast, seed=0):
    """Brush marks, a few pixels wide, of a mean difference of lightness."""
    noise = np.random.default_rng(seed).standard_normal(SIZE).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), 1.2)
    return np.dstack([contrast * noise / np.abs(noise).mean(), 0 * noise, 0 * noise])


def paints(reference, share=0.0, colour=(50.0, 0.0, 0.0)):
    one = Palette(np.array([colour]), np.ones(1))
    return Paints(reference, broad_colours(reference), nearest_colours(one, 4.0, 0.1), share)


def blur(picture, sigma):
    return cv2.GaussianBlur(picture, (0, 0), sigma)


def contrast(picture):
    return float(np.abs(picture - blur(picture, 2.5))[20:-20, 20:-20, 0].mean())


def finish(painted, wanted, attention=NOWHERE, reference=None, **more):
    reference = flat() + marks(4) if reference is None else reference
    return repaint_colours(painted, broad_colours(painted), wanted, attention, paints(reference, **more))


def test_broad_colours_become_the_wanted_ones():
    ramp = np.linspace(-1, 1, SIZE[1], dtype=np.float32)[:, None]
    wanted = flat() + ramp * np.array([15, 20, -20], np.float32)
    painted = flat(40, -20, -10) + marks(4)
    made = finish(painted, wanted)
    error = np.abs(blur(made - wanted, 8))[20:-20, 20:-20].mean(axis=(0, 1))
    assert error[1:].max() < 1
    assert error[0] < 10  # half of it, and no more than a brush mark may differ
    assert np.abs(painted - wanted)[..., 1].mean() > 30


def test_lightness_deviates_by_less_than_a_brush_mark():
    made = finish(flat(10) + marks(2), flat(90))
    assert np.abs(blur(made - flat(90), 4))[..., 0].max() < 15


@pytest.mark.parametrize("strength", [1.5, 3.0])
def test_marks_get_the_contrast_of_the_references(strength):
    reference = flat() + marks(4, 1)
    faint = flat() + marks(strength)
    made = finish(faint, flat(), reference=reference)
    assert contrast(faint) < 0.8 * contrast(reference)
    assert 0.75 < contrast(made) / contrast(reference) < 1.9


def test_strong_marks_are_not_flattened():
    strong = flat() + marks(6)
    made = finish(strong, flat(), reference=flat() + marks(1))
    assert contrast(made) > 0.6 * contrast(strong)


def test_edges_are_not_exaggerated():
    edge = flat()
    edge[:, 80:, 0] = 100
    made = finish(edge, edge, reference=flat() + marks(8))
    assert made[20:-20, 20:-20, 0].max() < 112
    assert made[20:-20, 20:-20, 0].min() > 48


def test_fine_detail_is_followed_where_a_viewer_looks():
    detail = blur(marks(1, 5), 1.5)
    wanted = flat() + 12 * detail / np.abs(detail).max() * 2
    painted = flat() + marks(3, 7)

    def resemblance(attention):
        made = finish(painted, wanted, attention)
        fine = [(blur(p, 1.5) - blur(p, 8))[20:-20, 20:-20, 0].ravel() for p in (made, wanted)]
        return np.corrcoef(*fine)[0, 1]

    assert resemblance(EVERYWHERE) > 0.8
    assert resemblance(NOWHERE) < resemblance(EVERYWHERE) - 0.1


def test_darks_stay_calm():
    painted = flat(50) + marks(4)
    dark, bright = (contrast(finish(painted, flat(level))) for level in (4.0, 60.0))
    assert dark < 0.45 * bright


def test_paints_are_mixed_in_by_their_share_except_where_a_viewer_looks():
    wanted = flat(60, 30, 30)
    none, half, looked_at = (
        finish(wanted + marks(2), wanted, attention, share=share, colour=(60.0, 0.0, 0.0))
        for share, attention in ((0.0, NOWHERE), (0.5, NOWHERE), (0.5, EVERYWHERE))
    )
    chroma = [np.abs(picture[..., 1:]).mean() for picture in (none, half, looked_at)]
    assert chroma[0] == pytest.approx(30, abs=1)
    assert chroma[1] == pytest.approx(15, abs=1)
    assert chroma[2] == pytest.approx(30 * (1 - 0.5 * 0.25), abs=1)


def test_black_and_flat_pictures_stay_finite():
    made = finish(0 * flat(), 0 * flat(), reference=0 * flat())
    np.testing.assert_allclose(made, 0, atol=1e-3)


def stepped(low=20.0, high=80.0):
    picture = flat(low)
    picture[:, 80:, 0] = high
    return picture


def test_paint_next_to_an_edge_makes_no_halo_in_a_calm_place():
    reference = stepped()
    next_to_the_edge = np.broadcast_to(reference[:, 82:83], (*SIZE, 3)).copy()
    under = np.broadcast_to(broad_colours(reference)[:, 82:83], (*SIZE, 3)).copy()
    made = repaint_colours(next_to_the_edge, under, flat(80), NOWHERE, paints(reference))
    assert made[20:-20, 20:-20, 0].max() < 84


def test_contours_are_those_of_the_plate():
    wanted, displaced = stepped(), np.roll(stepped(), 3, axis=1)
    displaced[:, :10] = displaced[:, 20:30]
    made = finish(displaced, wanted)
    assert made[60, 77, 0] < 45
    assert made[60, 81, 0] > 55


def test_broad_colours_hold_no_marks():
    reference = flat() + marks(4)
    assert contrast(broad_colours(reference)) < 0.4 * contrast(reference)


def test_contours_of_the_plate_count_as_contrast():
    reference = flat() + marks(4, 1)
    faint = flat() + marks(1)
    checked = flat()
    checked[..., 0] += 24 * (np.indices(SIZE).sum(axis=0) // 4 % 2)
    calm, busy = (finish(faint, wanted, reference=reference) - finish(flat(), wanted) for wanted in (flat(), checked))
    assert np.abs(busy[..., 0]).mean() < 0.7 * np.abs(calm[..., 0]).mean()
