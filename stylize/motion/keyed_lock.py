"""Turns of threads that may want to make the same thing."""

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager


class KeyedLock:
    """One thread at a time has its turn for a thing; for different things they do not wait for each other."""

    def __init__(self) -> None:
        self._changed, self._held = threading.Condition(), set[Hashable]()

    @contextmanager
    def hold(self, key: Hashable) -> Iterator[None]:
        """Waits until no other thread is within a turn for the same thing. Not to be nested for one thing."""
        with self._changed:
            self._changed.wait_for(lambda: key not in self._held)
            self._held.add(key)
        try:
            yield
        finally:
            with self._changed:
                self._held.remove(key)
                self._changed.notify_all()
