"""Server-sent events, which report to every open page what happens in the server."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# Max number of events queued for a page; a page that falls behind is asked to reload everything instead.
_MAX_WAITING = 2000
# Seconds without an event after which a line is sent, to detect closed pages.
_QUIET = 15.0
_Listener = tuple[asyncio.AbstractEventLoop, "asyncio.Queue[str]"]


@dataclass
class EventStream:
    """Sender of events to all pages. Threads may send at the same time."""

    _listeners: list[_Listener] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, event: Mapping[str, Any]) -> None:
        """Send an event to every page that listens."""
        text = _line(event)
        with self._lock:
            for loop, waiting in self._listeners:
                loop.call_soon_threadsafe(_put, waiting, text)

    async def listen(self, *first: Mapping[str, Any]) -> AsyncIterator[str]:
        """Yield the lines of the stream of one page, which begins with some events of its own."""
        listener = asyncio.get_running_loop(), asyncio.Queue[str](_MAX_WAITING)
        with self._lock:
            self._listeners.append(listener)
        try:
            for event in first:
                yield _line(event)
            while True:
                try:
                    yield await asyncio.wait_for(listener[1].get(), _QUIET)
                except TimeoutError:
                    yield ": quiet\n\n"
        finally:
            with self._lock:
                self._listeners.remove(listener)


def _line(event: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(event)}\n\n"


def _put(waiting: "asyncio.Queue[str]", text: str) -> None:
    if waiting.full():
        while not waiting.empty():
            waiting.get_nowait()
        text = _line({"type": "reload"})
    waiting.put_nowait(text)
