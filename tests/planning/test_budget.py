"""Distribution of a time budget over shots, and measurement of the cost of a key."""

from stylize.planning.budget import KeyDemand, format_duration, share_keys


def test_sufficient_budget_is_no_limit() -> None:
    assert share_keys([KeyDemand(1, (3.0, 2.0)), KeyDemand(1, ())], 4) == (None, None)


def test_keys_go_where_they_gain_most() -> None:
    demands = [KeyDemand(1, (5.0, 1.0)), KeyDemand(1, (9.0, 8.0, 0.5))]
    assert share_keys(demands, 4) == (1, 3)
    assert share_keys(demands, 5) == (2, 3)
    assert share_keys(demands, 3) == (1, 2)


def test_every_shot_keeps_its_required_keys() -> None:
    assert share_keys([KeyDemand(1, (5.0,)), KeyDemand(3, (9.0,)), KeyDemand(0, (2.0,))], 0) == (1, 3, 0)


def test_durations_are_formatted_for_people() -> None:
    assert [format_duration(seconds) for seconds in (90, 600, 5400, 12.5)] == [
        "1 min 30 s",
        "10 min",
        "1 h 30 min",
        "12.5 s",
    ]
