"""A lock per key, for threads that may make the same thing."""

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager


class KeyedLock:
    """Mutual exclusion of threads by key; different keys do not block each other."""

    def __init__(self) -> None:
        self._changed, self._held = threading.Condition(), set[Hashable]()

    @contextmanager
    def hold(self, key: Hashable) -> Iterator[None]:
        """Hold the lock of a key, waiting until no other thread holds it. Not reentrant."""
        with self._changed:
            self._changed.wait_for(lambda: key not in self._held)
            self._held.add(key)
        try:
            yield
        finally:
            with self._changed:
                self._held.remove(key)
                self._changed.notify_all()
