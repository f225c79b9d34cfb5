"""How many keys a time is enough for: what a key costs is measured, never guessed.

Every run notes what its keys took; its first one pays for the start, for compiling or loading a model, and does not
count. Where nothing is noted yet, the first frame is painted for the clock alone.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from propagate.arrays import F32
from stylize.context.context import Work
from stylize.keys.conditioning import open_leads
from stylize.keys.rendering import read_reference
from stylize.planning.keyframes import Keyframe
from stylize.planning.picking import Hand, hand_of, pick_shot, picks
from stylize.renderers import DownloadPermission, RenderedKey, Renderer, RenderRequest, make_renderer
from stylize.stages import cache_key

# Latest costs that are kept.
NOTED = 16
# A second key is painted for the clock, without the start, if all of it takes no more than this share of the budget.
TRIAL_SHARE = 0.05
_COSTS = "seconds a key"


@dataclass
class TimedRenderer:
    """A renderer, and the seconds that each of its keys took."""

    renderer: Renderer
    seconds: list[float] = field(default_factory=list)

    def render(self, request: RenderRequest, on_step: Callable[[int, int], None]) -> RenderedKey:
        """See Renderer."""
        started = time.perf_counter()
        painted = self.renderer.render(request, on_step)
        self.seconds.append(time.perf_counter() - started)
        return painted

    def cache_key(self) -> str:
        """See Renderer."""
        return self.renderer.cache_key()


@dataclass(frozen=True)
class Cost:
    """seconds: that a key takes. source: where that is known from, in words."""

    seconds: float
    source: str


@dataclass(frozen=True)
class Ask:
    """The keys that one shot would have. needed: those that it must have, whatever they cost; painted ones are free.

    worth: of each further key, what it adds to the coverage of all frames together.
    """

    needed: int
    worth: tuple[float, ...]


def note_costs(work: Work, timed: TimedRenderer) -> None:
    """Remembers what the keys of a run took."""
    if len(timed.seconds) > 1:
        key = _costs_key(work, timed)
        known = work.project.recall(_COSTS, key) or []
        work.project.remember(_COSTS, key, [*known, *timed.seconds[1:]][-NOTED:])


def limits(work: Work, shots: Sequence[tuple[int, ...]]) -> tuple[int | None, ...]:
    """The most keyframes that may be picked in each shot under ``--keys-budget``, painted ones not counted.

    None where there is no limit. Told once, it stays, though later keys may take more or less time.
    """
    settings = work.settings
    if settings.keys_budget is None or work.outside:
        return (None,) * len(shots)
    hand = hand_of(work)
    if not picks(work, hand):
        return (None,) * len(shots)
    renderer = make_renderer(settings.renderer, settings, DownloadPermission(work.message, work.progress))
    asks = [_ask(pick_shot(work, frames, hand, None), hand, len(frames)) for frames in shots]
    key = cache_key(
        "budget", renderer.cache_key(), work.shot.size, shots, work.plate_digests(work.shot.frames),
        [[ask.needed, ask.worth] for ask in asks], settings=settings, uses=(settings.renderer,),
    )  # fmt: skip
    known = work.project.recall("keys budget", key)
    if known is None:
        cost = _cost(work, renderer, settings.keys_budget)
        count = int(settings.keys_budget / cost.seconds)
        known = [list(shared(asks, count)), _told(settings.keys_budget, cost, count, asks)]
        work.project.remember("keys budget", key, known)
    work.message(known[1])
    return tuple(known[0])


def shared(asks: Sequence[Ask], count: int) -> tuple[int | None, ...]:
    """How many keys each shot gets of ``count``: what it must have, and then the keys that are worth most anywhere.

    None for a shot that gets all it would have.
    """
    left = max(0, count - sum(ask.needed for ask in asks))
    offers = sorted((-worth, shot) for shot, ask in enumerate(asks) for worth in ask.worth)
    more = [shot for _, shot in offers[:left]]
    return tuple(
        None if more.count(shot) == len(ask.worth) else ask.needed + more.count(shot) for shot, ask in enumerate(asks)
    )


def _ask(keys: Sequence[Keyframe], hand: Hand, frames: int) -> Ask:
    paid = [key for key in keys if key.frame not in hand.painted]
    asked = [key for key in paid if key.frame in hand.added]
    gained = sorted((key.gained * frames for key in paid if key.frame not in hand.added), reverse=True)
    # A shot without any key cannot be painted at all.
    first = 0 if asked or len(paid) < len(keys) else 1
    return Ask(len(asked) + first, tuple(gained[first:]))


def _told(budget: float, cost: Cost, count: int, asks: Sequence[Ask]) -> str:
    needed = sum(ask.needed for ask in asks)
    wanted = needed + sum(len(ask.worth) for ask in asks)
    price = f"--keys-budget {spell(budget)}: {count} keys at {cost.seconds:.2g} s each ({cost.source})"
    if count < needed:
        return f"{price}, and {needed} are the fewest there can be: one a shot, and those asked for"
    if count >= wanted:
        return f"{price}, which is enough for the {wanted} that the coverage asks for"
    return f"{price}; the coverage asks for {wanted}, and those that explain most are taken"


def spell(seconds: float) -> str:
    """A time as people write it: 90 s, 10 min, 1 h 30 min."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "", f"{rest:g} s" if rest else "")
    return " ".join(part for part in parts if part)


def _cost(work: Work, renderer: Renderer, budget: float) -> Cost:
    known = work.project.recall(_COSTS, _costs_key(work, renderer))
    if known:
        some = "1 key" if len(known) == 1 else f"{len(known)} keys"
        return Cost(median(known), f"measured on {some} of this project")
    frame = work.shot.frames[0]
    work.message(f"no key was rendered here yet: frame {frame} is painted to see what one takes")
    timed = TimedRenderer(renderer)
    style = work.settings.style
    picture = None if style is None else read_reference(style, work.project, work.shot.colour).picture
    plate = work.plates.colour(frame).astype(F32) / F32(255)
    request = RenderRequest(
        frame, plate, picture, None, None, work.settings.seed, **open_leads(work).of(frame)
    )  # fmt: skip
    timed.render(request, lambda done, total: None)
    if sum(timed.seconds) > TRIAL_SHARE * budget:
        return Cost(timed.seconds[0], f"measured on frame {frame}, the start included")
    timed.render(request, lambda done, total: None)
    work.project.remember(_COSTS, _costs_key(work, renderer), timed.seconds[1:])
    return Cost(timed.seconds[1], f"measured on frame {frame}")


def _costs_key(work: Work, renderer: Renderer) -> str:
    uses = (work.settings.renderer,)
    return cache_key("budget", renderer.cache_key(), work.shot.size, settings=work.settings, uses=uses)
