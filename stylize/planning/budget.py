"""Number of keys that a time budget allows, from the measured cost of a key.

Each run records the render time of its keys, except for the first, which includes startup (compilation or loading a
model). Without a record, the first frame of the shot is rendered to measure the cost.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from propagate.arrays import F32
from stylize.context.context import Context
from stylize.extensions.discovery import renderer as renderer_of
from stylize.keys.conditioning import open_conditioning
from stylize.keys.rendering import read_references
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
# A second trial key measures the cost without startup, unless the first one took more than this share of the budget.
TRIAL_SHARE = 0.05
_COSTS = "seconds a key"


@dataclass
class TimedRenderer:
    """Renderer that records the render time of each key, in seconds at full size; in a draft, time is extrapolated."""

    renderer: Renderer
    seconds: list[float] = field(default_factory=list)

    def render(self, request: RenderRequest, on_step: Callable[[int, int], None]) -> RenderedKey:
        """Render a key; see Renderer."""
        started = time.perf_counter()
        painted = self.renderer.render(request, on_step)
        elapsed = time.perf_counter() - started
        self.seconds.append(elapsed if request.scale == 1 else elapsed * (painted.full_work or request.scale**-2))
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
    """Cost of one key. seconds: render time. source: description of the measurement, for messages."""

    seconds: float
    source: str


@dataclass(frozen=True)
class KeyDemand:
    """Demand for keys in one shot.

    needed: number of mandatory keys to render; painted ones are free. gains: coverage that each optional key adds,
    summed over all frames.
    """

    needed: int
    gains: tuple[float, ...]


def record_costs(context: Context, timed: TimedRenderer) -> None:
    """Record the render times of a run's keys in the project."""
    if len(timed.seconds) > 1:
        key = _costs_key(context, timed)
        known = context.project.recall(_COSTS, key) or []
        context.project.remember(_COSTS, key, [*known, *timed.seconds[1:]][-MAX_COSTS:])


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
    renderer = make_renderer(settings.renderer, settings, DownloadPermission(context.message, context.progress))
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
    summary = f"--keys-budget {format_duration(budget)}: {count} keys at {cost.seconds:.2g} s each ({cost.source})"
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


def _key_cost(context: Context, renderer: Renderer, budget: float) -> Cost:
    known = context.project.recall(_COSTS, _costs_key(context, renderer))
    if known:
        count = "1 key" if len(known) == 1 else f"{len(known)} keys"
        return Cost(median(known), f"measured on {count} of this project")
    frame = context.shot.frames[0]
    context.message(f"no render time of a key is recorded: rendering frame {frame} to measure it")
    if destination := plates_destination(context.settings):
        context.message(f"plates are sent to {destination}: frame {frame}, to measure the render time")
    timed = TimedRenderer(renderer)
    references = read_references(context.settings.references, context.project, context.shot.colour)
    plate = context.plates.colour(frame).astype(F32) / F32(255)
    request = RenderRequest(
        frame, plate, references.picture if references else None, None, None, context.settings.seed,
        references=references.pictures if references else (), **open_conditioning(context).request_fields(frame),
    )  # fmt: skip
    timed.render(request, lambda done, total: context.reporter.check())
    if sum(timed.seconds) > TRIAL_SHARE * budget:
        return Cost(timed.seconds[0], f"measured on frame {frame}, including startup")
    timed.render(request, lambda done, total: context.reporter.check())
    context.project.remember(_COSTS, _costs_key(context, renderer), timed.seconds[1:])
    return Cost(timed.seconds[1], f"measured on frame {frame}")


def _costs_key(context: Context, renderer: Renderer) -> str:
    uses = (renderer_of(context.settings.renderer).cache_stage,)
    return cache_key("key_cost", renderer.cache_key(), context.shot.size, settings=context.settings, uses=uses)
