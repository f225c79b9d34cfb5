"""Log of a run for pipelines: one JSON object per line, for every stage, task, frame and message.

Every line has ``time`` (UTC, ISO 8601), ``seconds`` since the start of the run, and ``event``:

- ``start``: version, stages and libraries that determine the bits, and what was asked for;
- ``disk``: bytes that the run needs, as estimated before its work, and bytes that are free;
- ``stage``: name, done, total;
- ``task``: id, and state, ``started`` or ``done``;
- ``frame``: number, and its layer, empty for the only look;
- ``message`` and ``warning``: text;
- ``end``: ``error``, null on success.

Events are appended to a file that exists, so the log of an earlier run is never lost.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from stylize.errors import OutputError
from stylize.io_errors import output_error

# Prefix of a message about a loss.
_WARNING = "warning: "
# Beginning of every line of a log.
_FIRST_BYTES, _MAX_LINE = b'{"time": ', 64


class EventLog:
    """Target of the events of a run: a file, or nothing."""

    def __init__(self, file: TextIO | None = None, path: Path | None = None) -> None:
        self._file, self._path, self._started = file, path, time.monotonic()

    def write(self, event: str, **values: Any) -> None:
        """Write one event. values: serialisable as JSON. Raises OutputError when the disk is full."""
        if self._file is None or self._path is None:
            return
        now = {"time": datetime.now(UTC).isoformat(), "seconds": round(time.monotonic() - self._started, 3)}
        try:
            self._file.write(json.dumps({**now, "event": event, **values}) + "\n")
            self._file.flush()
        except OSError as error:
            raise output_error(error, self._path, "--log-json") from error

    def message(self, text: str) -> None:
        """Write a message, or a warning if its first word says so."""
        if text.startswith(_WARNING):
            self.write("warning", text=text.removeprefix(_WARNING))
        else:
            self.write("message", text=text)

    @contextmanager
    def task(self, task: str) -> Iterator[None]:
        """Write an event when a task starts, and one when it is done."""
        self.write("task", id=task, state="started")
        yield
        self.write("task", id=task, state="done")


# A log that discards its events.
NO_LOG = EventLog()


@contextmanager
def open_log(path: Path | None, **start: Any) -> Iterator[EventLog]:
    """Open a log, or one that discards its events. start: values of its first event. Raises OutputError."""
    if path is None:
        yield NO_LOG
        return
    if not path.parent.is_dir():
        raise OutputError(f"{path}: there is no folder {path.parent}; create it, or choose another --log-json")
    try:
        unfinished_line = path.is_file() and _check_log(path)
        file = path.open("a", encoding="utf-8")
    except OSError as error:
        raise output_error(error, path, "--log-json") from error
    try:
        log = EventLog(file, path)
        if unfinished_line:
            file.write("\n")
        log.write("start", **start)
        try:
            yield log
        except KeyboardInterrupt:
            log.write("end", error="stopped")
            raise
        except BaseException as error:
            log.write("end", error=str(error) or type(error).__name__)
            raise
        log.write("end", error=None)
    finally:
        # Events are flushed one by one: what closing could still report has been raised.
        with suppress(OSError):
            file.close()


def _check_log(path: Path) -> bool:
    """Return whether a log ends within a line, as a killed run leaves it. Raises OutputError for what is no log.

    Events are appended only to what is empty or a log: a wrong path must not damage a movie or a key.
    """
    with path.open("rb") as file:
        first = file.readline(_MAX_LINE)
        if first and not first.startswith(_FIRST_BYTES):
            raise OutputError(f"{path} exists and is not a log of stylize; choose another --log-json")
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 1))
        return file.read(1) not in (b"", b"\n")
