"""Refinement loop: render another key where the error maps are high, and keep it if the error falls.

First, keys of a model that do not agree with the previous key are repainted with other seeds, because adding a key
between two contradictory keys does not help.

A round adds one key, regenerates the affected frames, and measures the error. The project records
its beginning and its end. A killed run therefore continues in the middle of its round, and finished rounds are not
repeated.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from propagate.synthesis import SynthesisSettings
from stylize.context.context import Context
from stylize.context.keys import PAINTED
from stylize.extensions.discovery import renderer
from stylize.keys.conditioning import open_conditioning
from stylize.keys.neighbour_agreement import NeighbourAgreement, neighbour_agreements
from stylize.keys.rendering import REFINE_RETRIES
from stylize.planning.keyframes import Keyframe
from stylize.planning.picking import LOCKED, ShotPlan
from stylize.planning.shared_choice import SharedChoice, shared_choice
from stylize.planning.uncovered import MIN_DISTANCE, best_frame, error_floor, pays_off, shot_error
from stylize.renderers import make_renderer
from stylize.renderers.protocol import key_inputs
from stylize.spans.frame_errors import frame_error
from stylize.stages import cache_key, inputs_half

_NAME = "refined"


@dataclass(frozen=True)
class Refinement:
    """One round.

    frame: the new keyframe. before, after: error of its shot, the mean over frames of the root mean squared difference,
    0..1; ``after`` is None while the round is in progress. kept: whether the keyframe is kept. floor: error next to a
    key; frames below it are ignored.
    """

    frame: int
    before: float
    after: float | None
    kept: bool
    floor: float

    def pays(self, frames: int) -> bool:
        """Return whether the round has lowered the error enough to try another. frames: number in the shot."""
        return self.after is not None and pays_off((self.before - self.after) * frames, self.before, frames)


@dataclass(frozen=True)
class RefinementState:
    """All rounds of a project, in order. ended: no further round would pay off.

    retried: keys that did not agree and were repainted with other seeds; None until that has been checked.
    """

    rounds: tuple[Refinement, ...] = ()
    ended: bool = False
    retried: frozenset[int] | None = None

    def first(self, count: int) -> "RefinementState":
        """Return the state limited to the first ``count`` rounds, for ``--refine count``."""
        return self if len(self.rounds) <= count else RefinementState(self.rounds[:count], True, self.retried)

    def done(self, count: int) -> bool:
        """Return whether ``--refine count`` is complete."""
        open_round = any(one.after is None for one in self.rounds)
        return not open_round and (self.ended or len(self.rounds) >= count)

    def frames(self) -> list[int]:
        """Return the keyframes that rounds have added, including that of a round in progress."""
        return [one.frame for one in self.rounds if one.kept or one.after is None]


# Function that renders and propagates the shots with the keyframes of the rounds so far, and returns the frames made.
Make = Callable[[RefinementState], Collection[int]]


def stored_rounds(context: Context, shots: Sequence[ShotPlan]) -> RefinementState:
    """Return the rounds of earlier runs for this plan; see ``RefinementState.first``.

    Keys painted later do not invalidate rounds, because they respond to the result of the rounds.
    """
    if context.settings.refine is None or context.matte_is_empty:
        return RefinementState((), True)
    stored = (
        context.project.recall(_NAME, _key(context, shots))
        or context.project.recall(_NAME, _former_key(context, shots))
        or _shared(context, shots).recall()
    )
    if stored is None:
        return RefinementState()
    rounds = tuple(Refinement(int(frame), *figures) for frame, *figures in stored["rounds"])
    retried = None if stored["again"] is None else frozenset(stored["again"])
    return RefinementState(rounds, bool(stored["ended"]), retried).first(context.settings.refine)


def extend_shots(shots: Sequence[ShotPlan], state: RefinementState) -> tuple[ShotPlan, ...]:
    """Return the shots with the keyframes that rounds have added."""
    return tuple(_extend_shot(plan, state.rounds) for plan in shots)


def refine(context: Context, shots: Sequence[ShotPlan], state: RefinementState, make: Make) -> RefinementState:
    """Run the remaining rounds, given shots made with the keyframes of ``state``; return the new state."""
    count = context.settings.refine or 0
    errors: dict[int, float] = {}
    if state.retried is None and not state.done(count):
        state = replace(state, retried=_outlier_keys(context, shots))
        _store(context, shots, state)
        if state.retried:
            make(state)
    while not state.done(count):
        if not state.rounds or state.rounds[-1].after is not None:
            state = _begin_round(context, shots, state, errors)
            _store(context, shots, state)
            if state.ended:
                break
            last = state.rounds[-1]
            context.message(
                f"refine, round {len(state.rounds)}: frame {last.frame} becomes a keyframe; the error of its shot is "
                f"{last.before:.4f}"
            )
            _forget(errors, make(state))
        state = _end_round(context, shots, state, errors)
        _store(context, shots, state)
        if not state.rounds[-1].kept:
            _forget(errors, make(state))
    return state


def _outlier_keys(context: Context, shots: Sequence[ShotPlan]) -> frozenset[int]:
    """Return the keys of a model that do not agree with the previous key and have not been retried with other seeds."""
    if not renderer(context.settings.renderer).retries or context.settings.retries >= REFINE_RETRIES:
        return frozenset()
    painted = context.keys.painted()
    found: list[NeighbourAgreement] = []
    for plan in shots:
        found += [
            one for one in neighbour_agreements(context, plan.frames, plan.keys)
            if one.frame not in painted and one.agreement is not None and one.agreement.outlier
        ]  # fmt: skip
    for one in found:
        context.message(
            f"refine: keyframe {one.frame} does not agree with {one.before} ({one.agreement}); repainting it with "
            "other seeds"
        )
    return frozenset(one.frame for one in found)


# Rounds


def _begin_round(
    context: Context, shots: Sequence[ShotPlan], state: RefinementState, errors: dict[int, float]
) -> RefinementState:
    """Begin a round at the frame that would reduce the error most; end refinement if none would pay off."""
    best: tuple[float, Refinement] | None = None
    gap = max(MIN_DISTANCE, context.settings.min_gap)
    tried = {one.frame for one in state.rounds}
    for plan, base in zip(extend_shots(shots, state), shots, strict=True):
        past = [one for one in state.rounds if one.frame in set(plan.frames)]
        if past and not past[-1].pays(len(plan.frames)):
            continue
        _measure(context, plan.frames, errors)
        floor = past[0].floor if past else error_floor(plan.frames, errors, base.keys)
        found = best_frame(plan.frames, errors, plan.keys, floor, gap, tried | set(context.settings.drop_key))
        if found is None:
            continue
        now = shot_error(plan.frames, errors, floor)
        if pays_off(found[1], now, len(plan.frames)) and (best is None or found[1] > best[0]):
            best = found[1], Refinement(found[0], now, None, False, floor)
    if best is None:
        return replace(state, ended=True)
    return replace(state, rounds=(*state.rounds, best[1]))


def _end_round(
    context: Context, shots: Sequence[ShotPlan], state: RefinementState, errors: dict[int, float]
) -> RefinementState:
    """Measure the last round; remove its key if it has not lowered the error."""
    last = state.rounds[-1]
    frames = next(plan.frames for plan in shots if last.frame in set(plan.frames))
    _measure(context, frames, errors)
    after = shot_error(frames, errors, last.floor)
    return replace(state, rounds=(*state.rounds[:-1], replace(last, after=after, kept=after < last.before)))


def _extend_shot(plan: ShotPlan, rounds: Iterable[Refinement]) -> ShotPlan:
    inside, found = set(plan.frames), {key.frame: key for key in plan.keyframes}
    for one in rounds:
        if one.frame in inside - found.keys() and (one.kept or one.after is None):
            found[one.frame] = Keyframe(one.frame, _reason(one), 0.0)
    if len(found) == len(plan.keyframes):
        return plan
    return replace(plan, keyframes=tuple(found[frame] for frame in sorted(found)), coverage={})


def _reason(one: Refinement) -> str:
    then = "" if one.after is None else f", {one.after:.4f} with it"
    return f"the result was poor around it: error of the shot {one.before:.4f}{then}"


# Errors


def _measure(context: Context, frames: Iterable[int], errors: dict[int, float]) -> None:
    for frame in frames:
        if frame not in errors:
            errors[frame] = frame_error(context, frame)


def _forget(errors: dict[int, float], made: Collection[int]) -> None:
    for frame in made:
        errors.pop(frame, None)


# Stored state


def _store(context: Context, shots: Sequence[ShotPlan], state: RefinementState) -> None:
    rounds = [[one.frame, one.before, one.after, one.kept, one.floor] for one in state.rounds]
    retried = None if state.retried is None else sorted(state.retried)
    value = {"rounds": rounds, "ended": state.ended, "again": retried}
    context.project.remember(_NAME, _key(context, shots), value)
    if all(one.after is not None for one in state.rounds):
        # An unfinished round continues at the size at which it began.
        _shared(context, shots).remember(value)


def _shared(context: Context, shots: Sequence[ShotPlan]) -> SharedChoice:
    """Return the rounds that a draft and the full run share."""
    full, settings, frames = context.full, context.settings, context.shot.frames
    keys = _planned_keys(shots)
    # The key covers the plates that the colours of the shot come from; in a draft, these need not be files.
    conditioning = replace(open_conditioning(full), shot=None)
    return shared_choice(
        context, "refinement", frames, [plan.frames for plan in shots], keys, full.guide_inputs(frames),
        full.motion.cache_key(frames), SynthesisSettings().cache_key(),
        make_renderer(settings.renderer, settings).cache_key(), _style_digest(context), full.shot.depth,
        [conditioning.cache_inputs(frame) for numbers in keys for frame in numbers],
        uses=(*full.motion.stages, renderer(settings.renderer).cache_stage),
    )  # fmt: skip


def _planned_keys(shots: Sequence[ShotPlan]) -> list[list[int]]:
    return [[key.frame for key in plan.keyframes if key.reason not in (PAINTED, LOCKED)] for plan in shots]


def _style_digest(context: Context) -> str:
    return " ".join(map(context.project.digest, context.settings.references))


def _key(context: Context, shots: Sequence[ShotPlan]) -> str:
    """Return the hash of everything that the errors depend on, except painted keys, versions, device and precision.

    Otherwise keys that rounds have added would be removed, and painted again, for reasons that keep all other keys.
    """
    painter = make_renderer(context.settings.renderer, context.settings)
    keys = [[key_inputs(painter, frame, follows=True) for frame in numbers] for numbers in _planned_keys(shots)]
    return inputs_half(_key_of(context, shots, ["renderer", context.settings.renderer, keys]))


def _former_key(context: Context, shots: Sequence[ShotPlan]) -> str:
    """Return the cache key under which earlier versions recorded the rounds."""
    return _key_of(context, shots, make_renderer(context.settings.renderer, context.settings).cache_key())


def _key_of(context: Context, shots: Sequence[ShotPlan], painted_by: object) -> str:
    settings, frames = context.settings, context.shot.frames
    keys = _planned_keys(shots)
    conditioning = open_conditioning(context)
    conditioning_inputs = [conditioning.cache_inputs(frame) for numbers in keys for frame in numbers]
    return cache_key(
        "refinement", [plan.frames for plan in shots], keys, context.plate_digests(frames),
        context.matte_inputs(frames), context.guide_inputs(frames), context.motion.cache_key(frames),
        SynthesisSettings().cache_key(), painted_by, _style_digest(context),
        context.shot.depth, conditioning_inputs, settings=settings,
        uses=(*context.motion.stages, renderer(settings.renderer).cache_stage),
    )  # fmt: skip
