"""The delivery stage: write finished frames to the requested target, and a contact sheet of the whole shot."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stylize.delivery.contact_sheet import Column, choose_columns, contact_sheet
from stylize.delivery.movie import write_movie
from stylize.delivery.sequence import write_sequence
from stylize.errors import OutputError
from stylize.media.colour import BT709
from stylize.media.images import image_size
from stylize.media.shot import Shot
from stylize.media.targets import Encoding, Target
from stylize.project import Project
from stylize.project.protect import check_overwrite
from stylize.settings import Settings
from stylize.settings.input_files import Inputs
from stylize.stages import cache_key


@dataclass(frozen=True)
class Delivery:
    """A result to deliver. plates, finished: the files of every frame of the shot, by number.

    inputs: its other inputs. overwrite: whether files of others may be replaced. on_frame: called with each frame that
    is written. encoding: of the result. workers: number of threads that write pictures.
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


def encoding_of(settings: Settings) -> Encoding:
    """Return the encoding of a result that the options request."""
    return Encoding(settings.codec, settings.bits, settings.working_space, settings.fps)


def check_complete(shot: Shot, finished: Mapping[int, Path]) -> None:
    """Raise OutputError unless every frame of the shot exists with the shot's size."""
    missing = [frame for frame in shot.frames if frame not in finished or not finished[frame].is_file()]
    if missing:
        raise OutputError(f"{len(missing)} frames are missing in out/, the first is {missing[0]}; run all stages")
    for frame in shot.frames:
        if image_size(finished[frame]) != shot.size:
            raise OutputError(f"{finished[frame]} has not the size of the shot; remove it and run again")


def deliver(delivery: Delivery, target: Target) -> tuple[str, ...]:
    """Write the frames to ``target``, unless they are up to date; return messages about what was lost."""
    files = target.files(delivery.shot.frames)
    key = _cache_key(delivery, target)
    name = f"delivered {files[0].resolve()}"
    notes = delivery.project.recall(name, key)
    if notes is None or not all(delivery.project.fresh(path.resolve(), key) for path in files):
        if not delivery.overwrite:
            check_overwrite(files, delivery.project)
        delivery.project.claim(path.resolve() for path in files)
        notes = _write(delivery, target)
        for path in files:
            delivery.project.record(path.resolve(), key)
        delivery.project.claim([])
        delivery.project.remember(name, key, list(notes))
    return tuple(notes)


def deliver_contact_sheet(
    delivery: Delivery, keys: Mapping[str, Mapping[int, Path]], frames: Sequence[int], target: Path
) -> None:
    """Write the contact sheet.

    keys: file of every key, by the name of their row, one for each layer. frames: the keyframes, for which columns are
    reserved.
    """
    columns: list[Column] = [
        (n, [delivery.plates[n], *(files.get(n) for files in keys.values()), delivery.finished[n]])
        for n in choose_columns(delivery.shot.frames, frames)
    ]
    rows = ["plate", *keys, "result"]
    cells = [[n, *(path and delivery.project.digest(path) for path in paths)] for n, paths in columns]
    key = cache_key("contact_sheet", rows, cells)
    if not delivery.project.fresh(target, key):
        contact_sheet(columns, target, rows)
        delivery.project.record(target, key)


def _cache_key(delivery: Delivery, target: Target) -> str:
    shot = delivery.shot
    source = delivery.project.digest(shot.path) if shot.kind == "movie" and target.pattern is None else ""
    time = [str(shot.rate), shot.times, str(shot.time_base), shot.timecode, str(shot.start), str(shot.pixel_aspect)]
    time += [] if shot.colour == BT709 else [repr(shot.colour)]
    pictures = [delivery.project.digest(delivery.finished[frame]) for frame in shot.frames]
    encoding = [delivery.encoding.codec, delivery.encoding.bits, delivery.encoding.space, str(delivery.encoding.fps)]
    return cache_key("delivery", target.kind, str(target.pattern), source, time, shot.frames, pictures, encoding)


def _write(delivery: Delivery, target: Target) -> tuple[str, ...]:
    options: dict[str, Any] = {
        "protected": [*delivery.plates.values(), *delivery.inputs.files],
        "overwrite": delivery.overwrite,
        "ours": lambda path: delivery.project.may_replace(path.resolve()),
        "on_frame": delivery.on_frame,
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
        frames, target.pattern, shot=delivery.shot, encoding=delivery.encoding, workers=delivery.workers, **options
    )
