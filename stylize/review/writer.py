"""One writer at a time: the page that may change the project; further pages watch."""

import threading
from dataclasses import dataclass, field


@dataclass
class Writers:
    """Pages that are open, each with an id of its own, and the one that may write.

    A page is open as long as its stream of events is. The first one writes, until it closes or another one takes over.
    """

    _open: dict[str, int] = field(default_factory=dict)
    _writer: str | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def writer(self) -> str | None:
        """Id of the page that may write; None if no page is open."""
        return self._writer

    def join(self, page: str) -> None:
        """Open a stream of a page, which becomes the writer if there is none."""
        with self._lock:
            self._open[page] = self._open.get(page, 0) + 1
            if self._writer is None:
                self._writer = page

    def leave(self, page: str) -> None:
        """Close a stream of a page. If it was the writer, the page that has been open longest takes over."""
        with self._lock:
            self._open[page] = self._open.get(page, 0) - 1
            if self._open[page] <= 0:
                del self._open[page]
            if self._writer not in self._open:
                self._writer = next(iter(self._open), None)

    def take(self, page: str) -> bool:
        """Make an open page the writer. Return whether it is open."""
        with self._lock:
            if page not in self._open:
                return False
            self._writer = page
            return True

    def may_write(self, page: str) -> bool:
        """Return whether a page is the writer."""
        with self._lock:
            return self._writer is not None and page == self._writer
