"""State that the routes of the review page share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from stylize.review.event_stream import EventStream
from stylize.review.open_projects import OpenProjects
from stylize.review.proxies import ProxyCache
from stylize.review.roots import Roots
from stylize.review.runs import Runs
from stylize.review.writer import Writers


@dataclass
class Review:
    """Projects of the roots that are open, their pictures and runs, and the pages that show them."""

    roots: Roots
    opened: OpenProjects = field(default_factory=OpenProjects)
    proxies: ProxyCache = field(default_factory=ProxyCache)
    writers: Writers = field(default_factory=Writers)
    events: EventStream = field(default_factory=EventStream)

    @cached_property
    def runs(self) -> Runs:
        """Executor of the runs that pages start."""
        return Runs(self.events.send)

    def writer_event(self) -> Mapping[str, Any]:
        """Return the event that names the page in control."""
        return {"type": "writer", "writer": self.writers.writer}
