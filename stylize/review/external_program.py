"""Opening of keys in a painting program: that of the system, or the one given when the server was started."""

import os
import shlex
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from stylize.errors import ReviewError
from stylize.key_painting import keep_rendered
from stylize.project.layout import LOCK_FILE
from stylize.project.lock import exclusive
from stylize.review.key_change import KeyChange, check_frame
from stylize.review.key_files import key_file, painted_part
from stylize.review.shown_project import ShownProject
from stylize.visible_text import visible


@dataclass(frozen=True)
class ExternalProgram:
    """Program that opens pictures. words: its command line, to which the path of a picture is added."""

    words: tuple[str, ...]

    def open_key(self, project: ShownProject, frame: int, part: str = "") -> KeyChange:
        """Open the picture of a key. The rendered one is kept, so that it can be restored.

        Raises ReviewError for a key without a picture, or a program that cannot be started.
        """
        check_frame(project, frame)
        file = key_file(project, painted_part(project, project.part(part), frame), frame)
        if file is None:
            raise ReviewError(f"frame {frame} has no key to open; add it and run, or use a picture")
        if not project.holds(file.path):
            raise ReviewError("expected a file of the project, found a link that leaves it; replace it by a copy")
        if not file.is_painted:
            with exclusive(project.root / LOCK_FILE):
                keep_rendered(file)
        self._start(file.path)
        return KeyChange(visible(shlex.join([*self.words, str(file.path)])))

    def _start(self, path: Path) -> None:
        if shutil.which(self.words[0]) is None:
            raise ReviewError(
                f"{visible(self.words[0])}: no such program; start stylize review with --editor PROGRAM, or open "
                f"{visible(str(path))} yourself"
            )
        null = subprocess.DEVNULL
        try:
            # A session of its own, so that Ctrl-C for the server does not end the program.
            process = subprocess.Popen(
                [*self.words, str(path)], stdin=null, stdout=null, stderr=null, start_new_session=True
            )
        except OSError as error:
            raise ReviewError(f"{visible(self.words[0])} cannot be started ({error.strerror}); check it") from error
        # Waits for its end, so that no zombie process is left.
        threading.Thread(target=process.wait, name="review program", daemon=True).start()


def external_program(editor: str | None = None) -> ExternalProgram:
    """Return the program of ``--editor``, or the one by which the system opens files. Raises ReviewError."""
    if editor is None:
        return ExternalProgram(_system_words())
    try:
        words = shlex.split(editor, posix=os.name != "nt")
    except ValueError as error:
        raise ReviewError(f"--editor: expected a command, found unbalanced quotes in {editor!r}") from error
    if not words:
        raise ReviewError("--editor: expected a command, found nothing; give the name of a program")
    return ExternalProgram(tuple(words))


def _system_words() -> tuple[str, ...]:
    if sys.platform == "darwin":
        return ("open",)
    return ("explorer",) if os.name == "nt" else ("xdg-open",)
