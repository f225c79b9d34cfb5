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
def test_lock_is_exclusive_per_key(things, together):
    lock, most, inside = KeyedLock(), [], []
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda key: within(lock, key, most, inside), things * 5))
    assert len(most) == 20
    assert (max(most) > 1) == together


def test_lock_is_released_after_an_error():
    lock = KeyedLock()
    with pytest.raises(ValueError, match="no"), lock.hold("a"):
        raise ValueError("no")
    with lock.hold("a"):
        pass
