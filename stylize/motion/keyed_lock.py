"""A lock per key, for threads that may produce the same result."""

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager


class KeyedLock:
    """Mutual exclusion of threads by key. Different keys do not block each other."""

    def __init__(self) -> None:
        self._changed, self._held = threading.Condition(), set[Hashable]()

    @contextmanager
    def hold(self, key: Hashable) -> Iterator[None]:
        """Acquire the lock of a key, and release it at the end of the block. Not reentrant."""
        with self._changed:
            self._changed.wait_for(lambda: key not in self._held)
            self._held.add(key)
        try:
            yield
        finally:
            with self._changed:
                self._held.remove(key)
                self._changed.notify_all()
