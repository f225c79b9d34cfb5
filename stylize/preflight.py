"""Checks before a run starts its work, for what would fail later."""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from stylize.context.context import Message
from stylize.context.keys import Keys
from stylize.errors import SettingsError
from stylize.keys import rendering
from stylize.media.sequences import format_frames, frame_number
from stylize.media.shot import Shot
from stylize.media.targets import parse_target
from stylize.planning.keys_csv import read_keys
from stylize.renderers import DownloadPermission, make_renderer
from stylize.settings import DEPTH_AUTO, Settings, is_matte_keyword


def check_output(settings: Settings, shot: Shot, path: Path) -> None:
    """Raise SettingsError when the result would replace the shot itself. path: of the shot."""
    if settings.output is not None:
        target = parse_target(settings.output, shot.name)
        if target.path.resolve() == path.resolve():
            raise SettingsError(f"-o {settings.output} is the shot itself; choose another place for the result")


def check_inputs(settings: Settings, shot: Shot, permission: DownloadPermission) -> None:
    """Check the tables, pictures and models that settings name; fetch missing models.

    Raises a StylizeError for what cannot be used.
    """
    if isinstance(settings.keyframes, Path):
        read_keys(settings.keyframes, shot.frames, is_partial=settings.frames is not None)
    if settings.style is not None:
        rendering.check_reference(settings.style)
    if settings.runs("render"):
        make_renderer(settings.renderer, settings, permission)


def check_style(settings: Settings, keys: Keys) -> None:
    """Raise SettingsError when frames are to be made without a style, a model or painted keys."""
    needs_style = settings.runs("render") and settings.renderer == "example" and not settings.paints
    if needs_style and settings.keys is None and not keys.painted():
        raise SettingsError("what is it to look like? Give a reference with --style PICTURE, or --keys FOLDER")


def _companions(settings: Settings) -> dict[str, list[Path]]:
    """Return the files that accompany the shot and may be movies, by the folder that they are unpacked into."""
    controls = [one.path for one in settings.control if one.path is not None]
    matte = [] if settings.matte is None or is_matte_keyword(settings.matte) else [Path(settings.matte)]
    controls += [Path(settings.depth)] if settings.depth not in (None, DEPTH_AUTO) else []
    return {"guides": [*(one.path for one in settings.guide), *controls], "mask": matte}


def all_companions(looks: Iterable[Settings]) -> dict[str, list[Path]]:
    """Return the companions of all looks."""
    found: dict[str, list[Path]] = {}
    for settings in looks:
        for folder, files in _companions(settings).items():
            found.setdefault(folder, []).extend(files)
    return found


def report_edited_frames(files: Iterable[Path], message: Message) -> None:
    """Report the unpacked frames that a person changed. files: those frames, folder by folder."""
    for folder, group in groupby(files, lambda file: file.parent):
        frames = format_frames(number for file in group if (number := frame_number(file)) is not None)
        message(f"{frames} in {folder}: changed by hand, and used as they are; delete them to have them unpacked anew")
