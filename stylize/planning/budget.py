"""Number of keys that a time budget allows, from the measured cost of a key.

The cost is the time to paint a key that starts from an earlier one, with the models loaded. Loading, which a run does
once, is measured separately. Each run records both, except for its first key, which may include other startup, such as
compilation. Without a record, two frames of the shot are rendered to measure the cost.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

import numpy as np

from propagate.arrays import F32
from stylize.context.context import Context
from stylize.extensions.discovery import renderer as renderer_of
from stylize.keys.conditioning import open_conditioning
from stylize.keys.rendering import read_references
from stylize.media.sequences import name_frames
from stylize.planning.keyframes import Keyframe
from stylize.planning.picking import UserKeys, pick_shot, picks_keyframes, read_user_keys
from stylize.planning.shared_choice import shared_choice
from stylize.renderers import (
    DownloadPermission,
    RenderedKey,
    Renderer,
    RenderRequest,
    make_renderer,
    plates_destination,
)
from stylize.renderers.protocol import environment, key_inputs
from stylize.stages import cache_key

# Max number of recorded costs. The latest ones are kept.
MAX_COSTS = 16
# Min time of loading that messages state, in seconds.
MIN_LOADING = 0.1
# If the first trial key takes more than this share of the budget, at most one key fits, so that no other is painted.
TRIAL_SHARE = 0.5
_COSTS, _LOADING = "seconds a key", "seconds to load"


@dataclass
class TimedRenderer:
    """Renderer that records the time to paint each key, in seconds at full size; in a draft, time is extrapolated.

    agreeing: times of those keys, except for the first key, that start from an earlier one. loading: seconds spent
    loading models, which is not part of the times; 0 if the renderer does not measure it.
    """

    renderer: Renderer
    seconds: list[float] = field(default_factory=list)
    agreeing: list[float] = field(default_factory=list)
    loading: float = 0.0

    def render(self, request: RenderRequest, on_step: Callable[[int, int], None]) -> RenderedKey:
        """Render a key; see Renderer."""
        started = time.perf_counter()
        painted = self.renderer.render(request, on_step)
        loading = painted.loading or 0.0
        elapsed = time.perf_counter() - started - loading
        self.loading += loading
        if self.seconds and request.warped is not None:
            self.agreeing.append(_at_full_size(elapsed, request, painted))
        self.seconds.append(_at_full_size(elapsed, request, painted))
        return painted

    def cache_key(self) -> str:
        """Return the cache key of the renderer; see Renderer."""
        return self.renderer.cache_key()

    def key_inputs(self, frame: int, *, follows: bool) -> Mapping[str, object]:
        """Return what a key is made of; see ``DescribesKeys``."""
        return key_inputs(self.renderer, frame, follows=follows)

    def environment(self) -> Mapping[str, str]:
        """Return the environment of the renderer; see ``DescribesKeys``."""
        return environment(self.renderer)


@dataclass(frozen=True)
class Cost:
    """Cost of one key. seconds: time to paint it. loading: seconds to load the models, once in a run; 0 if unknown.

    source: description of the measurement, for messages.
    """

    seconds: float
    loading: float
    source: str

    def __str__(self) -> str:
        loading = f", after {self.loading:.2g} s to load the models" if self.loading >= MIN_LOADING else ""
        return f"{self.seconds:.2g} s each{loading} ({self.source})"


@dataclass(frozen=True)
class KeyDemand:
    """Demand for keys in one shot.

    needed: number of mandatory keys to render; painted ones are free. gains: coverage that each optional key adds,
    summed over all frames.
    """

    needed: int
    gains: tuple[float, ...]


def record_costs(context: Context, timed: TimedRenderer) -> None:
    """Record the times of a run's keys, and of loading their models, in the project."""
    if timed.loading:
        context.project.remember(_LOADING, _costs_key(context, timed), timed.loading)
    if warm := timed.agreeing or timed.seconds[1:]:
        key = _costs_key(context, timed)
        known = context.project.recall(_COSTS, key) or []
        context.project.remember(_COSTS, key, [*known, *warm][-MAX_COSTS:])


def key_limits(context: Context, shots: Sequence[tuple[int, ...]]) -> tuple[int | None, ...]:
    """Return the maximum number of chosen keyframes in each shot under ``--keys-budget``. Painted keys do not count.

    None stands for no limit. The project caches the limits, which do not change if later keys take more or less time.
    """
    settings = context.settings
    if settings.keys_budget is None or context.matte_is_empty:
        return (None,) * len(shots)
    user_keys = read_user_keys(context)
    if not picks_keyframes(context, user_keys):
        return (None,) * len(shots)
    permission = DownloadPermission(context.message, context.progress)
    renderer = make_renderer(settings.renderer, settings, permission, context.models)
    demands = [_demand(pick_shot(context, frames, user_keys, None), user_keys, len(frames)) for frames in shots]
    key = cache_key(
        "budget", renderer.cache_key(), context.shot.size, shots, context.plate_digests(context.shot.frames),
        [[demand.needed, demand.gains] for demand in demands], settings=settings,
        uses=(renderer_of(settings.renderer).cache_stage,),
    )  # fmt: skip
    choice = shared_choice(
        context, "budget", context.shot.frames, renderer.cache_key(), shots,
        [[demand.needed, demand.gains] for demand in demands], uses=(renderer_of(settings.renderer).cache_stage,),
    )  # fmt: skip
    known = choice.recall() or context.project.recall("keys budget", key)
    if known is None:
        cost = _key_cost(context, renderer, settings.keys_budget)
        count = int(settings.keys_budget / cost.seconds)
        known = [list(share_keys(demands, count)), _budget_message(settings.keys_budget, cost, count, demands)]
        context.project.remember("keys budget", key, known)
        choice.remember(known)
    context.message(known[1])
    return tuple(known[0])


