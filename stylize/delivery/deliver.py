"""The delivery stage, which writes finished frames to the requested target, and a contact sheet of the shot."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stylize.delivery.contact_sheet import Contents, contact_sheet
from stylize.delivery.movie import write_movie
from stylize.delivery.sequence import KeptPlates, write_sequence
from stylize.errors import OutputError
from stylize.media.colour import BT709
from stylize.media.images import image_size
from stylize.media.safe_write import Seal, location
from stylize.media.sequences import name_frames
from stylize.media.shot import Shot
from stylize.media.targets import Encoding, Target
from stylize.project import Project, is_edited
from stylize.project.protect import check_overwrite
from stylize.settings import Settings
from stylize.settings.input_files import Inputs
from stylize.sheets import write_sheet
from stylize.sheets.cache_inputs import sheet_inputs
from stylize.stages import cache_key


@dataclass(frozen=True)
class Delivery:
    """A result to deliver.

    plates, finished: file of each frame, by frame number. inputs: other input files of the run, which are protected
    from being overwritten. overwrite: allow replacing files that stylize did not write. on_frame: called with the
    number of each frame written. workers: number of threads that write pictures. kept: plates whose values some formats
    keep, None for other shots.
    """

    shot: Shot
    project: Project
    plates: Mapping[int, Path]
    finished: Mapping[int, Path]
    inputs: Inputs
    overwrite: bool
    on_frame: Callable[[int], None]
    encoding: Encoding = Encoding()
    workers: int = 1
    kept: KeptPlates | None = None


def encoding_of(settings: Settings) -> Encoding:
    """Return the encoding that the options request."""
    return Encoding(settings.codec, settings.bits, settings.working_space, settings.fps)


def check_complete(shot: Shot, finished: Mapping[int, Path]) -> None:
    """Raise OutputError unless each frame of the shot exists and has the shot's size."""
    missing = [frame for frame in shot.frames if frame not in finished or not finished[frame].is_file()]
    if missing:
        raise OutputError(f"{name_frames(missing)}: missing from out/; run all stages")
    for frame in shot.frames:
        if image_size(finished[frame]) != shot.size:
            raise OutputError(f"{finished[frame]} differs in size from the shot; remove it and run again")


def deliver(delivery: Delivery, target: Target) -> tuple[str, ...]:
    """Write the frames to ``target``, unless they are up to date. Return messages about losses."""
    files = target.files(delivery.shot.frames)
    key = _cache_key(delivery, target)
    name = f"delivered {location(files[0])}"
    notes = delivery.project.recall(name, key)
    if notes is None or not all(delivery.project.fresh(location(path), key) for path in files):
        if not delivery.overwrite:
            check_overwrite(files, delivery.project)
        notes = (*_write(delivery, target, delivery.project.seal(key)), *_range_notes(delivery, target))
        delivery.project.remember(name, key, list(notes))
    return tuple(notes)


def deliver_contact_sheet(delivery: Delivery, contents: Contents, target: Path) -> None:
    """Write the contact sheet, unless it is up to date or was changed by hand."""
    sheet = contact_sheet(contents)
    key = cache_key("contact_sheet", sheet_inputs(sheet, delivery.project.digest))
    if not delivery.overwrite and is_edited(delivery.project, target):
        delivery.project.message(f"{target} was changed by hand and is kept; delete it to regenerate it")
    elif not delivery.project.fresh(target, key):
        write_sheet(sheet, target, delivery.project.seal(key))


def _cache_key(delivery: Delivery, target: Target) -> str:
    shot = delivery.shot
    source = delivery.project.digest(shot.path) if shot.kind == "movie" and target.pattern is None else ""
    time = [str(shot.rate), shot.times, str(shot.time_base), shot.timecode, str(shot.start), str(shot.pixel_aspect)]
    time += [] if shot.colour == BT709 else [repr(shot.colour)]
    time += ["assumed"] if shot.assumed_rate else []
    pictures = [delivery.project.digest(delivery.finished[frame]) for frame in shot.frames]
    encoding = [delivery.encoding.codec, delivery.encoding.bits, delivery.encoding.space, str(delivery.encoding.fps)]
    kept = delivery.kept.cache_inputs(delivery.project.digest) if delivery.kept and _keeps(delivery, target) else []
    return cache_key("delivery", target.kind, str(target.pattern), source, time, shot.frames, pictures, encoding, *kept)


def _keeps(delivery: Delivery, target: Target) -> bool:
    """Return whether results in the format of a target keep the plates' values."""
    suffix = "" if target.pattern is None else target.pattern.path(0).suffix.lower()
    return delivery.kept is not None and {".tiff": ".tif"}.get(suffix, suffix) in delivery.kept.suffixes


def _range_notes(delivery: Delivery, target: Target) -> tuple[str, ...]:
    """Return messages about light and colour that a format cannot hold."""
    if delivery.kept is None or _keeps(delivery, target):
        return ()
    if delivery.shot.view is not None:
        return ("the result shows the view of linear light, 0 to 1: -o name.####.exr keeps the range of the plates",)
    if delivery.shot.associated:
        return (
            "premultiplied plates were converted to straight alpha: only TIFF and EXR keep colour where alpha is 0",
        )
    return ()


def _write(delivery: Delivery, target: Target, seal: Seal) -> tuple[str, ...]:
    options: dict[str, Any] = {
        "protected": [*delivery.plates.values(), *delivery.inputs.files],
        "overwrite": delivery.overwrite,
        "ours": lambda path: delivery.project.ours(location(path)),
        "on_frame": delivery.on_frame,
        "seal": lambda path, partial: seal(location(path), partial),
    }
    if target.pattern is None:
        return write_movie(
            delivery.shot,
            delivery.finished,
            target.path,
            codec=delivery.encoding.codec,
            fps=delivery.encoding.fps,
            **options,
        )
    frames = delivery.finished.items()
    return write_sequence(
        frames, target.pattern, shot=delivery.shot, encoding=delivery.encoding, workers=delivery.workers,
        kept=delivery.kept, **options,
    )  # fmt: skip
