"""Checks of inputs, outputs and disk space before any work, for errors that would otherwise occur later in a run."""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from stylize.context.keys import Keys
from stylize.delivery import deliver
from stylize.errors import SettingsError
from stylize.extensions.discovery import renderer
from stylize.keys import rendering
from stylize.media.name_length import check_input_name, check_result_name
from stylize.media.sequences import READ_SUFFIXES, format_frames, frame_number
from stylize.media.shot import Shot
from stylize.media.targets import check_encoding, parse_target, target_of
from stylize.planning.keys_csv import read_keys
from stylize.project import Project
from stylize.project.protect import check_overwrite, refuse_inputs, refuse_unwritable
from stylize.real_path import real_path
from stylize.renderers import DownloadPermission, make_renderer
from stylize.reporter import OnMessage
from stylize.settings import DEPTH_AUTO, Look, Settings, is_matte_keyword
from stylize.settings.input_files import Inputs

# File size per byte of pixels, for filmed and painted pictures: PNG, its error map in 16-bit grey, and flow, one pair
# for every two frames. In real shots these are 0.45 to 0.7, 0.1 to 0.2, and 0.1 to 0.2.
PNG, ERROR, FLOW = 0.7, 0.2, 0.2
# Bytes of the stored drawings of a pass per byte of 8-bit pixels; they are removed when their span is done.
STORED = 2.7
# Frames of a span whose drawings are stored on disk at one time, per process.
SPAN = 60


def check_output(settings: Settings, shot: Shot, path: Path) -> None:
    """Raise SettingsError when the result would replace the shot itself. path: path of the shot."""
    if settings.output is not None:
        target = parse_target(settings.output, shot.name, padding=shot.padding)
        if real_path(target.path) == real_path(path):
            raise SettingsError(f"-o {settings.output} is the shot itself; choose another path for the result")


def check_names(shot: Shot, looks: Iterable[Look], root: Path) -> None:
    """Raise ShotError if the shot, or a movie that accompanies it, has a name that is too long for those of its frames.

    root: folder of the project, which need not exist.
    """
    movies = {
        path
        for files in all_companions(look.settings for look in looks).values()
        for path in files
        if path.suffix.lower() not in READ_SUFFIXES and path.suffix
    }
    for path, name in [(shot.path, shot.name), *((path, path.stem) for path in sorted(movies))]:
        check_input_name(path, name, root)


def check_target(settings: Settings, shot: Shot, project: Project, inputs: Inputs, label: str = "") -> None:
    """Raise SettingsError or OutputError if the result cannot be written as requested.

    inputs: files other than the shot that the run reads, which results must not replace. label: see ``target_of``.
    """
    target = target_of(settings.output, shot.name, project.folder("export"), label, padding=shot.padding)
    check_encoding(deliver.encoding_of(settings), target, shot.size)
    if settings.runs("export"):
        check_result_name(target, shot.frames[-1])
        files = target.files(shot.frames)
        refuse_inputs(files, inputs, shot, project)
        refuse_unwritable(files)
        if not settings.overwrite:
            check_overwrite(files, project)


def check_inputs(settings: Settings, shot: Shot, permission: DownloadPermission) -> None:
    """Check the tables, pictures and models that settings name; download missing models.

    Raises a StylizeError for an unusable one.
    """
    if isinstance(settings.keyframes, Path):
        read_keys(settings.keyframes, shot.frames, is_partial=settings.frames is not None)
    for path in settings.references:
        rendering.check_reference(path)
    if settings.runs("render"):
        make_renderer(settings.renderer, settings, permission)


def check_style(settings: Settings, keys: Keys) -> None:
    """Raise SettingsError when frames would be made without a style, a model or painted keys."""
    needs_style = settings.runs("render") and renderer(settings.renderer).needs_reference
    if needs_style and settings.style is None and settings.keys is None and not keys.painted():
        raise SettingsError(
            "no look is given; give a reference with --style PICTURE, or painted keys with --keys FOLDER"
        )


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


def report_edited_frames(files: Iterable[Path], message: OnMessage) -> None:
    """Report the unpacked frames that were changed by hand. files: those frames, folder by folder."""
    for folder, group in groupby(files, lambda file: file.parent):
        frames = format_frames(number for file in group if (number := frame_number(file)) is not None)
        message(f"{frames} in {folder}: changed by hand and used unchanged; delete them to unpack them again")


@dataclass(frozen=True)
class DiskEstimate:
    """Bytes that a run writes into its project, and bytes that are free there."""

    needed: int
    free: int

    @property
    def fits(self) -> bool:
        """Return whether there is room."""
        return self.needed <= self.free

    def __str__(self) -> str:
        return f"about {_spelled(self.needed)} of disk space, {_spelled(self.free)} are free"


def check_disk(
    shot: Shot, settings: Settings, looks: Sequence[Look], project: Project, message: OnMessage
) -> DiskEstimate:
    """Estimate the disk space that the run needs, and warn if there is too little."""
    estimate = estimate_disk(shot, settings, looks, project.root)
    if not estimate.fits:
        message(f"warning: this run needs {estimate} in {project.root}; free some space, or choose another --project")
    return estimate


def estimate_disk(shot: Shot, settings: Settings, looks: Sequence[Look], project: Path) -> DiskEstimate:
    """Estimate the bytes that a run writes: plates of a movie or a draft, motion, frames, passes, and the result.

    project: the folder, which need not exist yet.
    """
    width, height = shot.size
    pixels = width * height
    picture = pixels * (4 if shot.alpha else 3) * (shot.depth // 8) * PNG
    frames, layers = len(shot.frames), len(looks)
    writes_plates = not shot.in_place or settings.draft or settings.scale is not None
    needed = frames * picture if writes_plates else 0.0
    if settings.runs("propagate"):
        per_frame = picture + pixels * 2 * ERROR + (picture if any(look.settings.matte for look in looks) else 0)
        needed += frames * layers * per_frame + (frames * per_frame if layers > 1 else 0)
        needed += frames * pixels * 8 * FLOW
        needed += min(frames, SPAN) * settings.jobs * pixels * 3 * STORED
    if settings.runs("export"):
        needed += frames * picture
    return DiskEstimate(round(needed), shutil.disk_usage(_existing(project)).free)


def _existing(folder: Path) -> Path:
    """Return a folder, or its nearest existing parent."""
    folder = folder.absolute()
    return next(one for one in (folder, *folder.parents) if one.exists())


def _spelled(count: int) -> str:
    """Format a number of bytes for display: 12 MB, 3.4 GB."""
    if count >= 10**9:
        return f"{count / 10**9:.1f} GB"
    return f"{max(1, round(count / 10**6))} MB"
