"""Files of a finished frame: the picture, its error map, the share of each pass, and the look without its matte.

A file that a person changed or added is kept, whatever its cache key would be, until it is deleted. Unreadable passes
are treated as damaged and regenerated.
"""

from collections.abc import Callable, Collection
from pathlib import Path

from propagate.arrays import Pixels
from stylize.context.context import Context, frame_name
from stylize.media.images import make_folder, write_image
from stylize.media.sequences import frame_number
from stylize.media.shot import Shot
from stylize.project import FileKeeper, Project, is_edited
from stylize.spans.pass_maps import write_error, write_share
from stylize.spans.span_job import FinishedFrame

# Folders in passes/ of the files kept for every frame in addition to its picture.
ERROR, MIX_SHARE, LOOK = PASSES = ("error", "mix", "look")


def pass_file(root: Path, shot: Shot, name: str, frame: int) -> Path:
    """Return the file of a pass of a frame. name: one of PASSES."""
    return root / "passes" / name / frame_name(shot, frame)


def frame_files(root: Path, shot: Shot, frame: int) -> tuple[Path, ...]:
    """Return the paths of a frame's finished picture and passes, in the order of PASSES, whether or not they exist."""
    return root / "out" / frame_name(shot, frame), *(pass_file(root, shot, name, frame) for name in PASSES)


def is_done(context: Context, frame: int, key: str, *, blended: bool = False) -> bool:
    """Return whether a frame exists with all its passes, made under this cache key or by a person.

    blended: whether the frame blends two passes, so that the share of each is kept. If a person changed the picture,
    its passes may have another cache key.
    """
    picture, error, share, look = frame_files(context.project.root, context.shot, frame)
    needed = [
        picture,
        error,
        *([share] if blended else []),
        *([look] if context.mattes and not context.matte_is_empty else []),
    ]
    if context.project.is_changed(picture):
        return all(path.is_file() for path in needed)
    return all(context.project.fresh(path, key) or is_edited(context.project, path) for path in needed)


def write_frame(root: Path, shot: Shot, made: FinishedFrame, key: str, keeper: FileKeeper) -> None:
    """Write a frame and its passes under a cache key, the picture last. Raises OutputError."""
    picture, error, share, look = frame_files(root, shot, made.frame)
    make_folder(error.parent)
    contents: list[tuple[Path, Pixels | None, Callable[..., None]]] = [
        (error, made.error, write_error), (share, made.share, write_share), (look, made.look, write_image),
        (picture, made.picture, write_image),
    ]  # fmt: skip
    for path, pixels, write in contents:
        # Checked just before it is replaced, because it may have been changed since the run began.
        if keeper.is_changed(path) if path == picture else is_edited(keeper, path):
            continue
        if pixels is None:
            path.unlink(missing_ok=True)
        else:
            make_folder(path.parent)
            write(path, pixels, seal=keeper.seal(key))


def remove_stale(project: Project, folder: str, frames: Collection[int]) -> None:
    """Remove pictures in a folder, and their passes, that a run wrote and that belong to none of the frames."""
    for path in project.folder(folder).glob("*.png"):
        if frame_number(path) not in frames and project.ours(path):
            project.forget(path)
            for name in PASSES:
                if project.ours(pass_path := project.folder("passes") / name / path.name):
                    project.forget(pass_path)
