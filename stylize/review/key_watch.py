"""Watch of the keys of the displayed projects, so that pages show a picture as soon as another program saves it."""

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stylize.media.safe_write import is_partial
from stylize.planning.key_choices import TABLE
from stylize.review.roots import project_id
from stylize.review.shown_project import Part, ShownProject

# Seconds between two checks. A changed file is reported once it has stayed the same for that long.
_INTERVAL = 0.3

# Status of the files of a folder: time of the last change and size, by name.
_Listing = Mapping[str, tuple[int, int]]


@dataclass
class _Watched:
    """Watched part. reported: its files when they were last reported. seen: its files at the last check."""

    project: str
    reported: _Listing
    seen: _Listing


@dataclass
class KeyWatch:
    """Watch of folders of keys, in a thread. send: receives an event when keys have changed.

    is_needed: returns False while no page is open; nothing is read then.
    """

    send: Callable[[Mapping[str, Any]], None]
    is_needed: Callable[[], bool]
    _folders: dict[Path, _Watched] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _end: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def add(self, project: ShownProject, part: Part) -> None:
        """Watch the keys of a part."""
        with self._lock:
            if part.root not in self._folders:
                now = _listing(part.root)
                self._folders[part.root] = _Watched(project_id(project.root), now, now)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="review keys", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the watch, and wait for it."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()

    def look(self) -> None:
        """Check all folders once, and report those that have changed and are complete."""
        with self._lock:
            folders = list(self._folders.items())
        for root, watched in folders:
            now = _listing(root)
            if now == watched.seen and now != watched.reported:
                watched.reported = now
                self.send({"type": "keys", "project": watched.project})
            watched.seen = now

    def _watch(self) -> None:
        while not self._end.wait(_INTERVAL):
            if self.is_needed():
                self.look()


def _listing(root: Path) -> _Listing:
    """Return the keys of a part and its table, without temporary files."""
    found = {}
    for folder, names in ((root / "keys", None), (root, (TABLE,))):
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if not (is_partial(entry.name) or (names and entry.name not in names)) and entry.is_file():
                        status = entry.stat()
                        found[f"{folder.name}/{entry.name}"] = (status.st_mtime_ns, status.st_size)
        except OSError:
            continue  # the folder, or a file in it, is being replaced
    return found
