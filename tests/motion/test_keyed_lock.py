import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from stylize.motion.keyed_lock import Turns


def within(turns, thing, most, inside):
    with turns.turn(thing):
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.01)
        inside.pop()


@pytest.mark.parametrize(("things", "together"), [("aaaa", False), ("abcd", True)])
def test_one_at_a_time_has_its_turn_for_a_thing(things, together):
    turns, most, inside = Turns(), [], []
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda thing: within(turns, thing, most, inside), things * 5))
    assert len(most) == 20
    assert (max(most) > 1) == together


def test_a_turn_ends_where_something_fails():
    turns = Turns()
    with pytest.raises(ValueError, match="no"), turns.turn("a"):
        raise ValueError("no")
    with turns.turn("a"):
        pass
