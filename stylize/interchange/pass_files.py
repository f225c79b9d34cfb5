"""The passes of a project: what is known of every frame, where it goes, and which files are still as they should be."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from propagate.arrays import Floats
from stylize.context.context import Work
from stylize.delivery.sequence import stamps_of
from stylize.errors import OutputError
from stylize.interchange.depth import Depth, open_depth
from stylize.interchange.passes import DEPTH, NO_KEY, SEQUENCES, Told, parts_of, sequences_of, write_parts
from stylize.media.images import Stamp, read_values
from stylize.media.safe_write import make_folder
from stylize.media.sequences import Pattern
from stylize.planning.picking import ShotPlan
from stylize.settings import Settings
from stylize.spans.frame_files import ERROR, MIX_SHARE, pass_file
from stylize.stages import cache_key

_FOLDER, _PADDING = "passes", 4


def patterns_of(settings: Settings, folder: Path, name: str) -> dict[str, Pattern]:
    """Where passes go, by their names: one sequence for all of them, or one for each.

    folder, name: of the shot's files. Empty where none are asked for.
    """
    if "passes" not in settings.export:
        return {}
    inner = folder / f"{name}_{_FOLDER}"
    if settings.passes_as == "multipart":
        return {_FOLDER: Pattern(inner, f"{name}_{_FOLDER}.", _PADDING, ".exr")}
    kinds = (*SEQUENCES, *([DEPTH] if settings.depth else []))
    return {kind: Pattern(inner / kind, f"{name}_{kind}.", _PADDING, ".exr") for kind in kinds}


def files_of(patterns: Iterable[Pattern], frames: Sequence[int]) -> list[Path]:
    """All files of some sequences."""
    return [pattern.path(frame) for pattern in patterns for frame in frames]


def write_passes(work: Work, shots: Sequence[ShotPlan], patterns: dict[str, Pattern]) -> None:
    """Writes the passes of every frame whose files are not there or are made from something else."""
    depth = open_depth(work.settings, work.plates, work.home)
    stamps = stamps_of(work.shot, work.settings.fps)
    for pattern in patterns.values():
        make_folder(pattern.folder)
    for plan in shots:
        beside = {frame: (span.left, span.right) for span in plan.spans() for frame in span.frames}
        for place, frame in enumerate(plan.frames):
            # Not beside a key: a key itself, or a plate that is given back, of a shot without keys.
            itself = (frame, frame) if plan.keys else (None, None)
            keys = beside.get(frame, itself)
            key = _cache_key(work, plan, place, keys, depth, stamps[frame])
            if not all(work.home.fresh(path, key) for path in files_of(patterns.values(), [frame])):
                _write(_told(work, plan, place, keys, depth), patterns, stamps[frame])
                for path in files_of(patterns.values(), [frame]):
                    work.home.record(path, key)


def _write(told: Told, patterns: dict[str, Pattern], stamp: Stamp) -> None:
    if _FOLDER in patterns:
        write_parts(patterns[_FOLDER].path(stamp.number), parts_of(told), stamp)
        return
    parts = sequences_of(told)
    for name, pattern in patterns.items():
        write_parts(pattern.path(stamp.number), {name: parts[name]}, stamp)


def _cache_key(
    work: Work, plan: ShotPlan, place: int, keys: tuple[int | None, int | None], depth: Depth | None, stamp: Stamp
) -> str:
    """All that the passes of a frame are made from."""
    near, frame = plan.frames[max(0, place - 1) : place + 2], plan.frames[place]
    kept = [pass_file(work.project.root, work.shot, name, frame) for name in (ERROR, MIX_SHARE)]
    digests = [work.project.digest(path) for path in kept if path.is_file()]
    return cache_key(
        "passes", near, keys, digests, work.plate_digests(near), work.motion.cache_key(near),
        work.matte_inputs([frame]), depth.cache_inputs(frame) if depth else "", repr(stamp), uses=work.motion.stages,
    )  # fmt: skip


def _told(
    work: Work, plan: ShotPlan, place: int, keys: tuple[int | None, int | None], depth: Depth | None
) -> Told:  # fmt: skip
    frame = plan.frames[place]
    width, height = work.shot.size
    after = plan.frames[place + 1] if place + 1 < len(plan.frames) else None
    before = plan.frames[place - 1] if place else None
    # A step is on the grid of the frame it is asked for second, and leads to the first.
    onward = work.motion.step(after, frame) if after is not None else None
    back = work.motion.step(before, frame) if before is not None else None
    there = [key for key in keys if key is not None]
    whole = np.full((height, width), 1 if there and keys[0] is None else 0, np.float32)
    return Told(
        matte=work.mattes.read(frame) if work.mattes else np.ones((height, width), np.float32),
        error=_kept(work, ERROR, frame),
        mix=_kept(work, MIX_SHARE, frame) if len(set(there)) > 1 else whole,
        keys=(there[0], there[-1]) if there else (NO_KEY, NO_KEY),
        forward=None if onward is None else onward.flow,
        backward=None if back is None else back.flow,
        seen_next=None if onward is None else onward.consistent,
        seen_before=None if back is None else back.consistent,
        depth=None if depth is None else depth.read(frame),
    )


def _kept(work: Work, name: str, frame: int) -> Floats:
    path = pass_file(work.project.root, work.shot, name, frame)
    if not path.is_file():
        raise OutputError(f"{path} is missing, expected what the stage propagate leaves; run all stages")
    return np.ascontiguousarray(read_values(path)[..., 0])
