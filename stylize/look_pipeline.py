"""One look, all of a shot or a layer of it: its keyframes, its tasks, and the frames propagated from the keyframes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType

from stylize import refinement
from stylize.context.context import Context
from stylize.context.keys import PAINTED
from stylize.errors import SettingsError
from stylize.jobs import Task, run_in_order, task_id
from stylize.keys import rendering
from stylize.keys.conditioning import open_conditioning
from stylize.keys.upgraded import upgraded_keys
from stylize.planning.budget import TimedRenderer, key_limits, record_costs
from stylize.planning.picking import ShotPlan, plan_shots, with_coverage
from stylize.refinement import Refinement, RefinementState
from stylize.renderers import Renderer, make_renderer
from stylize.session import prefix_errors
from stylize.settings import Settings
from stylize.spans.scheduler import propagate_shots, span_tasks

PLAN = "plan"


@dataclass(frozen=True)
class LookResult:
    """Result of one look; see ``pipeline.Result``."""

    shots: tuple[ShotPlan, ...]
    rendered: tuple[int, ...]
    painted: tuple[int, ...]
    redone: tuple[int, ...]
    refinements: tuple[Refinement, ...]


def plan_look(context: Context, shot_frames: tuple[tuple[int, ...], ...]) -> tuple[ShotPlan, ...]:
    """Return the keyframes of one look, without those that refinement adds. shot_frames: the frames of each shot."""
    with prefix_errors(context.name):
        planning = context.during(PLAN)
        return plan_shots(planning, shot_frames, key_limits(planning, shot_frames))


def look_with_coverage(context: Context, planned: tuple[ShotPlan, ...]) -> LookResult:
    """Return the keyframes of one look, including those that refinement has added, and their coverage."""
    with prefix_errors(context.name):
        refinement_state = refinement.stored_rounds(context, planned)
        shots = with_coverage(context.during(PLAN), refinement.extend_shots(planned, refinement_state))
        return LookResult(shots, (), tuple(sorted(context.keys.painted())), (), refinement_state.rounds)


def existing_frames(context: Context) -> dict[int, Path]:
    """Return the frames of a look that exist."""
    return {frame: path for frame in context.shot.frames if (path := context.file("out", frame)).is_file()}


@dataclass
class LookRun:
    """Run of one look through the stages.

    planned: its shots, without the keyframes that refinement adds. rendered, redone: keys and frames made in this run.
    painted: keys that a person painted.
    """

    context: Context
    planned: tuple[ShotPlan, ...]
    rendered: set[int] = field(default_factory=set)
    redone: set[int] = field(default_factory=set)
    painted: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        with prefix_errors(self.context.name):
            self.refinement_state = refinement.stored_rounds(self.context, self.planned)

    @property
    def shots(self) -> tuple[ShotPlan, ...]:
        """Shots with all keyframes."""
        return refinement.extend_shots(self.planned, self.refinement_state)

    def tasks(self) -> list[Task]:
        """Return the tasks of the look, done or not.

        They are the keys of each shot, which are rendered one from another; its spans, which are independent of each
        other; and refinement.
        """
        settings, tasks = self.context.settings, list[Task]()
        files = self.context.keys.files() if settings.runs("render") else {}
        for plan in self.shots if settings.runs("render") else ():
            keys = tuple(files.get(frame, self.context.file("keys", frame)) for frame in plan.keys)
            name = task_id("keys", self.context.name, f"{plan.frames[0]:04d}")
            tasks.append(Task(name, (PLAN,), keys, self.context.name, len(plan.keys)))
        if settings.runs("propagate"):
            tasks += span_tasks(self.context, self.shots, [task.id for task in tasks])
        if settings.refine is not None:
            tasks.append(
                Task(task_id("refine", self.context.name), tuple(task.id for task in tasks), details=self.context.name)
            )
        return tasks

    def run(self, tasks: Sequence[Task]) -> None:
        """Run tasks of one kind."""
        with prefix_errors(self.context.name):
            _RUNNERS[tasks[0].kind](self, tasks)

    def result(self) -> LookResult:
        """Return the result of the look."""
        kept = self.rendered & {frame for plan in self.shots for frame in plan.keys}
        rounds = self.refinement_state.rounds
        return LookResult(self.shots, tuple(sorted(kept)), self.painted, tuple(sorted(self.redone)), rounds)

    def _render(self, tasks: Sequence[Task]) -> None:
        """Render the keys of all shots, one shot after the other."""
        context, shots = self.context, self.shots
        painted, numbers = context.keys.painted(), [key.frame for plan in shots for key in plan.keyframes]
        context.keys.remove_stale([*numbers, *painted])
        self.painted = tuple(sorted(painted & set(numbers)))
        planned_keys = {frame for plan in self.planned for frame in plan.keys}
        late = frozenset(frame for plan in shots for frame in plan.keys if frame not in planned_keys)
        retried = self.refinement_state.retried or frozenset()
        inputs, renderer = _key_inputs(context, [number for number in numbers if number not in painted])
        files, done, upgraded = context.keys.files(), list[int](), upgraded_keys(context)

        def on_key(number: int, new: bool) -> None:
            done.append(number)
            context.progress("render", len(done), len(numbers))

        for task, plan in zip(tasks, shots, strict=True):
            keys = {key.frame: files.get(key.frame, context.file("keys", key.frame)) for key in plan.keyframes}
            added = frozenset(key.frame for key in plan.keyframes if key.reason == PAINTED)
            key_plan = rendering.KeyPlan(
                plan.frames, keys, painted, added & painted, context.shot.depth, late, retried, upgraded
            )
            project = context.project.during(task.id)
            with context.log.task(task.id):
                self.rendered.update(rendering.render_keys(key_plan, inputs, project, on_key, context.message))
        record_costs(context.during(PLAN), renderer)

    def _propagate(self, tasks: Sequence[Task]) -> None:
        self.last = propagate_shots(self.context, self.shots)
        self.redone.update(self.last)

    def _refine(self, tasks: Sequence[Task]) -> None:
        context, settings = self.context, self.context.settings
        if settings.runs("render") and settings.runs("propagate"):
            self.refinement_state = refinement.refine(
                context.during(tasks[0].id), self.planned, self.refinement_state, self._run_round
            )
        elif settings.refine is not None and not self.refinement_state.done(settings.refine):
            context.message("--refine goes on in a run that renders and propagates; this one only takes what is known")

    def _run_round(self, refinement_state: RefinementState) -> tuple[int, ...]:
        """Run the tasks of the look with the keyframes of a further round; return the frames made."""
        self.refinement_state = refinement_state
        tasks = [task for task in self.tasks() if task.kind in ("keys", "span")]
        run_in_order(tasks, {kind: partial(run, self) for kind, run in _RUNNERS.items()})
        return self.last


_RUNNERS: Mapping[str, Callable[[LookRun, Sequence[Task]], None]] = MappingProxyType(
    {"keys": LookRun._render, "span": LookRun._propagate, "refine": LookRun._refine}
)


def _key_inputs(context: Context, to_render: Sequence[int]) -> tuple[rendering.KeyInputs, TimedRenderer]:
    """Return the inputs of key rendering. to_render: the keys that are not painted."""
    settings = context.settings
    reference = None
    if settings.style is not None and to_render:
        reference = rendering.read_reference(settings.style, context.project, context.shot.colour)
    renderer = TimedRenderer(_renderer(settings) if to_render else make_renderer("painted", settings))
    source = rendering.PlateSource(
        context.plates.colour, lambda frame: context.project.digest(context.plates.paths[frame])
    )
    stages = (settings.renderer, *context.motion.stages)
    inputs = rendering.KeyInputs(
        source, renderer, stages, reference, settings.seed, context.motion, open_conditioning(context)
    )
    return inputs, renderer


def _renderer(settings: Settings) -> Renderer:
    if not settings.paints and settings.renderer == "example":
        raise SettingsError(
            "there are keys to render and nothing to paint them after; give a reference with --style PICTURE, "
            "or painted keys with --keys FOLDER"
        )
    return make_renderer(settings.renderer, settings)
