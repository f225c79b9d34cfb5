"""Files of a finished frame: the picture, its errors, the share of each pass, and the look before a matte cuts it."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from propagate.arrays import Pixels
from stylize.context.context import Context, frame_name
from stylize.media.images import make_folder, write_image
from stylize.media.sequences import frame_number
from stylize.media.shot import Shot
from stylize.project import Project
from stylize.spans.pass_maps import write_error, write_share
from stylize.spans.span_job import FinishedFrame

# Folders in passes/ of the files kept for every frame besides its picture.
ERROR, MIX_SHARE, LOOK = PASSES = ("error", "mix", "look")


def pass_file(root: Path, shot: Shot, name: str, frame: int) -> Path:
    """Return the file of a pass of a frame. name: one of PASSES."""
    return root / "passes" / name / frame_name(shot, frame)


def frame_files(root: Path, shot: Shot, frame: int) -> tuple[Path, ...]:
    """Return the finished picture of a frame and its passes, in the order of PASSES, whether they exist or not."""
    return root / "out" / frame_name(shot, frame), *(pass_file(root, shot, name, frame) for name in PASSES)


def is_done(context: Context, frame: int, key: str, *, blended: bool = False) -> bool:
    """Return whether a frame exists with all its passes, made under this cache key.

    blended: whether it blends two passes, so that the share of each is kept.
    """
    picture, error, share, look = frame_files(context.project.root, context.shot, frame)
    needed = [
        picture,
        error,
        *([share] if blended else []),
        *([look] if context.mattes and not context.matte_is_empty else []),
    ]
    return all(context.project.fresh(path, key) for path in needed)


def record_frame(context: Context, frame: int, key: str) -> None:
    """Record the files of a frame under a cache key."""
    for path in frame_files(context.project.root, context.shot, frame):
        if path.is_file():
            context.project.record(path, key)


def write_frame(root: Path, shot: Shot, made: FinishedFrame) -> None:
    """Write a frame and its passes, the picture last. Raises OutputError."""
    picture, error, share, look = frame_files(root, shot, made.frame)
    make_folder(error.parent)
    write_error(error, made.error)
    _write_or_remove(share, made.share, write_share)
    _write_or_remove(look, made.look, write_image)
    write_image(picture, made.picture)


def remove_stale(project: Project, folder: str, frames: Collection[int]) -> None:
    """Remove our pictures in a folder, and their passes, that belong to none of the frames."""
    for path in project.folder(folder).glob("*.png"):
        if frame_number(path) not in frames and project.ours(path):
            project.forget(path)
            for name in PASSES:
                project.forget(project.folder("passes") / name / path.name)


def _write_or_remove(path: Path, pixels: Pixels | None, write: Callable[[Path, Any], None]) -> None:
    """Write a pass, or remove a stale one if the frame has none."""
    if pixels is None:
        path.unlink(missing_ok=True)
        return
    make_folder(path.parent)
    write(path, pixels)
