import pytest
from hypothesis import given
from hypothesis import strategies as st

from stylize.settings.schedules import Schedule, all_texts, constant, is_schedule, read_schedule, text_at, with_texts


def test_numbers_are_interpolated_linearly_and_held_beyond():
    schedule = read_schedule("10: 0.4, 20:(0.8)", 0, 1)
    assert [schedule.at(frame) for frame in (0, 10, 15, 20, 99)] == pytest.approx([0.4, 0.4, 0.6, 0.8, 0.8])
    assert read_schedule(0.3, 0, 1) == constant(0.3) == read_schedule("0.3", 0, 1)
    assert str(constant(7.0)) == "7.0"


@given(st.dictionaries(st.integers(0, 999), st.floats(0, 1), min_size=1, max_size=6))
def test_schedule_reads_back_as_written(points):
    schedule = read_schedule(", ".join(f"{frame}: {value!r}" for frame, value in sorted(points.items())), 0, 1)
    assert read_schedule(str(schedule), 0, 1) == schedule
    if len(points) > 1:
        assert schedule == Schedule(tuple(sorted(points.items())))
        assert all(schedule.at(frame) == value for frame, value in points.items())


@pytest.mark.parametrize(
    "text", ["", "0:", "0: 2", "5: 0.1, 5: 0.2", "9: 0.1, 1: 0.2", "0: 0.1,", "0: nan", "x: 1", True]
)
def test_invalid_schedule_is_refused(text):
    with pytest.raises(ValueError, match=r".*"):
        read_schedule(text, 0, 1)


def test_text_holds_until_the_next_one():
    text = '10: "a village", 100: "a \\"burning\\" village, at night"'
    assert [text_at(text, frame) for frame in (0, 10, 99)] == ["a village"] * 3
    assert text_at(text, 100) == text_at(text, 500) == 'a "burning" village, at night'
    assert text_at('{"0": "one", "5": "two"}', 5) == "two"  # as Deforum writes it
    assert all_texts(text) == ("a village", 'a "burning" village, at night')


def test_plain_text_holds_for_all_frames():
    for text in ("a village", "16:9 photograph", "", '"quoted"'):
        assert not is_schedule(text)
        assert text_at(text, 7) == text


@pytest.mark.parametrize("text", ['0: "a', '0: "a" 5: "b"', '5: "a", 0: "b"', '0: "a", later'])
def test_invalid_schedule_of_texts_is_refused(text):
    with pytest.raises(ValueError, match=r".*"):
        text_at(text, 0)


@pytest.mark.parametrize("text", ["", "plain", '1: "a", 40: "b"', '10: "say \\"a\\"", 41: "b\\\\c"', '-5: "a"'])
@pytest.mark.parametrize("at", [{40: "x"}, {0: 'y "q" \\', 1: "z"}, {-3: "x", 99: ""}])
def test_texts_of_single_frames_leave_all_others_alone(text, at):
    changed = with_texts(text, at)
    for frame in range(-8, 110):
        assert text_at(changed, frame) == at.get(frame, text_at(text, frame))
    assert with_texts(text, {}) == text
