"""A log of a run for pipelines: one JSON object a line, for every stage, task, frame and message.

Every line has ``time`` (UTC, ISO 8601), ``seconds`` since the start of the run, and ``event``:

- ``start``: version, stages and libraries that determine the bits, and what was asked for;
- ``disk``: bytes that the run needs, as estimated before its work, and bytes that are free;
- ``stage``: name, done, total;
- ``task``: id, and state, ``started`` or ``done``;
- ``frame``: number, and the layer that it is of, empty for the only look;
- ``message`` and ``warning``: text;
- ``end``: ``error``, null where all went well.

A file that exists is continued, so that the log of an earlier run is never lost.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from stylize.io_errors import output_error

# What a message about a loss begins with.
_WARNING = "warning: "


class EventLog:
    """Where events of a run go: a file, or nowhere."""

    def __init__(self, file: TextIO | None = None, path: Path | None = None) -> None:
        self._file, self._path, self._started = file, path, time.monotonic()

    def write(self, event: str, **values: Any) -> None:
        """Write one event. values: whatever JSON can write. Raises OutputError when the disk is full."""
        if self._file is None or self._path is None:
            return
        now = {"time": datetime.now(UTC).isoformat(), "seconds": round(time.monotonic() - self._started, 3)}
        try:
            self._file.write(json.dumps({**now, "event": event, **values}) + "\n")
            self._file.flush()
        except OSError as error:
            raise output_error(error, self._path, "--log-json") from error

    def message(self, text: str) -> None:
        """Write a message, or a warning by its first word."""
        if text.startswith(_WARNING):
            self.write("warning", text=text.removeprefix(_WARNING))
        else:
            self.write("message", text=text)

    @contextmanager
    def task(self, task: str) -> Iterator[None]:
        """Write that a task has started, and when it is done."""
        self.write("task", id=task, state="started")
        yield
        self.write("task", id=task, state="done")


# A log that goes nowhere.
NO_LOG = EventLog()


@contextmanager
def open_log(path: Path | None, **start: Any) -> Iterator[EventLog]:
    """Open a log, or one that goes nowhere. start: values of its first event. Raises OutputError."""
    if path is None:
        yield NO_LOG
        return
    try:
        file = path.open("a", encoding="utf-8")
    except OSError as error:
        raise output_error(error, path, "--log-json") from error
    with file:
        log = EventLog(file, path)
        log.write("start", **start)
        try:
            yield log
        except BaseException as error:
            log.write("end", error=str(error) or type(error).__name__)
            raise
        log.write("end", error=None)
