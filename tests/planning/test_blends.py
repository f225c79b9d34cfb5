"""Detection of dissolves among other changes of a picture."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest

from propagate.arrays import Bytes
from propagate.flow_dis import DisFlow
from stylize.planning.blends import REACH, is_blend, sharpness
from stylize.planning.coverage import thumbnail
from tests import synthetic


def blends(clip: Sequence[Bytes]) -> list[int]:
    estimate = DisFlow("fast")
    inner = range(REACH, len(clip) - REACH)
    small = [thumbnail(picture).picture for picture in clip]
    return [at for at in inner if is_blend(small[at - REACH], small[at], small[at + REACH], estimate)]


def test_middle_of_a_dissolve_is_a_blend() -> None:
    found = blends(synthetic.dissolve(40, 12, 14))
    assert set(range(16, 22)) <= set(found)
    assert min(found) >= 9
    assert max(found) <= 28


@pytest.mark.parametrize(
    "event",
    [synthetic.still, synthetic.exposure_drift, synthetic.shake, synthetic.nod, synthetic.whip_pan],
)
def test_other_events_are_not_blends(event: Callable[[int], list[Bytes]]) -> None:
    assert blends(event(24)) == []


@pytest.mark.slow
def test_turning_entering_and_lighting_are_not_blends() -> None:
    assert blends(synthetic.turn(30, 8, 12)) == []
    assert blends(synthetic.enter(30, 8, 8)) == []
    assert blends(synthetic.pan(24, 4)) == []
    assert blends(synthetic.flash(30, 14)) == []


def test_sharpness_falls_with_blur_but_not_with_light() -> None:
    plain = synthetic.texture(1)
    wide = synthetic.to_bytes(np.float32(0.6) * plain)
    smeared = np.asarray(plain.astype(np.float32))
    smeared = synthetic.to_bytes(np.mean([np.roll(smeared, step, axis=1) for step in range(9)], axis=0))
    even = np.ones(plain.shape[:2], np.float32)
    assert sharpness(smeared, even) < 0.7 * sharpness(plain, even)
    assert sharpness(wide, even) == pytest.approx(sharpness(plain, even), rel=0.1)


def test_blurred_object_over_a_sharp_background_is_not_sharp() -> None:
    plain = synthetic.texture(1)
    thing = np.zeros(plain.shape[:2], np.float32) + 0.01
    thing[60:120, 100:180] = 1
    smeared = np.where(thing[..., None] == 1, cv2.blur(plain, (9, 1)), plain)
    assert sharpness(smeared, thing) < 0.7 * sharpness(plain, thing)
    assert sharpness(smeared, np.ones_like(thing)) > 0.8 * sharpness(plain, np.ones_like(thing))
