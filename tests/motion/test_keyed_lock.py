import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from stylize.motion.keyed_lock import KeyedLock


def within(lock, key, most, inside):
    with lock.hold(key):
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.01)
        inside.pop()


@pytest.mark.parametrize(("things", "together"), [("aaaa", False), ("abcd", True)])
def test_one_at_a_time_has_its_turn_for_a_thing(things, together):
    lock, most, inside = KeyedLock(), [], []
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda key: within(lock, key, most, inside), things * 5))
    assert len(most) == 20
    assert (max(most) > 1) == together


def test_a_turn_ends_where_something_fails():
    lock = KeyedLock()
    with pytest.raises(ValueError, match="no"), lock.hold("a"):
        raise ValueError("no")
    with lock.hold("a"):
        pass
