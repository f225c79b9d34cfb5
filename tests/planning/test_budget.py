"""A time is spent on the keys that are worth most, and what a key costs is measured."""

from stylize.planning.budget import KeyDemand, format_duration, share_keys


def test_enough_for_all_is_no_limit() -> None:
    assert share_keys([KeyDemand(1, (3.0, 2.0)), KeyDemand(1, ())], 4) == (None, None)


def test_keys_go_where_they_are_worth_most() -> None:
    demands = [KeyDemand(1, (5.0, 1.0)), KeyDemand(1, (9.0, 8.0, 0.5))]
    assert share_keys(demands, 4) == (1, 3)
    assert share_keys(demands, 5) == (2, 3)
    assert share_keys(demands, 3) == (1, 2)


def test_every_shot_keeps_what_it_must_have() -> None:
    assert share_keys([KeyDemand(1, (5.0,)), KeyDemand(3, (9.0,)), KeyDemand(0, (2.0,))], 0) == (1, 3, 0)


def test_times_are_spelt_as_people_write_them() -> None:
    assert [format_duration(seconds) for seconds in (90, 600, 5400, 12.5)] == [
        "1 min 30 s",
        "10 min",
        "1 h 30 min",
        "12.5 s",
    ]
