"""The closed loop: where the error maps show that the result is poor, a key more is rendered, and stays if it pays.

Before that, keys of a model that do not agree with the one before are painted again with other seeds: between two keys
that say different things no further key is good.

One round adds one key, makes what it changes, and measures. Every round is kept in the project before it begins and
when it has ended, so that a run that is killed goes on in the middle of it, and one that is done does nothing anew.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from propagate.synthesis import SynthesisSettings
from stylize.context.context import Work
from stylize.context.keys import PAINTED
from stylize.keys.conditioning import open_leads
from stylize.keys.neighbour_agreement import Beside, judged
from stylize.keys.rendering import AGAIN
from stylize.media.images import read_image, to_float
from stylize.planning.keyframes import Keyframe
from stylize.planning.picking import ShotPlan
from stylize.planning.uncovered import best_frame, floor_of, shot_error
from stylize.renderers import make_renderer
from stylize.settings import MODEL_RENDERERS
from stylize.spans.frame_files import ERROR, pass_file
from stylize.stages import cache_key

# A key pays when it takes this share of the error that so many frames of its shot have, all of a shorter shot. On the
# example with a fixed filter as the truth, keys that paid brought 0.81 and 0.44 dB, the next one 0.19 dB.
LEAST_GAIN, WORTH = 0.1, 50
# Frames that lie nearer to a key are as good as it gets.
NEAREST = 3
_NAME = "refined"


@dataclass(frozen=True)
class Refinement:
    """One round.

    frame: that became a keyframe. before, after: the error of its shot, the mean over frames of the root mean squared
    difference, 0..1; after is None while the round goes on. kept: whether the keyframe has stayed. floor: the error
    next to a key, below which no frame counts.
    """

    frame: int
    before: float
    after: float | None
    kept: bool
    floor: float

    def pays(self, frames: int) -> bool:
        """Whether it has taken enough for its shot, of so many frames, to be tried again."""
        return self.after is not None and _pays((self.before - self.after) * frames, self.before, frames)


@dataclass(frozen=True)
class Refined:
    """All rounds of a project, in order. ended: there was nothing left that would pay.

    again: keys that did not agree and are painted with other seeds too; None as long as nobody has looked.
    """

    rounds: tuple[Refinement, ...] = ()
    ended: bool = False
    again: frozenset[int] | None = None

    def first(self, count: int) -> "Refined":
        """What ``--refine count`` has of it."""
        return self if len(self.rounds) <= count else Refined(self.rounds[:count], True, self.again)

    def done(self, count: int) -> bool:
        """Whether ``--refine count`` has nothing to do any more."""
        open_round = any(one.after is None for one in self.rounds)
        return not open_round and (self.ended or len(self.rounds) >= count)

    def frames(self) -> list[int]:
        """The keyframes that rounds have added, those of a round that goes on among them."""
        return [one.frame for one in self.rounds if one.kept or one.after is None]


# Renders and propagates the shots with the keyframes of the rounds so far; returns the frames that were made.
Make = Callable[[Refined], Collection[int]]


def known(work: Work, shots: Sequence[ShotPlan]) -> Refined:
    """The rounds that earlier runs have done for this plan; see ``Refined.first``.

    What a person paints afterwards changes no round: a painted key is the answer to what was seen.
    """
    if work.settings.refine is None or work.outside:
        return Refined((), True)
    stored = work.project.recall(_NAME, _key(work, shots))
    if stored is None:
        return Refined()
    rounds = tuple(Refinement(int(frame), *figures) for frame, *figures in stored["rounds"])
    again = None if stored["again"] is None else frozenset(stored["again"])
    return Refined(rounds, bool(stored["ended"]), again).first(work.settings.refine)


def extended(shots: Sequence[ShotPlan], refined: Refined) -> tuple[ShotPlan, ...]:
    """The shots with the keyframes that rounds have added."""
    return tuple(_extended(plan, refined.rounds) for plan in shots)


def refine(work: Work, shots: Sequence[ShotPlan], refined: Refined, make: Make) -> Refined:
    """The rounds that are still to be done, when the shots are made with the keyframes of ``refined``."""
    count = work.settings.refine or 0
    errors: dict[int, float] = {}
    if refined.again is None and not refined.done(count):
        refined = replace(refined, again=_disagreeing(work, shots))
        _keep(work, shots, refined)
        if refined.again:
            make(refined)
    while not refined.done(count):
        if not refined.rounds or refined.rounds[-1].after is not None:
            refined = _opened(work, shots, refined, errors)
            _keep(work, shots, refined)
            if refined.ended:
                break
            last = refined.rounds[-1]
            work.message(
                f"refine, round {len(refined.rounds)}: frame {last.frame} becomes a keyframe; the error of its shot is "
                f"{last.before:.4f}"
            )
            _forget(errors, make(refined))
        refined = _closed(work, shots, refined, errors)
        _keep(work, shots, refined)
        if not refined.rounds[-1].kept:
            _forget(errors, make(refined))
    return refined


def _disagreeing(work: Work, shots: Sequence[ShotPlan]) -> frozenset[int]:
    """Keys of a model that do not agree with the one before, and have not been painted with other seeds yet."""
    if work.settings.renderer not in MODEL_RENDERERS or work.settings.retries >= AGAIN:
        return frozenset()
    painted = work.keys.painted()
    found: list[Beside] = []
    for plan in shots:
        found += [
            one for one in judged(work, plan.frames, plan.keys)
            if one.frame not in painted and one.agreement is not None and one.agreement.outlier
        ]  # fmt: skip
    for one in found:
        work.message(
            f"refine: keyframe {one.frame} does not agree with {one.before} ({one.agreement}): painted again with "
            "other seeds"
        )
    return frozenset(one.frame for one in found)


# Rounds


def _opened(work: Work, shots: Sequence[ShotPlan], refined: Refined, errors: dict[int, float]) -> Refined:
    """With one more round begun, at the frame of all shots that would mend most; or ended, if none would pay."""
    best: tuple[float, Refinement] | None = None
    gap = max(NEAREST, work.settings.min_gap)
    tried = {one.frame for one in refined.rounds}
    for plan, base in zip(extended(shots, refined), shots, strict=True):
        past = [one for one in refined.rounds if one.frame in set(plan.frames)]
        if past and not past[-1].pays(len(plan.frames)):
            continue
        _measure(work, plan.frames, errors)
        floor = past[0].floor if past else floor_of(plan.frames, errors, base.keys)
        found = best_frame(plan.frames, errors, plan.keys, floor, gap, tried | set(work.settings.drop_key))
        if found is None:
            continue
        now = shot_error(plan.frames, errors, floor)
        if _pays(found[1], now, len(plan.frames)) and (best is None or found[1] > best[0]):
            best = found[1], Refinement(found[0], now, None, False, floor)
    if best is None:
        return replace(refined, ended=True)
    return replace(refined, rounds=(*refined.rounds, best[1]))


def _closed(work: Work, shots: Sequence[ShotPlan], refined: Refined, errors: dict[int, float]) -> Refined:
    """With the last round measured. A key that has made nothing better is taken back."""
    last = refined.rounds[-1]
    frames = next(plan.frames for plan in shots if last.frame in set(plan.frames))
    _measure(work, frames, errors)
    after = shot_error(frames, errors, last.floor)
    return replace(refined, rounds=(*refined.rounds[:-1], replace(last, after=after, kept=after < last.before)))


def _pays(taken: float, error: float, frames: int) -> bool:
    """taken: from the errors of all frames together. error: the mean of a shot."""
    return taken >= LEAST_GAIN * error * min(frames, WORTH)


def _extended(plan: ShotPlan, rounds: Iterable[Refinement]) -> ShotPlan:
    inside, found = set(plan.frames), {key.frame: key for key in plan.keyframes}
    for one in rounds:
        if one.frame in inside - found.keys() and (one.kept or one.after is None):
            found[one.frame] = Keyframe(one.frame, _reason(one), 0.0)
    if len(found) == len(plan.keyframes):
        return plan
    return ShotPlan(plan.frames, tuple(found[frame] for frame in sorted(found)))


def _reason(one: Refinement) -> str:
    then = "" if one.after is None else f", {one.after:.4f} with it"
    return f"the result was poor around it: error of the shot {one.before:.4f}{then}"


# Errors


def _measure(work: Work, frames: Iterable[int], errors: dict[int, float]) -> None:
    for frame in frames:
        if frame not in errors:
            errors[frame] = _error(work, frame)


def _error(work: Work, frame: int) -> float:
    """Root mean squared difference of a frame, inside of the matte: 0..1."""
    path = pass_file(work.project.root, work.shot, ERROR, frame)
    squares = to_float(read_image(path))[..., 0].astype(np.float64) ** 2
    if work.mattes is None:
        return float(np.sqrt(squares.mean()))
    matte = work.mattes.read(frame).astype(np.float64)
    return float(np.sqrt((squares * matte).sum() / max(float(matte.sum()), 1e-9)))


def _forget(errors: dict[int, float], made: Collection[int]) -> None:
    for frame in made:
        errors.pop(frame, None)


# What is kept


def _keep(work: Work, shots: Sequence[ShotPlan], refined: Refined) -> None:
    rounds = [[one.frame, one.before, one.after, one.kept, one.floor] for one in refined.rounds]
    again = None if refined.again is None else sorted(refined.again)
    work.project.remember(_NAME, _key(work, shots), {"rounds": rounds, "ended": refined.ended, "again": again})


def _key(work: Work, shots: Sequence[ShotPlan]) -> str:
    """Everything that the errors depend on, but for what people have painted."""
    settings, frames = work.settings, work.shot.frames
    keys = [[key.frame for key in plan.keyframes if key.reason != PAINTED] for plan in shots]
    leads = open_leads(work)
    led = [leads.cache_inputs(frame) for numbers in keys for frame in numbers]
    style = "" if settings.style is None else work.project.digest(settings.style)
    return cache_key(
        "refinement", [plan.frames for plan in shots], keys, work.plate_digests(frames), work.matte_inputs(frames),
        work.guide_inputs(frames), work.motion.cache_key(frames), SynthesisSettings().cache_key(),
        make_renderer(settings.renderer, settings).cache_key(), style, work.shot.depth, led, settings=settings,
        uses=(*work.motion.stages, settings.renderer),
    )  # fmt: skip
