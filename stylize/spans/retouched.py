"""Frames and passes that were changed by hand: used unchanged, reported once per run, and checked."""

from collections.abc import Mapping
from pathlib import Path

from stylize.context.context import Context
from stylize.errors import InputError
from stylize.media.images import ImageInfo, image_info, image_size
from stylize.media.sequences import name_frames
from stylize.project import check_edited, is_edited
from stylize.spans.frame_files import PASSES, pass_file


def report_retouched(context: Context) -> None:
    """Report the frames and passes of a look that were changed by hand. Raises InputError for an unsuitable one."""
    check_retouched(context)
    for folder, files in (("out", _changed_pictures(context)), *_changed_passes(context).items()):
        if files:
            verb = "was changed by hand and is kept" if len(files) == 1 else "were changed by hand and are kept"
            context.message(f"{folder}/: {name_frames(files)} {verb}; delete a file to regenerate it")


def check_retouched(context: Context) -> None:
    """Raise InputError for a frame or pass that was changed by hand and cannot replace the original."""
    expected = None
    for path in _changed_pictures(context).values():
        expected = expected or _form(context)
        check_edited(path, expected)
    for files in _changed_passes(context).values():
        for path in files.values():
            if image_size(path) != context.shot.size:
                width, height = context.shot.size
                raise InputError(
                    f"{path} was changed by hand and is not {width}x{height} like the shot; save it at that size, or "
                    "delete it to regenerate it"
                )


def _changed_pictures(context: Context) -> dict[int, Path]:
    files = {frame: context.file("out", frame) for frame in context.shot.frames}
    return {frame: path for frame, path in files.items() if context.project.is_changed(path)}


def _changed_passes(context: Context) -> Mapping[str, dict[int, Path]]:
    """Return the passes that were changed by hand, by folder and frame."""
    found = {}
    for name in PASSES:
        files = {frame: pass_file(context.project.root, context.shot, name, frame) for frame in context.shot.frames}
        found[f"passes/{name}"] = {n: path for n, path in files.items() if is_edited(context.project, path)}
    return found


def _form(context: Context) -> ImageInfo:
    """Return the format of the frames that runs wrote, or of the plates if there are none."""
    for frame in context.shot.frames:
        path = context.file("out", frame)
        if context.project.ours(path):
            return image_info(path)
    return ImageInfo(context.shot.size, 16 if context.shot.depth == 16 else 8, context.shot.alpha)