def share_keys(demands: Sequence[KeyDemand], count: int) -> tuple[int | None, ...]:
    """Distribute ``count`` keys among shots: first the mandatory keys, then those with the highest gain.

    Returns the number of keys of each shot; None for a shot that gets all the keys of its demand.
    """
    left = max(0, count - sum(demand.needed for demand in demands))
    offers = sorted((-gain, shot) for shot, demand in enumerate(demands) for gain in demand.gains)
    more = [shot for _, shot in offers[:left]]
    return tuple(
        None if more.count(shot) == len(demand.gains) else demand.needed + more.count(shot)
        for shot, demand in enumerate(demands)
    )


def _demand(keys: Sequence[Keyframe], user_keys: UserKeys, frames: int) -> KeyDemand:
    paid = [key for key in keys if key.frame not in user_keys.painted]
    requested = [key for key in paid if key.frame in user_keys.added]
    gained = sorted((key.gained * frames for key in paid if key.frame not in user_keys.added), reverse=True)
    # Each shot needs at least one key.
    first = 0 if requested or len(paid) < len(keys) else 1
    return KeyDemand(len(requested) + first, tuple(gained[first:]))


def _budget_message(budget: float, cost: Cost, count: int, demands: Sequence[KeyDemand]) -> str:
    needed = sum(demand.needed for demand in demands)
    demanded = needed + sum(len(demand.gains) for demand in demands)
    summary = f"--keys-budget {format_duration(budget)}: {count} keys at {cost}"
    if count < needed:
        return f"{summary}, but at least {needed} are required: one per shot, and the requested ones"
    if count >= demanded:
        return f"{summary}, which is enough for the {demanded} that the target coverage requires"
    return f"{summary}; the target coverage requires {demanded}, so those with the highest gain are used"


def format_duration(seconds: float) -> str:
    """Format a duration for messages, for example "10 min" or "1 h 30 min"."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "", f"{rest:g} s" if rest else "")
    return " ".join(part for part in parts if part)


def _at_full_size(seconds: float, request: RenderRequest, painted: RenderedKey) -> float:
    """Extrapolate the time to paint a key of a draft to the full size."""
    return seconds if request.scale == 1 else seconds * (painted.full_work or request.scale**-2)


def _key_cost(context: Context, renderer: Renderer, budget: float) -> Cost:
    key = _costs_key(context, renderer)
    known = context.project.recall(_COSTS, key)
    if known:
        count = "1 key" if len(known) == 1 else f"{len(known)} keys"
        loading = float(context.project.recall(_LOADING, key) or 0)
        return Cost(median(known), loading, f"measured on {count} of this project")
    return _trial_cost(context, renderer, budget)


def _trial_cost(context: Context, renderer: Renderer, budget: float) -> Cost:
    """Paint the first frame of the shot, then its middle one in agreement with it, and return the cost of the latter.

    The two differ, so that nothing that was computed from the first plate is used again.
    """
    frames = context.shot.frames
    first, second = frames[0], frames[len(frames) // 2]
    names = name_frames(sorted({first, second}), "frame")
    context.message(f"no render time of a key is recorded: rendering {names} to measure it")
    if destination := plates_destination(context.settings):
        context.message(f"plates are sent to {destination}: {names}, to measure the render time")
    timed, request_of = TimedRenderer(renderer), _trial_requests(context)

    def paint(request: RenderRequest) -> RenderedKey:
        return timed.render(request, lambda done, total: context.reporter.check())

    painted = paint(request_of(first))
    # Without a measured loading time, the time of the first key may be mostly startup.
    if painted.loading is not None and timed.seconds[0] > TRIAL_SHARE * budget:
        return Cost(timed.seconds[0], timed.loading, f"measured on frame {first}")
    picture = painted.picture
    agreed = np.ones(picture.shape[:2], F32)
    paint(replace(request_of(second), warped=picture, confidence=agreed, earlier=(picture,)))
    record_costs(context, timed)
    return Cost(timed.seconds[1], timed.loading, f"measured on frame {second}, in agreement with frame {first}")


def _trial_requests(context: Context) -> Callable[[int], RenderRequest]:
    references = read_references(context.settings.references, context.project, context.shot.colour)
    conditioning = open_conditioning(context)

    def request_of(frame: int) -> RenderRequest:
        plate = context.plates.colour(frame).astype(F32) / F32(255)
        return RenderRequest(
            frame, plate, references.picture if references else None, None, None, context.settings.seed,
            references=references.pictures if references else (), **conditioning.request_fields(frame),
        )  # fmt: skip

    return request_of


def _costs_key(context: Context, renderer: Renderer) -> str:
    uses = (renderer_of(context.settings.renderer).cache_stage,)
    return cache_key("key_cost", renderer.cache_key(), context.shot.size, settings=context.settings, uses=uses)
