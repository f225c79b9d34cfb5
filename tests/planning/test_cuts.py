"""Cuts are found to the frame, and nothing else is taken for one."""

import pytest

from propagate.arrays import Bytes
from stylize.planning.cuts import find_cuts, split
from tests import synthetic


def numbered(pictures: list[Bytes], start: int = 1) -> list[tuple[int, Bytes]]:
    return list(enumerate(pictures, start))


def test_cuts_are_found_to_the_frame_and_named_by_the_source() -> None:
    clip = synthetic.still(15) + synthetic.pan(20, 5) + synthetic.turn(25, 5, 10)
    assert find_cuts(numbered(clip, 1001)) == (1016, 1036)


@pytest.mark.parametrize("shot", [8, 12])
def test_short_shots_are_shots(shot: int) -> None:
    clip = synthetic.pan(20, 5)[:shot] + synthetic.still(shot) + synthetic.dissolve(shot, -1, 1)
    assert find_cuts(numbered(clip, 0)) == (shot, 2 * shot)


@pytest.mark.parametrize(
    "clip",
    [
        synthetic.still(30),
        synthetic.exposure_drift(30),
        synthetic.shake(30),
        synthetic.whip_pan(30),
        synthetic.flash(30, 15, 1),
        synthetic.flash(30, 15, 2),
        synthetic.pass_by(40, 5, 12),
        synthetic.enter(30, 10, 3),
        synthetic.dissolve(40, 12, 14),
    ],
    ids=["still", "exposure", "shake", "whip", "flash 1", "flash 2", "passing", "entering", "dissolve"],
)
def test_nothing_else_is_a_cut(clip: list[Bytes]) -> None:
    assert find_cuts(numbered(clip)) == ()


def test_a_cut_just_before_the_end() -> None:
    assert find_cuts(numbered(synthetic.still(12) + synthetic.pan(2, 5), 0)) == (12,)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_almost_no_frames(count: int) -> None:
    assert find_cuts(numbered(synthetic.still(count))) == ()


def test_split_at_cuts() -> None:
    assert split([1001, 1002, 1003, 1004], [1003]) == [(1001, 1002), (1003, 1004)]
    assert split([5, 6], []) == [(5, 6)]
    assert split([5, 6], [5, 90]) == [(5, 6)]
    assert split([], [3]) == []
