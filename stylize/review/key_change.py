"""Change of a key from the page, and the command line that does the same."""

from dataclasses import dataclass

from stylize.errors import ReviewError
from stylize.review.shown_project import ShownProject


@dataclass(frozen=True)
class KeyChange:
    """Change that was made. command: equivalent command lines; those with options also start a run."""

    command: str


def check_frame(project: ShownProject, frame: int) -> None:
    """Raise ReviewError for a frame that the shot does not have."""
    if not project.has_frame(frame):
        raise ReviewError(f"expected a frame of the shot, found {frame}; reload the page")
