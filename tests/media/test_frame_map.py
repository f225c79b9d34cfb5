"""Matching of packets and pictures, and gaps in timestamps."""

from fractions import Fraction

import pytest

from stylize.media.clock import find_gaps
from stylize.media.frame_map import DecodedStream, FrameMap, Losses, map_frames

RATE = [Fraction(25)]
BASE = Fraction(1, 25)


def mapped(stream: DecodedStream, *, truncated: bool = False) -> tuple[tuple[int | None, ...], FrameMap | None, Losses]:
    found = map_frames(stream, BASE, RATE, serial=False, truncated=truncated)
    return found.stamps, found.map, found.losses


def shown(stream: DecodedStream, *, truncated: bool = False) -> tuple[int, ...]:
    frames = mapped(stream, truncated=truncated)[1]
    assert frames is not None
    return frames.packets


def test_whole_stream_needs_no_map() -> None:
    stream = DecodedStream(stamps=[0, 3, 1, 2], first_key=0, pictures=[0, 2, 3, 1])
    assert stream.is_whole()
    assert mapped(stream) == ((0, 1, 2, 3), None, Losses(predicted=False))


def test_lost_picture_repeats_the_previous_one_in_display_order() -> None:
    stream = DecodedStream(stamps=[0, 3, 1, 2], first_key=0, pictures=[0, 2, 1], all_keys=False)
    assert not stream.is_whole()
    assert mapped(stream) == ((0, 1, 2, 3), FrameMap((0, 2, 2, 1), False), Losses(lost=(2,), predicted=True))


def test_first_picture_fills_the_frames_before_it() -> None:
    stream = DecodedStream(stamps=[0, 1, 2], first_key=0, pictures=[2])
    assert (shown(stream), mapped(stream)[2]) == ((2, 2, 2), Losses(lost=(0, 1)))
    stream.first_key = 2
    assert mapped(stream)[2] == Losses(leading=(0, 1))
    open_group = DecodedStream(stamps=[2, 0, 1, 3], first_key=0, pictures=[0, 3])
    assert (shown(open_group), mapped(open_group)[2]) == ((0, 0, 0, 3), Losses(leading=(0, 1)))


def test_pictures_out_of_order_are_sorted_by_time() -> None:
    """MPEG-2 without one of its P frames gives B frames late."""
    stream = DecodedStream(stamps=[0, 6, 2, 1, 5, 4], first_key=0, pictures=[0, 2, 3, 1, 4, 5])
    assert shown(stream) == (0, 3, 2, 2, 5, 4, 1)


@pytest.mark.parametrize("stamps", [[0, 1, 2, 3], [None] * 4, [0, 1, 0, 1]])
def test_times_of_decoding_do_not_reorder_pictures(stamps: list[int | None]) -> None:
    stream = DecodedStream(stamps=stamps, first_key=0, pictures=[0, 2, 3, 1])
    assert mapped(stream)[1] is None
    stream.pictures.remove(2)
    assert shown(stream) == (0, 0, 3, 1)


def test_packets_without_picture_and_second_fields_are_no_frames() -> None:
    stream = DecodedStream(stamps=[0, 1, 2], first_key=0, pictures=[0, 2], without_picture={1})
    assert stream.is_whole()
    fields = DecodedStream(stamps=[0, 1, 2, 3, 4, None], first_key=0, pictures=[0, 2, 4], fields={0, 2, 4})
    assert fields.is_whole()
    fields.pictures = [0, 4]
    assert [fields.expected(), fields.is_whole()] == [[0, 2, 4], False]


def test_interlaced_frame_after_a_whole_interval_is_lost_not_a_second_field() -> None:
    stream = DecodedStream(stamps=[0, 2, 4, 6], first_key=0, pictures=[0, 2, 3], fields={0, 2, 3})
    assert stream.expected() == [0, 1, 2, 3]


def test_end_of_a_truncated_movie_is_left_out_from_its_first_gap_on() -> None:
    stream = DecodedStream(stamps=[0, 1, 5, 3, 2], first_key=0, pictures=[0, 1, 4, 3, 2])
    assert shown(stream) == (0, 1, 4, 3, 3, 2)
    assert mapped(stream, truncated=True)[:2] == ((0, 1, 2, 3), FrameMap((0, 1, 4, 3), False))
    stream.damaged = {1}
    assert shown(stream, truncated=True) == (0, 1, 4, 3)
    stream.damaged = {4}
    assert shown(stream, truncated=True) == (0, 1)


def test_pictures_of_unknown_packets_are_counted_in_order() -> None:
    stream = DecodedStream(stamps=[0, 1, 2], first_key=0, pictures=[0, None, 2], failures=2)
    assert mapped(stream) == ((0, None, 2), None, Losses(unlocated=2))


@pytest.mark.parametrize(
    ("stamps", "base", "gaps"),
    [
        ([0, 1, 2, 4, 5, 6], BASE, [(3, [3])]),
        ([10, 11, 14, 15, 16, 17], BASE, []),  # two of eight: too many without damage
        ([0, 40, 80, 160, 201, 240], Fraction(1, 1000), [(3, [120])]),
        ([0, 40, 80, 130, 170, 210], Fraction(1, 1000), []),
        ([0, 1, 2, 3], BASE, []),
        ([0], BASE, []),
    ],
)
def test_gaps_of_regular_time_stamps_are_found(
    stamps: list[int], base: Fraction, gaps: list[tuple[int, list[int]]]
) -> None:
    assert find_gaps(stamps, base, RATE, damaged=False) == gaps


def test_damage_explains_more_gaps_up_to_ten_seconds() -> None:
    stamps = [10, 11, 14, 15, 16, 17]
    assert find_gaps(stamps, BASE, RATE, damaged=True) == [(2, [12, 13])]
    assert len(find_gaps([0, 1, 2, 252], BASE, RATE, damaged=True)[0][1]) == 249
    assert find_gaps([0, 1, 2, 253], BASE, RATE, damaged=True) == []
