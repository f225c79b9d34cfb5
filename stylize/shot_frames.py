"""Check that the shot of a project has a frame."""

from collections.abc import Sequence
from pathlib import Path

from stylize.errors import FrameRangeError
from stylize.ingest.open_footage import open_footage
from stylize.media.sequences import format_frames
from stylize.project import trusted_settings
from stylize.settings.ebsynth_folder import open_ebsynth_folder


def check_frame(root: Path, frame: int, *, trust: bool = False, allow: Sequence[str] = ()) -> None:
    """Raise FrameRangeError if the shot of a project does not have a frame, and the errors of opening both."""
    path, stored = trusted_settings(root, {"trust": trust, "allow": allow}, lambda text: None)
    footage, settings = open_ebsynth_folder(path, stored)
    shot = open_footage(footage, settings, frames=settings.frames, rate=settings.rate)
    if frame not in set(shot.frames):
        raise FrameRangeError(
            f"expected one of the frames {format_frames(shot.frames)} of the shot, found {frame}; choose one of them"
        )
