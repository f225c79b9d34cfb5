"""Number of keys that a time budget allows: the cost of a key is measured, never guessed.

Every run records the time of its keys. Its first key includes startup (compiling or loading a model) and does not
count. Without a record, the first frame is painted only to measure the cost.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from propagate.arrays import F32
from stylize.context.context import Context
from stylize.keys.conditioning import open_conditioning
from stylize.keys.rendering import read_reference
from stylize.planning.keyframes import Keyframe
from stylize.planning.picking import UserKeys, pick_shot, picks_keyframes, read_user_keys
from stylize.renderers import DownloadPermission, RenderedKey, Renderer, RenderRequest, make_renderer
from stylize.stages import cache_key

# Number of latest costs that are kept.
MAX_COSTS = 16
# A second key is painted to measure the cost without startup, unless the first took more than this share of the budget.
TRIAL_SHARE = 0.05
_COSTS = "seconds a key"


@dataclass
class TimedRenderer:
    """Renderer that records the seconds that each of its keys took."""

    renderer: Renderer
    seconds: list[float] = field(default_factory=list)

    def render(self, request: RenderRequest, on_step: Callable[[int, int], None]) -> RenderedKey:
        """Render a key; see Renderer."""
        started = time.perf_counter()
        painted = self.renderer.render(request, on_step)
        self.seconds.append(time.perf_counter() - started)
        return painted

    def cache_key(self) -> str:
        """Return the cache key; see Renderer."""
        return self.renderer.cache_key()


@dataclass(frozen=True)
class Cost:
    """Cost of one key. seconds: the time that it takes. source: how that was measured, in words."""

    seconds: float
    source: str


@dataclass(frozen=True)
class KeyDemand:
    """Number of keys that one shot needs, and the gains of further ones.

    needed: keys that it must have at any cost; painted ones are free. gains: of each further key, the coverage that it
    adds, summed over all frames.
    """

    needed: int
    gains: tuple[float, ...]


def record_costs(context: Context, timed: TimedRenderer) -> None:
    """Record the time that the keys of a run took."""
    if len(timed.seconds) > 1:
        key = _costs_key(context, timed)
        known = context.project.recall(_COSTS, key) or []
        context.project.remember(_COSTS, key, [*known, *timed.seconds[1:]][-MAX_COSTS:])


def key_limits(context: Context, shots: Sequence[tuple[int, ...]]) -> tuple[int | None, ...]:
    """Return the maximum number of picked keyframes in each shot under ``--keys-budget``, painted ones not counted.

    None means no limit. Once computed, a limit stays, even if later keys take more or less time.
    """
    settings = context.settings
    if settings.keys_budget is None or context.matte_is_empty:
        return (None,) * len(shots)
    user_keys = read_user_keys(context)
    if not picks_keyframes(context, user_keys):
        return (None,) * len(shots)
    renderer = make_renderer(settings.renderer, settings, DownloadPermission(context.message, context.progress))
    demands = [_demand(pick_shot(context, frames, user_keys, None), user_keys, len(frames)) for frames in shots]
    key = cache_key(
        "budget", renderer.cache_key(), context.shot.size, shots, context.plate_digests(context.shot.frames),
        [[demand.needed, demand.gains] for demand in demands], settings=settings, uses=(settings.renderer,),
    )  # fmt: skip
    known = context.project.recall("keys budget", key)
    if known is None:
        cost = _key_cost(context, renderer, settings.keys_budget)
        count = int(settings.keys_budget / cost.seconds)
        known = [list(share_keys(demands, count)), _budget_message(settings.keys_budget, cost, count, demands)]
        context.project.remember("keys budget", key, known)
    context.message(known[1])
    return tuple(known[0])


def share_keys(demands: Sequence[KeyDemand], count: int) -> tuple[int | None, ...]:
    """Return how many of ``count`` keys each shot gets: first the needed keys, then those with the highest gain.

    None for a shot that gets all the keys of its demand.
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
    # A shot without a key cannot be painted.
    first = 0 if requested or len(paid) < len(keys) else 1
    return KeyDemand(len(requested) + first, tuple(gained[first:]))


def _budget_message(budget: float, cost: Cost, count: int, demands: Sequence[KeyDemand]) -> str:
    needed = sum(demand.needed for demand in demands)
    demanded = needed + sum(len(demand.gains) for demand in demands)
    summary = f"--keys-budget {format_duration(budget)}: {count} keys at {cost.seconds:.2g} s each ({cost.source})"
    if count < needed:
        return f"{summary}, and {needed} are the fewest there can be: one a shot, and those asked for"
    if count >= demanded:
        return f"{summary}, which is enough for the {demanded} that the coverage asks for"
    return f"{summary}; the coverage asks for {demanded}, and those that explain most are taken"


def format_duration(seconds: float) -> str:
    """Return a duration in readable form, as in 10 min or 1 h 30 min."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "", f"{rest:g} s" if rest else "")
    return " ".join(part for part in parts if part)


def _key_cost(context: Context, renderer: Renderer, budget: float) -> Cost:
    known = context.project.recall(_COSTS, _costs_key(context, renderer))
    if known:
        count = "1 key" if len(known) == 1 else f"{len(known)} keys"
        return Cost(median(known), f"measured on {count} of this project")
    frame = context.shot.frames[0]
    context.message(f"no key was rendered here yet: frame {frame} is painted to see what one takes")
    timed = TimedRenderer(renderer)
    style = context.settings.style
    picture = None if style is None else read_reference(style, context.project, context.shot.colour).picture
    plate = context.plates.colour(frame).astype(F32) / F32(255)
    request = RenderRequest(
        frame, plate, picture, None, None, context.settings.seed, **open_conditioning(context).request_fields(frame)
    )  # fmt: skip
    timed.render(request, lambda done, total: None)
    if sum(timed.seconds) > TRIAL_SHARE * budget:
        return Cost(timed.seconds[0], f"measured on frame {frame}, the start included")
    timed.render(request, lambda done, total: None)
    context.project.remember(_COSTS, _costs_key(context, renderer), timed.seconds[1:])
    return Cost(timed.seconds[1], f"measured on frame {frame}")


def _costs_key(context: Context, renderer: Renderer) -> str:
    uses = (context.settings.renderer,)
    return cache_key("key_cost", renderer.cache_key(), context.shot.size, settings=context.settings, uses=uses)
