"""One look, all of a shot or a layer of it, from picking its keyframes to the frames that are carried from them."""

from dataclasses import dataclass
from pathlib import Path

from stylize import refinement
from stylize.context.context import Work
from stylize.context.keys import PAINTED
from stylize.errors import SettingsError
from stylize.keys import rendering
from stylize.keys.conditioning import open_leads
from stylize.keys.upgraded import upgraded_keys
from stylize.planning.budget import TimedRenderer, limits, note_costs
from stylize.planning.picking import ShotPlan, explained, plan_shots
from stylize.refinement import Refinement
from stylize.renderers import Renderer, make_renderer
from stylize.session import told_of
from stylize.settings import Settings
from stylize.spans.scheduler import carry_shots


@dataclass(frozen=True)
class Made:
    """What has been done for a look; see ``pipeline.Result``."""

    shots: tuple[ShotPlan, ...]
    rendered: tuple[int, ...]
    painted: tuple[int, ...]
    redone: tuple[int, ...]
    refinements: tuple[Refinement, ...]


def make_look(work: Work, found: tuple[tuple[int, ...], ...]) -> Made:
    """All stages of one look, from picking to propagating. found: the frames of each shot."""
    with told_of(work.name):
        return _make(work, plan_shots(work, found, limits(work, found)))


def plan_look(work: Work, found: tuple[tuple[int, ...], ...]) -> Made:
    """The keyframes of one look, and what they explain."""
    with told_of(work.name):
        planned = plan_shots(work, found, limits(work, found))
        refined = refinement.known(work, planned)
        shots = explained(work, refinement.extended(planned, refined))
        return Made(shots, (), tuple(sorted(work.keys.painted())), (), refined.rounds)


def frames_there(work: Work) -> dict[int, Path]:
    """The frames of a look that are made."""
    return {frame: path for frame in work.shot.frames if (path := work.file("out", frame)).is_file()}


# Render and propagate


def _make(work: Work, planned: tuple[ShotPlan, ...]) -> Made:
    """Keys and frames of the planned shots, and what refining adds to them."""
    settings = work.settings
    refined = refinement.known(work, planned)
    rendered, redone = set[int](), set[int]()
    painted: tuple[int, ...] = ()

    def make(shots: tuple[ShotPlan, ...], again: frozenset[int]) -> tuple[int, ...]:
        nonlocal painted
        if settings.runs("render"):
            base = {frame for plan in planned for frame in plan.keys}
            late = frozenset(frame for plan in shots for frame in plan.keys if frame not in base)
            fresh, painted = _render(work, shots, late, again)
            rendered.update(fresh)
        made = carry_shots(work, shots) if settings.runs("propagate") else ()
        redone.update(made)
        return made

    make(refinement.extended(planned, refined), refined.again or frozenset())
    if settings.runs("render") and settings.runs("propagate"):
        refined = refinement.refine(work, planned, refined, make)
    elif settings.refine is not None and not refined.done(settings.refine):
        work.message("--refine goes on in a run that renders and propagates; this one only takes what is known")
    shots = refinement.extended(planned, refined)
    kept = rendered & {frame for plan in shots for frame in plan.keys}
    return Made(shots, tuple(sorted(kept)), painted, tuple(sorted(redone)), refined.rounds)


def _render(
    work: Work, shots: tuple[ShotPlan, ...], late: frozenset[int], again: frozenset[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    painted = work.keys.painted()
    numbers = [key.frame for plan in shots for key in plan.keyframes]
    work.keys.drop_others([*numbers, *painted])
    settings, files = work.settings, work.keys.files()
    waiting = [number for number in numbers if number not in painted]
    reference = None
    if settings.style is not None and waiting:
        reference = rendering.read_reference(settings.style, work.project, work.shot.colour)
    renderer = TimedRenderer(_renderer(settings) if waiting else make_renderer("painted", settings))
    source = rendering.PlateSource(work.plates.colour, lambda frame: work.project.digest(work.plates.paths[frame]))
    inputs = rendering.KeyInputs(
        source, renderer, (settings.renderer, *work.motion.stages), reference, settings.seed, work.motion,
        open_leads(work),
    )  # fmt: skip
    done: list[int] = []
    rendered: list[int] = []

    def on_key(number: int, new: bool) -> None:
        done.append(number)
        work.progress("render", len(done), len(numbers))

    for plan in shots:
        keys = {key.frame: files.get(key.frame, work.file("keys", key.frame)) for key in plan.keyframes}
        added = frozenset(key.frame for key in plan.keyframes if key.reason == PAINTED)
        stage = rendering.KeyPlan(
            plan.frames, keys, painted, added & painted, work.shot.depth, late, again, upgraded_keys(work)
        )
        rendered += rendering.render_keys(stage, inputs, work.project, on_key, work.message)
    note_costs(work, renderer)
    return tuple(rendered), tuple(sorted(painted & set(numbers)))


def _renderer(settings: Settings) -> Renderer:
    if not settings.paints and settings.renderer == "example":
        raise SettingsError(
            "there are keys to render and nothing to paint them after; give a reference with --style PICTURE, "
            "or painted keys with --keys FOLDER"
        )
    return make_renderer(settings.renderer, settings)
