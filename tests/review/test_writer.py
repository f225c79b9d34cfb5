"""One page writes at a time, and the others watch."""

from stylize.review.writer import Writers


def test_the_first_page_writes_until_it_closes():
    writers = Writers()
    assert not writers.may_write("one")
    writers.join("one")
    writers.join("two")
    assert [writers.may_write(page) for page in ("one", "two", "", "three")] == [True, False, False, False]
    writers.leave("one")
    assert [writers.may_write(page) for page in ("one", "two")] == [False, True]
    writers.leave("two")
    assert writers.writer is None


def test_another_open_page_may_take_over_and_a_closed_one_may_not():
    writers = Writers()
    writers.join("one")
    assert not writers.take("two")
    writers.join("two")
    assert writers.take("two")
    assert [writers.may_write(page) for page in ("one", "two")] == [False, True]


def test_a_page_with_two_streams_is_open_until_both_are_closed():
    """A browser opens its stream again before the server has noticed that the first one is gone."""
    writers = Writers()
    writers.join("one")
    writers.join("one")
    writers.join("two")
    writers.leave("one")
    assert writers.may_write("one")
    writers.leave("one")
    assert writers.may_write("two")
