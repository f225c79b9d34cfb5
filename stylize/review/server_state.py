"""State that the routes of the review page share."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from stylize.errors import StylizeError
from stylize.review.event_stream import EventStream
from stylize.review.external_program import ExternalProgram, external_program
from stylize.review.key_watch import KeyWatch
from stylize.review.live import Live
from stylize.review.open_painting import OpenPaintings
from stylize.review.open_projects import OpenProjects
from stylize.review.proxies import ProxyCache
from stylize.review.roots import Roots
from stylize.review.runs import Runs
from stylize.review.writer import Writers


@dataclass
class Review:
    """Projects of the roots that are open, their pictures and runs, and the pages that show them.

    program: opens keys for painting.
    """

    roots: Roots
    opened: OpenProjects = field(default_factory=OpenProjects)
    proxies: ProxyCache = field(default_factory=ProxyCache)
    writers: Writers = field(default_factory=Writers)
    events: EventStream = field(default_factory=EventStream)
    paintings: OpenPaintings = field(default_factory=OpenPaintings)
    program: ExternalProgram = field(default_factory=external_program)

    @cached_property
    def watch(self) -> KeyWatch:
        """Watch of the keys of the displayed projects."""
        return KeyWatch(self._on_keys, lambda: self.writers.writer is not None)

    def _on_keys(self, event: Mapping[str, Any]) -> None:
        """Notify the pages that keys have changed, and start a draft in live mode."""
        self.events.send(event)
        with suppress(StylizeError):  # the page shows why the project cannot be opened
            self.live.look(self.opened.open(self.roots.find(str(event["project"]))))

    @cached_property
    def live(self) -> Live:
        """Projects in live mode."""
        return Live(self.runs)

    def live_event(self) -> Mapping[str, Any]:
        """Return the event that names the projects in live mode."""
        return {"type": "live", "parts": self.live.parts()}

    @cached_property
    def runs(self) -> Runs:
        """Executor of the runs that pages start."""
        return Runs(self.events.send)

    def writer_event(self) -> Mapping[str, Any]:
        """Return the event that names the page in control."""
        return {"type": "writer", "writer": self.writers.writer}
