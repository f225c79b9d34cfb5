"""Cuts that the split missed or was set to ignore: frames of a shot that no motion connects to a key."""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import pairwise

from propagate.box import Box
from propagate.scene_break import MIN_CONSISTENT_SHARE, consistent_share, is_scene_break
from stylize.context.context import Context
from stylize.media.sequences import name_range
from stylize.planning.picking import ShotPlan, cuts
from stylize.spans.matte_roi import span_box
from stylize.stages import cache_key


def missed_cut_warnings(context: Context, shots: Sequence[ShotPlan]) -> tuple[str, ...]:
    """Return a warning for every run of frames that a cut separates from all keys of its shot.

    Uses the cached motion of the passes, so nothing is estimated twice.
    """
    return tuple(
        line for plan in shots
        for line in shot_warnings(
            plan.frames, plan.keys, _scene_breaks(context, plan), was_split=context.settings.split
        )
    )  # fmt: skip


def shot_warnings(
    frames: Sequence[int], keys: Collection[int], breaks: Collection[int], *, was_split: bool
) -> Iterator[str]:
    """Yield the warnings for one shot.

    frames: ascending. breaks: frames not connected to the previous one. was_split: the footage was split at its cuts,
    so leaving out ``--no-split`` is not advised.
    """
    advice = "" if was_split else ", or leave out --no-split"
    for run in _split_runs(frames, lambda frame: frame in breaks):
        if not set(run) & set(keys):
            yield (
                f"{name_range(run)}: no motion connects {'it' if len(run) == 1 else 'them'} to a key, as after a cut "
                f"that was not split; add a key there (--add-key {run[0]}, a painted one, or --refine 1){advice}"
            )


def _split_runs(frames: Sequence[int], starts: Callable[[int], bool]) -> Iterator[list[int]]:
    """Split frames into runs; a run starts at every frame for which ``starts`` is true."""
    run: list[int] = []
    for frame in frames:
        if run and starts(frame):
            yield run
            run = []
        run.append(frame)
    if run:
        yield run


def _scene_breaks(context: Context, plan: ShotPlan) -> list[int]:
    """Return the frames of a shot that no motion connects to the previous one, cached in the project's state."""
    frames = plan.frames
    if len(frames) < 2:
        return []
    boxes = _motion_boxes(context, plan)
    name, key = f"breaks.{frames[0]}", _cache_key(context, frames, boxes)
    breaks = context.project.recall(name, key)
    if breaks is None:
        # Soft and dark pictures resemble each other whatever their content; the detectors of the split are better
        # there.
        plates = ((frame, context.plates.colour(frame)) for frame in frames)
        is_complete = context.settings.split and not context.settings.drop_cut
        detected = set() if is_complete else set(cuts(context, plates))
        breaks = [
            after
            for before, after in pairwise(frames)
            if after in detected or _is_scene_break(context, before, after, boxes.get(after))
        ]
        context.project.remember(name, key, breaks)
        context.project.save()
    return list(breaks)


def _cache_key(context: Context, frames: Sequence[int], boxes: dict[int, Box | None]) -> str:
    motion = sorted({context.motion.within(box).cache_key(frames) for box in (None, *boxes.values())})
    bounds = [[frame, box.bounds()] for frame, box in boxes.items() if box]
    return cache_key(
        "missed_cuts",
        motion,
        context.plate_digests(frames),
        bounds,
        settings=context.settings,
        uses=context.motion.stages,
    )


def _motion_boxes(context: Context, plan: ShotPlan) -> dict[int, Box | None]:
    """Return the box in which the passes use motion, for each frame and the previous one; None for the whole frame."""
    boxes: dict[int, Box | None] = {}
    for span in plan.spans():
        box = span_box([context.extents[frame] for frame in span.frames], context.shot.size) if context.mattes else None
        boxes |= dict.fromkeys([*span.frames, *([span.right] if span.right is not None else [])], box)
    return boxes


def _is_scene_break(context: Context, before: int, after: int, box: Box | None) -> bool:
    context.reporter.check()
    step = context.motion.within(box).step(before, after)
    # Plates are read only if the motion alone does not decide, which is rare.
    if consistent_share(step) >= MIN_CONSISTENT_SHARE:
        return False
    plates = [context.plates.colour(frame) for frame in (before, after)]
    return is_scene_break(step, *(plates if box is None else [box.crop(plate) for plate in plates]))
