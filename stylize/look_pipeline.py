"""One look, all of a shot or a layer of it: its keyframes, its tasks, and the frames propagated from the keyframes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType

from stylize import refinement
from stylize.context.context import Work
from stylize.context.keys import PAINTED
from stylize.errors import SettingsError
from stylize.jobs import Task, run_in_order, task_id
from stylize.keys import rendering
from stylize.keys.conditioning import open_leads
from stylize.keys.upgraded import upgraded_keys
from stylize.planning.budget import TimedRenderer, limits, note_costs
from stylize.planning.picking import ShotPlan, explained, plan_shots
from stylize.refinement import Refined, Refinement
from stylize.renderers import Renderer, make_renderer
from stylize.session import told_of
from stylize.settings import Settings
from stylize.spans.scheduler import propagate_shots, span_tasks

PLAN = "plan"


@dataclass(frozen=True)
class Made:
    """What has been done for a look; see ``pipeline.Result``."""

    shots: tuple[ShotPlan, ...]
    rendered: tuple[int, ...]
    painted: tuple[int, ...]
    redone: tuple[int, ...]
    refinements: tuple[Refinement, ...]


def plan_look(work: Work, found: tuple[tuple[int, ...], ...]) -> tuple[ShotPlan, ...]:
    """Return the keyframes of one look, without those that refining adds. found: the frames of each shot."""
    with told_of(work.name):
        planning = work.during(PLAN)
        return plan_shots(planning, found, limits(planning, found))


def covered_look(work: Work, planned: tuple[ShotPlan, ...]) -> Made:
    """Return the keyframes of one look and what they explain, those that refining has added among them."""
    with told_of(work.name):
        refined = refinement.known(work, planned)
        shots = explained(work.during(PLAN), refinement.extended(planned, refined))
        return Made(shots, (), tuple(sorted(work.keys.painted())), (), refined.rounds)


def frames_there(work: Work) -> dict[int, Path]:
    """Return the frames of a look that exist."""
    return {frame: path for frame in work.shot.frames if (path := work.file("out", frame)).is_file()}


@dataclass
class LookRun:
    """One look on its way through the stages.

    planned: its shots, without the keyframes that refining adds. rendered, redone: keys and frames made in this run.
    painted: keys that a person painted.
    """

    work: Work
    planned: tuple[ShotPlan, ...]
    rendered: set[int] = field(default_factory=set)
    redone: set[int] = field(default_factory=set)
    painted: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        with told_of(self.work.name):
            self.refined = refinement.known(self.work, self.planned)

    @property
    def shots(self) -> tuple[ShotPlan, ...]:
        """The shots with all keyframes."""
        return refinement.extended(self.planned, self.refined)

    def tasks(self) -> list[Task]:
        """Return the tasks of the look, done or not.

        They are the keys of each shot, which are rendered one from another, its spans, which are independent of each
        other, and refining.
        """
        settings, tasks = self.work.settings, list[Task]()
        files = self.work.keys.files() if settings.runs("render") else {}
        for plan in self.shots if settings.runs("render") else ():
            keys = tuple(files.get(frame, self.work.file("keys", frame)) for frame in plan.keys)
            name = task_id("keys", self.work.name, f"{plan.frames[0]:04d}")
            tasks.append(Task(name, (PLAN,), keys, self.work.name, len(plan.keys)))
        if settings.runs("propagate"):
            tasks += span_tasks(self.work, self.shots, [task.id for task in tasks])
        if settings.refine is not None:
            tasks.append(Task(task_id("refine", self.work.name), tuple(task.id for task in tasks), work=self.work.name))
        return tasks

    def run(self, tasks: Sequence[Task]) -> None:
        """Run tasks of one kind."""
        with told_of(self.work.name):
            _RUNNERS[tasks[0].kind](self, tasks)

    def made(self) -> Made:
        """Return what has been done."""
        kept = self.rendered & {frame for plan in self.shots for frame in plan.keys}
        rounds = self.refined.rounds
        return Made(self.shots, tuple(sorted(kept)), self.painted, tuple(sorted(self.redone)), rounds)

    def _render(self, tasks: Sequence[Task]) -> None:
        """Render the keys of all shots, one shot after the other."""
        work, shots = self.work, self.shots
        painted, numbers = work.keys.painted(), [key.frame for plan in shots for key in plan.keyframes]
        work.keys.drop_others([*numbers, *painted])
        self.painted = tuple(sorted(painted & set(numbers)))
        base = {frame for plan in self.planned for frame in plan.keys}
        late = frozenset(frame for plan in shots for frame in plan.keys if frame not in base)
        again = self.refined.again or frozenset()
        inputs, renderer = _key_inputs(work, [number for number in numbers if number not in painted])
        files, done, upgraded = work.keys.files(), list[int](), upgraded_keys(work)

        def on_key(number: int, new: bool) -> None:
            done.append(number)
            work.progress("render", len(done), len(numbers))

        for task, plan in zip(tasks, shots, strict=True):
            keys = {key.frame: files.get(key.frame, work.file("keys", key.frame)) for key in plan.keyframes}
            added = frozenset(key.frame for key in plan.keyframes if key.reason == PAINTED)
            stage = rendering.KeyPlan(
                plan.frames, keys, painted, added & painted, work.shot.depth, late, again, upgraded
            )
            project = work.project.during(task.id)
            with work.log.task(task.id):
                self.rendered.update(rendering.render_keys(stage, inputs, project, on_key, work.message))
        note_costs(work.during(PLAN), renderer)

    def _propagate(self, tasks: Sequence[Task]) -> None:
        self.last = propagate_shots(self.work, self.shots)
        self.redone.update(self.last)

    def _refine(self, tasks: Sequence[Task]) -> None:
        work, settings = self.work, self.work.settings
        if settings.runs("render") and settings.runs("propagate"):
            self.refined = refinement.refine(work.during(tasks[0].id), self.planned, self.refined, self._make_again)
        elif settings.refine is not None and not self.refined.done(settings.refine):
            work.message("--refine goes on in a run that renders and propagates; this one only takes what is known")

    def _make_again(self, refined: Refined) -> tuple[int, ...]:
        """Run the tasks of the look with the keyframes of a further round; return the frames made."""
        self.refined = refined
        again = [task for task in self.tasks() if task.kind in ("keys", "span")]
        run_in_order(again, {kind: partial(run, self) for kind, run in _RUNNERS.items()})
        return self.last


_RUNNERS: Mapping[str, Callable[[LookRun, Sequence[Task]], None]] = MappingProxyType(
    {"keys": LookRun._render, "span": LookRun._propagate, "refine": LookRun._refine}
)


def _key_inputs(work: Work, waiting: Sequence[int]) -> tuple[rendering.KeyInputs, TimedRenderer]:
    """Return what keys are rendered from. waiting: the keys that are not painted."""
    settings = work.settings
    reference = None
    if settings.style is not None and waiting:
        reference = rendering.read_reference(settings.style, work.project, work.shot.colour)
    renderer = TimedRenderer(_renderer(settings) if waiting else make_renderer("painted", settings))
    source = rendering.PlateSource(work.plates.colour, lambda frame: work.project.digest(work.plates.paths[frame]))
    stages = (settings.renderer, *work.motion.stages)
    inputs = rendering.KeyInputs(source, renderer, stages, reference, settings.seed, work.motion, open_leads(work))
    return inputs, renderer


def _renderer(settings: Settings) -> Renderer:
    if not settings.paints and settings.renderer == "example":
        raise SettingsError(
            "there are keys to render and nothing to paint them after; give a reference with --style PICTURE, "
            "or painted keys with --keys FOLDER"
        )
    return make_renderer(settings.renderer, settings)
