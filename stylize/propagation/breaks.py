"""Cuts that the split has missed, or was told to leave: frames of a shot that no motion connects to a key."""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import pairwise

from propagate.breaks import CONNECTED, VERSION, broken, connected
from stylize.opening import Work
from stylize.planning.picking import ShotPlan, cuts
from stylize.project import fingerprint


def unconnected(work: Work, shots: Sequence[ShotPlan]) -> tuple[str, ...]:
    """A line for every run of frames that lies beyond a cut, seen from all keys of its shot.

    The motion is what the passes have used, and kept: nothing is estimated twice.
    """
    return tuple(line for plan in shots for line in lonely(plan.frames, plan.keys, _breaks(work, plan.frames)))


def lonely(frames: Sequence[int], keys: Collection[int], breaks: Collection[int]) -> Iterator[str]:
    """The lines for one shot. frames: ascending; breaks: the frames that nothing connects to the one before."""
    for run in _runs(frames, lambda frame: frame in breaks):
        if not set(run) & set(keys):
            yield (
                f"frames {run[0]} to {run[-1]}: nothing connects them to a key, as beyond a cut that was not split; "
                f"add a key among them (--keyframes, or a painted one), or leave out --no-split"
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


def _breaks(work: Work, frames: tuple[int, ...]) -> list[int]:
    if len(frames) < 2:
        return []
    name, mark = (
        f"breaks.{frames[0]}",
        fingerprint(VERSION, work.motion.fingerprint(frames), work.marks(frames), work.settings.split),
    )
    known = work.project.recall(name, mark)
    if known is None:
        # Soft and dark pictures resemble each other whatever they show: there the detectors of the split see more.
        shown = ((frame, work.plates.colour(frame)) for frame in frames)
        cut = set() if work.settings.split else set(cuts(work, shown))
        known = [after for before, after in pairwise(frames) if after in cut or _broken(work, before, after)]
        work.project.remember(name, mark, known)
        work.project.save()
    return list(known)


def _broken(work: Work, before: int, after: int) -> bool:
    step = work.motion.step(before, after)
    # Plates are read only where the motion alone cannot tell: nearly never.
    return connected(step) < CONNECTED and broken(step, work.plates.colour(before), work.plates.colour(after))
