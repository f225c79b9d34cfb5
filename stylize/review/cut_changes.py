"""Changes to cuts from the page: add, remove and move them."""

from typing import Any

import stylize
from stylize.errors import ReviewError
from stylize.review.shown_cuts import found_cuts, shown_cuts
from stylize.review.shown_project import Part, ShownProject
from stylize.settings import OPTIONS
from stylize.settings.references import shell_word
from stylize.visible_text import visible


def add_cut(project: ShownProject, part: Part, frame: int) -> str:
    """Make a frame the first of a new shot. Return the command line that does the same, and starts a run."""
    _check_frame(project, frame)
    return _store(project, part, {*shown_cuts(project, part), frame})


def drop_cut(project: ShownProject, part: Part, frame: int) -> str:
    """Remove the cut before a frame. Return the equivalent command line. Raises ReviewError if there is no cut."""
    _check_cut(project, part, frame)
    return _store(project, part, {*shown_cuts(project, part)} - {frame})


def move_cut(project: ShownProject, part: Part, frame: int, to: int) -> str:
    """Move the cut before a frame to another frame. Return the equivalent command line.

    Raises ReviewError if there is no cut, or if the other frame has one.
    """
    _check_cut(project, part, frame)
    _check_frame(project, to)
    cuts = {*shown_cuts(project, part)}
    if to in cuts:
        raise ReviewError(f"frame {to} already begins a shot; move the cut to another frame, or remove it")
    return _store(project, part, cuts - {frame} | {to})


def _store(project: ShownProject, part: Part, cuts: set[int]) -> str:
    """Store the smallest set of changes that turns the detected cuts into these."""
    found = set(found_cuts(project, part)) if project.settings.split else set[int]()
    changes: dict[str, Any] = {"add_cut": tuple(sorted(cuts - found)), "drop_cut": tuple(sorted(found - cuts))}
    stylize.configure(project.root, **changes)
    flags = [f"{OPTIONS[name].flags[-1]} {','.join(map(str, value))}" for name, value in changes.items() if value]
    return visible(" ".join(["stylize", shell_word(str(project.root)), *flags]))


def _check_frame(project: ShownProject, frame: int) -> None:
    if not project.has_frame(frame) or frame == project.shot.frames[0]:
        raise ReviewError(f"expected a frame after the first one, found {frame}; choose another")


def _check_cut(project: ShownProject, part: Part, frame: int) -> None:
    if frame not in shown_cuts(project, part):
        raise ReviewError(f"expected the first frame of a shot, found {frame}; reload the page")
