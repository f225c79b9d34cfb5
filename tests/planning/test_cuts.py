"""Cut detection: exact to the frame, without false positives."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from propagate.arrays import Bytes
from stylize.planning.cuts import find_cuts, split
from tests import synthetic
from tests.lit import lit


def numbered(pictures: list[Bytes], start: int = 1) -> list[tuple[int, Bytes]]:
    return list(enumerate(pictures, start))


@pytest.mark.slow
def test_cuts_are_exact_and_use_source_numbers() -> None:
    clip = synthetic.still(15) + synthetic.pan(20, 5) + synthetic.turn(25, 5, 10)
    assert find_cuts(numbered(clip, 1001)) == (1016, 1036)


@pytest.mark.parametrize("shot", [8, 12])
def test_short_shots_are_found(shot: int) -> None:
    clip = synthetic.pan(20, 5)[:shot] + synthetic.still(shot) + synthetic.dissolve(shot, -1, 1)
    assert find_cuts(numbered(clip, 0)) == (shot, 2 * shot)


@pytest.mark.slow
@pytest.mark.parametrize(
    "clip",
    [
        lambda: synthetic.still(30),
        lambda: synthetic.exposure_drift(30),
        lambda: synthetic.shake(30),
        lambda: synthetic.whip_pan(30),
        lambda: synthetic.flash(30, 15, 1),
        lambda: synthetic.flash(30, 15, 2),
        lambda: synthetic.pass_by(40, 5, 12),
        lambda: synthetic.enter(30, 10, 3),
        lambda: synthetic.dissolve(40, 12, 14),
    ],
    ids=["still", "exposure", "shake", "whip", "flash 1", "flash 2", "passing", "entering", "dissolve"],
)
def test_other_events_are_not_cuts(clip: Callable[[], list[Bytes]]) -> None:
    assert find_cuts(numbered(clip())) == ()


def test_cut_just_before_the_end_is_found() -> None:
    assert find_cuts(numbered(synthetic.still(12) + synthetic.pan(2, 5), 0)) == (12,)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_very_few_frames_have_no_cut(count: int) -> None:
    assert find_cuts(numbered(synthetic.still(count))) == ()


def test_frames_are_split_at_cuts() -> None:
    assert split([1001, 1002, 1003, 1004], [1003]) == [(1001, 1002), (1003, 1004)]
    assert split([5, 6], []) == [(5, 6)]
    assert split([5, 6], [5, 90]) == [(5, 6)]
    assert split([], [3]) == []


def darkening(picture: Bytes, gain: float) -> Bytes:
    return np.zeros_like(picture) if gain == 0 else lit(picture, gain)


def faded(clip: list[Bytes], *, out: bool) -> list[Bytes]:
    """A clip that fades in linear light, over all of its frames, from or to black."""
    count = len(clip)
    return [darkening(p, ((count - 1 - t) if out else t) / (count - 1)) for t, p in enumerate(clip)]


PAN, STILL = synthetic.pan(24, 3), synthetic.still(24)
# A third picture, unlike the two.
ODD = synthetic.texture(5, colour=(100, 140, 90))
BLACK = np.zeros_like(ODD)


@pytest.mark.parametrize(
    ("clip", "cuts"),
    [
        ([*PAN[:2], ODD, *STILL[:3]], (3, 4)),
        ([*PAN[:12], ODD, *STILL[:12]], (13, 14)),
        ([*STILL[:12], ODD, *STILL[12:]], (13, 14)),
        ([ODD, *STILL[:12]], (2,)),
        ([*STILL[:12], ODD], (13,)),
        ([PAN[0], ODD, STILL[0]], (2, 3)),
        ([lit(ODD, 0.03), *[lit(plate, 0.03) for plate in STILL[:9]]], (2,)),
    ],
    ids=["2-1-3", "between two", "within one", "at the start", "at the end", "three frames", "at a dark start"],
)
def test_one_frame_between_two_cuts_is_a_shot(clip: list[Bytes], cuts: tuple[int, ...]) -> None:
    assert find_cuts(numbered(clip)) == cuts


def barred(picture: Bytes) -> Bytes:
    """A picture between black bars that cover half of it."""
    height = picture.shape[0]
    found = picture.copy()
    found[: height // 4], found[-(height // 4) :] = 0, 0
    return found


def title() -> Bytes:
    """A title on black."""
    found = np.zeros_like(ODD)
    cv2.putText(found, "THE END", (20, 50), 0, 0.8, (240, 240, 240), 2)
    return found


def test_veil_of_white_is_no_cut() -> None:
    veiled = [np.asarray(np.rint(0.75 * plate + 64), np.uint8) for plate in PAN[8:16]]
    assert find_cuts(numbered([*PAN[:8], *veiled])) == ()


@pytest.mark.parametrize(
    ("clip", "cuts"),
    [
        ([*PAN[:8], *[title()] * 5, *STILL[:8]], (9, 14)),
        ([barred(lit(plate, 0.08)) for plate in (*PAN[:8], *STILL[:8])], (9,)),
    ],
    ids=["title on black", "bars"],
)
def test_black_around_a_picture_does_not_hide_a_cut(clip: list[Bytes], cuts: tuple[int, ...]) -> None:
    assert find_cuts(numbered(clip)) == cuts


@pytest.mark.parametrize(
    ("clip", "cuts"),
    [
        ([*faded(PAN[:15], out=True), *faded(STILL[:15], out=False)], (16,)),
        ([*faded(PAN[:15], out=True), BLACK, BLACK, *faded(STILL[:15], out=False)], (17,)),
        ([*PAN[:12], *[BLACK] * 6, *STILL[:12]], (16,)),
        ([*PAN[:12], BLACK, *STILL[:12]], (13,)),
        ([*faded(PAN[:15], out=True), *STILL[:12]], (15,)),
    ],
    ids=["fade", "long fade", "black between", "one black frame between", "out only"],
)
def test_two_shots_with_black_between_are_split_in_the_black(clip: list[Bytes], cuts: tuple[int, ...]) -> None:
    assert find_cuts(numbered(clip)) == cuts


@pytest.mark.slow
@pytest.mark.parametrize(
    "clip",
    [
        [*STILL[:12], BLACK, *STILL[12:]],
        [*faded(STILL[:12], out=True), *faded(STILL[12:], out=False)],
        faded(PAN, out=False),
        faded(PAN, out=True),
        [BLACK] * 9,
        [BLACK, *STILL],
        [*STILL, BLACK, BLACK],
        [lit(p, 2.5 if t in (9, 10) else 1.0) for t, p in enumerate(PAN)],
        [lit(p, 6.0 if t == 9 else 1.0) for t, p in enumerate(PAN)],
        [lit(p, 0.15 if t == 9 else 1.0) for t, p in enumerate(PAN)],
    ],
    ids=[
        "black frame", "dip to black", "in", "out", "black", "black first", "black last", "flash", "strong flash",
        "dark frame",
    ],
)  # fmt: skip
def test_light_is_no_cut(clip: list[Bytes]) -> None:
    assert find_cuts(numbered(clip)) == ()
