"""The light of a shot is measured frame by frame, and keys lie where the shot is fully lit."""

from collections.abc import Callable

import numpy as np
import pytest

from propagate.arrays import Bytes, Floats
from propagate.flow_dis import DisFlow
from stylize.planning.keyframes import Picked, pick
from stylize.planning.shot_light import fades, fully_lit, in_shot_light, measure_light
from tests import synthetic
from tests.lit import lit

Gain = Callable[[int], float]
COUNT = 20
PAN = synthetic.pan(COUNT, 2)


def relit_clip(clip: list[Bytes], gain: Gain) -> list[Bytes]:
    return [lit(plate, gain(frame)) for frame, plate in enumerate(clip)]


def light_of(clip: list[Bytes]) -> list[float]:
    return list(measure_light(range(len(clip)), clip.__getitem__, DisFlow("fast")).values())


def picked(clip: list[Bytes], **asked: object) -> Picked:
    light = measure_light(range(len(clip)), clip.__getitem__, DisFlow("fast"))
    return pick(range(len(clip)), clip.__getitem__, light=light, estimate=DisFlow("fast"), **asked)  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gain", "tolerance"),
    [
        (lambda t: min(1, t / 10), 0.05),
        (lambda t: min(1, (COUNT - 1 - t) / 10), 0.05),
        (lambda t: 2.5 if t in (8, 9) else 1.0, 0.1),
        (lambda t: 0.5 ** max(0, (t - 9) / 10), 0.08),
    ],
    ids=["from black", "to black", "flash", "drift"],
)
def test_the_light_of_every_frame_is_measured(gain: Gain, tolerance: float) -> None:
    expected = [gain(frame) for frame in range(COUNT)]
    for found, wanted in zip(light_of(relit_clip(PAN, gain)), expected, strict=True):
        assert found == pytest.approx(wanted, rel=tolerance)


@pytest.mark.parametrize("out", [True, False], ids=["out", "in"])
def test_only_the_brightest_frame_of_a_shot_that_is_all_fade_is_fully_lit(out: bool) -> None:
    count = 15
    clip = relit_clip(PAN[:count], lambda t: ((count - 1 - t) if out else t) / (count - 1))
    light = light_of(clip)
    assert [place for place, value in enumerate(light) if fully_lit(value)] == [0 if out else count - 1]


@pytest.mark.parametrize(
    "clip", [PAN, synthetic.still(12), synthetic.pass_by(20, 2, 12)], ids=["pan", "grain", "passing"]
)
def test_an_evenly_lit_shot_has_one_light(clip: list[Bytes]) -> None:
    assert set(light_of(clip)) == {1.0}


def test_black_and_white_frames() -> None:
    clip = list(PAN)
    clip[5], clip[11] = np.zeros_like(clip[5]), np.full_like(clip[5], 253)
    light = light_of(clip)
    assert light[5] == 0
    assert light[11] > 2
    assert set(light[:5] + light[6:11] + light[12:]) == {1.0}
    assert set(light_of([np.zeros_like(clip[0])] * 4)) == {1.0}
    assert light_of([]) == []


def test_plates_are_read_in_the_light_of_the_shot() -> None:
    read = in_shot_light([lit(PAN[0], 0.5), PAN[0], PAN[0]].__getitem__, {0: 0.5, 1: 1.0})
    assert np.abs(read(0).astype(float) - PAN[0]).mean() < 1
    assert read(1) is PAN[0]
    assert read(2) is PAN[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gain", "fully_lit"),
    [
        (lambda t: min(1, t / 10), range(10, COUNT)),
        (lambda t: min(1, (COUNT - 1 - t) / 10), range(10)),
        (lambda t: 2.5 if t in (0, 1) else 1.0, range(2, COUNT)),
        (lambda t: 0.0 if t < 4 else 1.0, range(4, COUNT)),
        (lambda t: 1.0 if t < 8 else 0.17, range(8)),
    ],
    ids=["from black", "to black", "flash first", "black first", "dim"],
)
def test_keys_are_fully_lit(gain: Gain, fully_lit: range) -> None:
    clip = relit_clip(synthetic.still(COUNT), gain)
    keys = [key.frame for key in picked(clip).keyframes]
    assert len(keys) == 1
    assert keys[0] in fully_lit


@pytest.mark.slow
def test_light_is_nothing_new() -> None:
    clip = synthetic.enter(24, 4, 6)
    steady = picked(clip)
    lamp = picked(relit_clip(clip, lambda t: (1.0, 0.8, 1.15, 0.9)[t % 4]))
    assert len(lamp.keyframes) == len(steady.keyframes)


@pytest.mark.slow
def test_what_only_a_fade_shows_gets_a_key() -> None:
    faded = relit_clip(synthetic.enter(26, 12, 4), lambda t: min(1, 1 - (t - 8) / 26))
    keys = [key.frame for key in picked(faded).keyframes]
    assert len(keys) == 2
    assert keys[0] < 9
    assert keys[1] > 12


@pytest.mark.slow
def test_no_key_lies_in_a_fade_to_black_whatever_it_shows() -> None:
    faded = relit_clip(synthetic.enter(26, 16, 4), lambda t: min(1, (25 - t) / 14))
    assert [key.frame for key in picked(faded).keyframes if key.frame > 11] == []


def test_end_in_white_does_not_set_the_light_of_a_shot() -> None:
    def whitened(plate: Bytes, share: float) -> Bytes:
        return np.asarray(np.rint(plate * (1 - share) + 255 * share), np.uint8)

    clip = [*PAN[:12], *(whitened(PAN[12], t / 4) for t in range(1, 5))]
    assert light_of(clip)[:12] == pytest.approx([1.0] * 12, abs=0.02)


@pytest.mark.parametrize(
    ("lights", "places"),
    [
        ([1, 1, 0.7, 0.4, 0.1, 0], {2, 3, 4, 5}),
        ([0, 0.5, 0.9, 1.0, 1.05, 0.5, 1.0], {0, 1, 2}),
        ([1, 0.7, 0.5, 0.3, 0.3], set()),
        ([1.0, *[0.5] * 80, 0.0], set()),
        ([1.0] * 4, set()),
        ([], set()),
    ],
    ids=["out", "in, and a dip", "dim", "too long", "even", "none"],
)
def test_fades_reach_darkness(lights: list[float], places: set[int]) -> None:
    assert fades(lights) == places


def test_keys_are_compared_in_the_light_of_the_shot() -> None:
    clip = relit_clip(synthetic.still(10), lambda t: 1.0 if t < 5 else 0.2)
    light, levels = measure_light(range(10), clip.__getitem__, DisFlow("fast")), list[float]()

    class Recorded(DisFlow):
        def __call__(self, source: Bytes, target: Bytes) -> Floats:
            levels.extend((source.mean(), target.mean()))
            return super().__call__(source, target)

    pick(range(10), clip.__getitem__, light=light, estimate=Recorded("fast"))
    assert max(levels) < 1.1 * min(levels)


@pytest.mark.parametrize("clip", [[np.zeros((36, 64, 3), np.uint8)] * 5], ids=["black"])
def test_a_black_shot_has_one_key(clip: list[Bytes]) -> None:
    assert len(picked(clip).keyframes) == 1


def test_where_all_that_is_lit_is_dropped_a_key_is_picked_all_the_same() -> None:
    clip = relit_clip(synthetic.still(8), lambda t: 1.0 if t < 5 else 0.4)
    assert [key.frame for key in picked(clip, dropped=range(5)).keyframes] != []
