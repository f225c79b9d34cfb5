"""Runs that the page starts: calls of the Python API in a thread of the server, one at a time."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import stylize
from stylize.errors import CancelledError, ReviewError, StylizeError
from stylize.events import Event, FrameFinished, KeyRendered, Message, StageProgress
from stylize.review.matte_actions import find_clicked, propagate_mattes
from stylize.review.roots import project_id
from stylize.settings.references import shell_word
from stylize.visible_text import visible

# Actions that a page may start, by the name of the command that does the same.
ACTIONS: Mapping[str, Callable[..., object]] = {
    "run": stylize.run, "plan": stylize.plan, "report": stylize.report, "mattes": propagate_mattes,
    "clicks": find_clicked,
}  # fmt: skip
# Messages of a run that a page is sent when it is opened later.
_MAX_MESSAGES = 100


@dataclass
class Runs:
    """Executor of the runs. send: receives events for the pages.

    A run that ends with the server, for whatever reason, continues where it stopped when it is started again.
    """

    send: Callable[[Mapping[str, Any]], None]
    _status: dict[str, Any] = field(default_factory=dict)
    _cancel: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, root: Path, action: str, options: Mapping[str, Any] | None = None) -> None:
        """Start an action on a project. options: of this run.

        Raises ReviewError for an unknown action, and while another run is in progress.
        """
        if action not in ACTIONS:
            raise ReviewError(f"expected one of {', '.join(ACTIONS)}, found {action!r}; reload the page")
        with self._lock:
            if self.is_running:
                raise ReviewError("a run is already in progress; wait for it to end, or cancel it")
            self._cancel.clear()
            self._status = {
                "project": project_id(root), "action": action, "is_running": True, "progress": None, "messages": [],
                "outcome": "",
            }  # fmt: skip
            self._thread = threading.Thread(
                target=self._work, args=(root, action, options or {}), name="review run", daemon=True
            )
            self._thread.start()
        self.send(self.status())

    def cancel(self) -> None:
        """Ask the run to end. Finished work is kept."""
        self._cancel.set()

    def stop(self) -> None:
        """End the run, if any, and wait for it."""
        self.cancel()
        if self._thread is not None:
            self._thread.join()

    @property
    def is_running(self) -> bool:
        """True while a run is in progress."""
        return bool(self._status.get("is_running"))

    def status(self) -> dict[str, Any]:
        """Return the event that describes the current or the last run."""
        return {"type": "status", "run": dict(self._status) or None}

    def _work(self, root: Path, action: str, options: Mapping[str, Any]) -> None:
        outcome = "Done."
        try:
            ACTIONS[action](root, on_event=self._receive, cancel=self._cancel, **options)
        except CancelledError:
            outcome = "Cancelled. Finished work is kept, and the next run continues from here."
        except StylizeError as error:
            outcome = visible(str(error))
        except MemoryError:
            outcome = "out of memory; use smaller or fewer frames (finished work is kept)"
        except OSError as error:
            outcome = visible(f"{error.filename or 'a file'}: {error.strerror or error}")
        except Exception as error:
            outcome = f"internal error: {visible(repr(error))}"
            raise
        finally:
            self._status |= {"is_running": False, "outcome": outcome, "progress": None}
            self.send(self.status())

    def _receive(self, event: Event) -> None:
        sent = event_values(event)
        if sent is None:
            return
        if sent["type"] == "progress":
            self._status["progress"] = sent
        elif sent["type"] == "message":
            self._status["messages"] = [*self._status["messages"], sent["text"]][-_MAX_MESSAGES:]
        self.send(sent)


def event_values(event: Event) -> dict[str, Any] | None:
    """Return an event of a run for the pages; None for those that they do not show."""
    if isinstance(event, StageProgress):
        seconds = event.run_seconds_left if event.run_seconds_left is not None else event.seconds_left
        return {
            "type": "progress", "label": visible(event.label), "done": event.done + event.part, "total": event.total,
            "place": event.place, "places": event.places, "seconds_left": seconds,
            "is_whole": event.run_seconds_left is not None,
        }  # fmt: skip
    if isinstance(event, FrameFinished):
        return {"type": "frame", "frame": event.frame, "layer": visible(event.layer)}
    if isinstance(event, KeyRendered):
        return {"type": "key", "frame": event.frame, "layer": visible(event.layer)}
    if isinstance(event, Message) and not event.is_detail:
        return {"type": "message", "text": visible(str(event))}
    return None


def command_of(root: Path, action: str) -> str:
    """Return the command line that does the same as an action."""
    word = "" if action == "run" else f"{action} "
    return visible(f"stylize {word}{shell_word(str(root))}")
