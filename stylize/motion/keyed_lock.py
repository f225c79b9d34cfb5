"""Turns of threads that may want to make the same thing."""

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager


class Turns:
    """One thread at a time has its turn for a thing; for different things they do not wait for each other."""

    def __init__(self) -> None:
        self._changed, self._taken = threading.Condition(), set[Hashable]()

    @contextmanager
    def turn(self, thing: Hashable) -> Iterator[None]:
        """Waits until no other thread is within a turn for the same thing. Not to be nested for one thing."""
        with self._changed:
            self._changed.wait_for(lambda: thing not in self._taken)
            self._taken.add(thing)
        try:
            yield
        finally:
            with self._changed:
                self._taken.remove(thing)
                self._changed.notify_all()
