"""The folder of a comparison of looks: its sheet, and its table of commands as text and as JSON."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stylize.errors import OutputError
from stylize.look_comparison.painted_look import PaintedLook
from stylize.media.safe_write import Seal, atomic_write, make_folder
from stylize.project import keeps_files, project_of
from stylize.project.layout import LOCK_FILE
from stylize.project.links import refuse_links_below
from stylize.project.lock import exclusive
from stylize.project.protect import refuse_folders, refuse_sources
from stylize.project.records import Recorder

SUFFIX = ".looks"
SHEET, TEXT, DATA = "looks.png", "looks.txt", "looks.json"
JSON_VERSION = 1


def default_folder(shot: Path) -> Path:
    """Return the folder of a comparison, which is next to its shot. Raises ShotError for a path that contains NUL."""
    return project_of(shot, None).with_suffix(SUFFIX)


@dataclass(frozen=True)
class ComparisonFolder:
    """Folder of a comparison. root: absolute. overwrite: replace files that were changed by hand."""

    root: Path
    overwrite: bool

    def check(self, shot: Path, inputs: Sequence[Path]) -> None:
        """Raise OutputError if files would be written among those of a shot, of a project, or over an input."""
        targets = [self.root / name for name in (SHEET, TEXT, DATA)]
        refuse_sources(targets, None, [shot, *inputs])
        if shot.is_dir():
            refuse_folders(targets, [shot], "it is the folder of the shot")
        owner = next((one for one in (self.root, *self.root.parents) if keeps_files(one)), None)
        if owner is not None:
            raise OutputError(f"{owner} is a project, which keeps its own files there; choose another folder with -o")
        if self.root.exists() and not self.root.is_dir():
            raise OutputError(f"{self.root} is a file, expected a folder; choose another with -o")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Create the folder, and exclude other comparisons in it until the end.

        Raises ProjectError if one is active or the folder contains a link to elsewhere, OutputError if a file of the
        comparison was changed by hand.
        """
        make_folder(self.root)
        refuse_links_below(self.root)
        with exclusive(self.root / LOCK_FILE):
            recorder = self._recorder()
            changed = [name for name in (SHEET, TEXT, DATA) if recorder.is_changed(self.root / name)]
            if changed and not self.overwrite:
                raise OutputError(
                    f"{self.root / changed[0]} was changed by hand, or is not of a comparison; move it away to keep "
                    "it, choose another folder with -o, or replace it with --overwrite"
                )
            yield

    def write(
        self, draw: Callable[[Path, Seal], None], looks: Sequence[PaintedLook], shot: Path
    ) -> tuple[Path, Path, Path]:
        """Write the sheet, the text and the JSON, each atomically, and return their paths. draw: writes the sheet."""
        sheet, text, data = (self.root / name for name in (SHEET, TEXT, DATA))
        seal = self._recorder().seal("")
        draw(sheet, seal)
        content = json.dumps(_data(looks, shot), indent=1) + "\n"
        for path, written in ((text, _text(looks, shot)), (data, content)):
            with atomic_write(path, seal=seal) as partial:
                partial.write_text(written, encoding="utf-8", newline="")
        return sheet, text, data

    def _recorder(self) -> Recorder:
        return Recorder(self.root, "looks")


def _text(looks: Sequence[PaintedLook], shot: Path) -> str:
    """Return the commands as text that a POSIX shell accepts as a script, with a comment for each look."""
    lines = [
        f"# Looks of {shot.name!r}, as numbered in {SHEET}. The first command of each paints its picture again, the",
        "# second, a comment, stylises the whole shot with the look.",
    ]
    for look in looks:
        lines += ["", f"# {look.number}: {describe(look)}", look.command, f"# {_comment(look.shot_command)}"]
    return "\n".join(lines) + "\n"


def _comment(command: str) -> str:
    """Return a command as one line of a comment."""
    return command.replace("\n", "\n# ")


def describe(look: PaintedLook) -> str:
    """Return a look in words: its preset, its references, its seed and its frame."""
    preset = [f"preset {look.preset.name!r}"] if look.preset else []
    styles = [repr(path.name) for path in look.style]
    return ", ".join([*preset, *styles, f"seed {look.seed}", f"frame {look.frame}"])


def _data(looks: Sequence[PaintedLook], shot: Path) -> dict[str, Any]:
    return {
        "version": JSON_VERSION,
        "shot": str(shot),
        "looks": [
            {
                "number": look.number, "frame": look.frame, "style": list(map(str, look.style)),
                "preset": None if look.preset is None else str(look.preset), "seed": look.seed,
                "picture": str(look.picture), "command": look.command, "command for the shot": look.shot_command,
            }
            for look in looks
        ],
    }  # fmt: skip
