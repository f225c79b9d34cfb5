"""Log of a run for pipelines: one JSON object per line, for every event of ``events``.

Every line has ``time`` (UTC, ISO 8601), ``seconds`` since the start of the run, and ``event``:

- ``start``: version, stages and libraries that determine the result, and the request;
- ``disk``: bytes that the run needs, as estimated in advance, and bytes that are free;
- ``stage``: name, done, total, the finished part of the step in progress, the place of the stage among all of the run
  (0 if it is not planned), and estimates of the seconds left in the stage and in the run, null while unknown;
- ``task``: id, and state, ``started`` or ``done``;
- ``key``: a keyframe that has been rendered, and its layer;
- ``frame``: a frame that has been made, and its layer, empty for the whole shot;
- ``message`` and ``warning``: text;
- ``end``: ``error``, null on success.

Events are appended to an existing file, so that the log of an earlier run is never lost.
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
from stylize.events import WARNING, Event, FrameFinished, KeyRendered, Message, StageProgress, TaskDone, TaskStarted
from stylize.io_errors import output_error

# Beginning of every line of a log.
_FIRST_BYTES, _MAX_LINE = b'{"time": ', 64


class EventLog:
    """Writer of the events of a run to a file, or to nothing."""

    def __init__(self, file: TextIO | None = None, path: Path | None = None) -> None:
        self._file, self._path, self._started = file, path, time.monotonic()

    def write(self, event: str, **values: Any) -> None:
        """Write one event. values: must be serialisable as JSON. Raises OutputError when the disk is full."""
        if self._file is None or self._path is None:
            return
        now = {"time": datetime.now(UTC).isoformat(), "seconds": round(time.monotonic() - self._started, 3)}
        try:
            self._file.write(json.dumps({**now, "event": event, **values}) + "\n")
            self._file.flush()
        except OSError as error:
            raise output_error(error, self._path, "--log-json") from error

    def receive(self, event: Event) -> None:
        """Write an event of the run. Raises OutputError when the disk is full."""
        match event:
            case StageProgress(done=done, total=total, seconds_left=left, part=part, place=place, places=places):
                self.write(
                    "stage", name=event.label, done=done, total=total, seconds_left=_rounded(left),
                    part=round(part, 3), place=place, places=places, run_seconds_left=_rounded(event.run_seconds_left),
                )  # fmt: skip
            case Message(is_warning=is_warning):
                self.write("warning" if is_warning else "message", text=str(event).removeprefix(WARNING))
            case TaskStarted(task):
                self.write("task", id=task, state="started")
            case TaskDone(task):
                self.write("task", id=task, state="done")
            case KeyRendered(frame=frame, layer=layer):
                self.write("key", frame=frame, layer=layer)
            case FrameFinished(frame=frame, layer=layer):
                self.write("frame", frame=frame, layer=layer)


# Log that discards its events.
NO_LOG = EventLog()


@contextmanager
def open_log(path: Path | None, **start: Any) -> Iterator[EventLog]:
    """Open a log, which discards its events without a path. start: values of its first event. Raises OutputError."""
    if path is None:
        yield NO_LOG
        return
    if not path.parent.is_dir():
        raise OutputError(f"{path}: the folder {path.parent} does not exist; create it, or choose another --log-json")
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
        # Every event is flushed, so that closing can report nothing new.
        with suppress(OSError):
            file.close()


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def _check_log(path: Path) -> bool:
    """Return whether a log ends with an incomplete line, as after a killed run. Raises OutputError if it is not a log.

    Events are appended only to an empty file or a log, so that a wrong path cannot damage a movie or a key.
    """
    with path.open("rb") as file:
        first = file.readline(_MAX_LINE)
        if first and not first.startswith(_FIRST_BYTES):
            raise OutputError(f"{path} exists and is not a log of stylize; choose another --log-json")
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 1))
        return file.read(1) not in (b"", b"\n")
