"""Cuts that the split has missed, or was told to leave: frames of a shot that no motion connects to a key."""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import pairwise

from propagate.box import Box
from propagate.scene_break import MIN_CONSISTENT_SHARE, VERSION, consistent_share, is_scene_break
from stylize.context.context import Work
from stylize.planning.picking import ShotPlan, cuts
from stylize.project import fingerprint
from stylize.spans.matte_roi import box_of


def unconnected(work: Work, shots: Sequence[ShotPlan]) -> tuple[str, ...]:
    """A line for every run of frames that lies beyond a cut, seen from all keys of its shot.

    The motion is what the passes have used, and kept: nothing is estimated twice.
    """
    return tuple(line for plan in shots for line in lonely(plan.frames, plan.keys, _breaks(work, plan)))


def lonely(frames: Sequence[int], keys: Collection[int], breaks: Collection[int]) -> Iterator[str]:
    """The lines for one shot. frames: ascending; breaks: the frames that nothing connects to the one before."""
    for run in _runs(frames, lambda frame: frame in breaks):
        if not set(run) & set(keys):
            yield (
                f"frames {run[0]} to {run[-1]}: nothing connects them to a key, as beyond a cut that was not split; "
                f"add a key among them (--keyframes, a painted one, or --refine 1), or leave out --no-split"
            )


def _runs(frames: Sequence[int], starts: Callable[[int], bool]) -> Iterator[list[int]]:
    run: list[int] = []
    for frame in frames:
        if run and starts(frame):
            yield run
            run = []
        run.append(frame)
    if run:
        yield run


def _breaks(work: Work, plan: ShotPlan) -> list[int]:
    frames = plan.frames
    if len(frames) < 2:
        return []
    boxes = _boxes(work, plan)
    name, mark = (
        f"breaks.{frames[0]}",
        fingerprint(
            VERSION,
            sorted({work.motion.within(box).fingerprint(frames) for box in (None, *boxes.values())}),
            work.marks(frames),
            work.settings.split,
            [[frame, box.facts()] for frame, box in boxes.items() if box],
        ),
    )
    known = work.project.recall(name, mark)
    if known is None:
        # Soft and dark pictures resemble each other whatever they show: there the detectors of the split see more.
        shown = ((frame, work.plates.colour(frame)) for frame in frames)
        cut = set() if work.settings.split else set(cuts(work, shown))
        known = [
            after
            for before, after in pairwise(frames)
            if after in cut or _broken(work, before, after, boxes.get(after))
        ]
        work.project.remember(name, mark, known)
        work.project.save()
    return list(known)


def _boxes(work: Work, plan: ShotPlan) -> dict[int, Box | None]:
    """The part of the frames whose motion the passes have used, for each frame and the one before it."""
    found: dict[int, Box | None] = {}
    for span in plan.spans():
        box = box_of([work.extents[frame] for frame in span.frames], work.shot.size) if work.mattes else None
        found |= dict.fromkeys([*span.frames, *([span.right] if span.right is not None else [])], box)
    return found


def _broken(work: Work, before: int, after: int, box: Box | None) -> bool:
    step = work.motion.within(box).step(before, after)
    # Plates are read only where the motion alone cannot tell: nearly never.
    if consistent_share(step) >= MIN_CONSISTENT_SHARE:
        return False
    plates = [work.plates.colour(frame) for frame in (before, after)]
    return is_scene_break(step, *(plates if box is None else [box.crop(plate) for plate in plates]))
