"""Run of one look, of a whole shot or a layer: its keyframes, its tasks, and the propagated frames."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType

from stylize import refinement
from stylize.context.context import Context
from stylize.context.keys import PAINTED
from stylize.context.model_store import ModelStore
from stylize.errors import SettingsError
from stylize.events import KeyRendered
from stylize.extensions.discovery import renderer as renderer_of
from stylize.jobs import Task, run_in_order, task_id
from stylize.keys import rendering
from stylize.keys.candidate_sheet import KeyCandidates, write_candidate_sheets
from stylize.keys.conditioning import open_conditioning
from stylize.keys.key_choice import NO_CHOICE, KeyChoice
from stylize.keys.key_plan import KeyInputs, KeyPlan, PlateSource
from stylize.keys.upgraded import upgraded_keys
from stylize.media.colour_report import colour_report
from stylize.media.images import has_several_pictures
from stylize.media.sequences import name_frames
from stylize.planning.budget import TimedRenderer, key_limits, record_costs
from stylize.planning.key_choices import read_key_choices, with_prompts, write_missing_table
from stylize.planning.picking import LOCKED, ShotPlan, plan_shots, shot_light, with_coverage
from stylize.refinement import Refinement, RefinementState
from stylize.renderers import Renderer, make_renderer, plates_destination
from stylize.renderers.painted import PaintedRenderer
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
    candidates: Mapping[int, tuple[Path, ...]] = field(default_factory=dict)
    sheets: tuple[Path, ...] = ()


def plan_look(context: Context, shot_frames: tuple[tuple[int, ...], ...]) -> tuple[ShotPlan, ...]:
    """Return the keyframes of one look, excluding those that refinement adds. shot_frames: the frames of each shot."""
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
    painted: keys painted by hand. key_seconds: see ``TimedRenderer``. candidates: files of the
    candidates of each key, in order, and sheets of them, made or confirmed in this run.
    """

    context: Context
    planned: tuple[ShotPlan, ...]
    rendered: set[int] = field(default_factory=set)
    redone: set[int] = field(default_factory=set)
    painted: tuple[int, ...] = ()
    key_seconds: list[float] = field(default_factory=list)
    candidates: dict[int, tuple[Path, ...]] = field(default_factory=dict)
    sheets: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        self.repaint = frozenset(self.context.settings.repaint)
        with prefix_errors(self.context.name):
            self.choices = read_key_choices(self.context)
            self.refinement_state = refinement.stored_rounds(self.context, self.planned)

    @property
    def shots(self) -> tuple[ShotPlan, ...]:
        """Shots with all keyframes."""
        return refinement.extend_shots(self.planned, self.refinement_state)

    def tasks(self) -> list[Task]:
        """Return all tasks of the look, including those already done.

        These are the keys of each shot, each of which depends on the previous one; its spans, which are independent;
        and refinement.
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
        candidates = {frame: self.candidates[frame] for frame in sorted(self.candidates)}
        return LookResult(
            self.shots, tuple(sorted(kept)), self.painted, tuple(sorted(self.redone)), rounds, candidates, self.sheets
        )

    def _render(self, tasks: Sequence[Task]) -> None:
        """Render the keys of all shots, one shot after the other."""
        context, shots = self.context, self.shots
        painted, numbers = context.keys.painted(), [key.frame for plan in shots for key in plan.keyframes]
        locked = [frame for frame, choice in self.choices.items() if choice.lock]
        context.keys.remove_stale([*numbers, *painted, *locked])
        self.painted = tuple(sorted(painted & set(numbers)))
        if unused := sorted(self.choices.keys() - set(numbers)):
            origin = self.choices[unused[0]].origin
            context.message(f"{origin}: not used, because not a keyframe: {name_frames(unused)}")
        inputs, renderer = _key_inputs(context, [number for number in numbers if number not in painted], self.choices)
        files, done = context.keys.files(), list[int]()

        def on_key(number: int, new: bool) -> None:
            done.append(number)
            if new:
                path = files.get(number, context.file("keys", number))
                context.reporter.send(KeyRendered(number, path, context.name))
            context.progress("render", len(done), len(numbers))

        def on_step(part: float) -> None:
            context.progress("render", len(done), len(numbers), part)

        key_plans, candidates = self._key_plans(painted), list[KeyCandidates]()
        _report_sending(context, key_plans, inputs)
        context.progress("render", 0, len(numbers))
        for task, key_plan in zip(tasks, key_plans, strict=True):
            project = context.project.during(task.id)
            with context.reporter.task(task.id):
                found = rendering.render_keys(key_plan, inputs, project, on_key, context.reporter, on_step)
                self.rendered.update(found.rendered)
                candidates += self._candidates(found.candidates, inputs)
        self.repaint = frozenset()  # rounds of refinement do not paint them once more
        if candidates:
            self._write_sheets(candidates)
        record_costs(context.during(PLAN), renderer)
        self.key_seconds += renderer.seconds

    def keys_to_render(self) -> list[int]:
        """Return the keys that a run would render, or whose candidates it would."""
        painted, numbers = self.context.keys.painted(), [key.frame for plan in self.shots for key in plan.keyframes]
        inputs, _ = _key_inputs(self.context, [number for number in numbers if number not in painted], self.choices)
        plans = self._key_plans(painted)
        return [number for plan in plans for number in rendering.keys_to_render(plan, inputs, self.context.project)]

    def _key_plans(self, painted: frozenset[int]) -> list[KeyPlan]:
        """Return what is known of the keys of each shot before they are rendered. painted: keys painted by hand."""
        context, shots, files = self.context, self.shots, self.context.keys.files()
        planned_keys = {frame for plan in self.planned for frame in plan.keys}
        late = frozenset(frame for plan in shots for frame in plan.keys if frame not in planned_keys)
        retried, upgraded = self.refinement_state.retried or frozenset(), upgraded_keys(context)

        def key_plan_of(plan: ShotPlan) -> KeyPlan:
            keys = {key.frame: files.get(key.frame, context.file("keys", key.frame)) for key in plan.keyframes}
            added = frozenset(key.frame for key in plan.keyframes if key.reason == PAINTED) & painted
            kept = frozenset(key.frame for key in plan.keyframes if key.reason == LOCKED)
            return KeyPlan(
                plan.frames, keys, painted, added | kept, context.shot.depth, late, retried, upgraded,
                shot_light(context.during(PLAN), plan.frames) if keys.keys() - painted else {},
                self.choices, context.settings.candidates or 1, self.repaint, context.settings.keep_others,
            )  # fmt: skip

        return [key_plan_of(plan) for plan in shots]

    def _candidates(self, files: Mapping[int, tuple[Path, ...]], inputs: KeyInputs) -> list[KeyCandidates]:
        """Return the candidates of the keys of a shot. files: by frame, in order."""
        found = []
        for number, paths in files.items():
            self.candidates[number] = paths
            choice = self.choices.get(number, NO_CHOICE)
            seed = inputs.seed if choice.seed is None else choice.seed
            found.append(KeyCandidates(number, paths, seed, choice, choice.prompt or ""))
        return found

    def _write_sheets(self, candidates: Sequence[KeyCandidates]) -> None:
        context = self.context
        self.sheets = tuple(write_candidate_sheets(context, candidates, len(self.planned)))
        table = write_missing_table(context, self.shots)
        files = ", ".join(map(str, self.sheets))
        context.message(
            f"candidates of {name_frames(self.candidates, 'keyframe')}: {files}; choose with stylize pick, or in the "
            f"column pick of {table}"
        )

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
            context.message(
                "--refine continues in a run that renders and propagates; this run only uses the existing rounds"
            )

    def _run_round(self, refinement_state: RefinementState) -> tuple[int, ...]:
        """Run the tasks of the look with the keyframes of another round; return the frames made."""
        self.refinement_state = refinement_state
        tasks = [task for task in self.tasks() if task.kind in ("keys", "span")]
        run_in_order(tasks, {kind: partial(run, self) for kind, run in _RUNNERS.items()})
        return self.last


_RUNNERS: Mapping[str, Callable[[LookRun, Sequence[Task]], None]] = MappingProxyType(
    {"keys": LookRun._render, "span": LookRun._propagate, "refine": LookRun._refine}
)


def _key_inputs(
    context: Context, to_render: Sequence[int], choices: Mapping[int, KeyChoice]
) -> tuple[KeyInputs, TimedRenderer]:
    """Return the inputs of key rendering. to_render: the keys that are not painted. choices: for single keys."""
    settings = context.settings
    paths = settings.references if to_render else ()
    references = rendering.read_references(paths, context.project, context.shot.colour)
    for path in filter(has_several_pictures, paths):
        context.message(f"warning: the reference {path} contains several pictures; only the first is used")
    for note in filter(None, (colour_report(path, context.shot.colour) for path in paths)):
        context.message(note)
    shared = context.models
    renderer = TimedRenderer(_renderer(with_prompts(settings, choices), shared) if to_render else PaintedRenderer())
    source = PlateSource(
        context.plates.colour,
        lambda frame: context.project.plate_digest(context.plates.paths[frame]),
        context.shot.colour,
    )
    stages = (renderer_of(settings.renderer).cache_stage, *context.motion.stages)
    inputs = KeyInputs(
        source, renderer, stages, references, settings.seed, context.motion, open_conditioning(context),
        settings.renderer, lambda: (_renderer(settings, shared) if to_render else PaintedRenderer()).cache_key(),
    )  # fmt: skip
    return inputs, renderer


def _report_sending(context: Context, plans: Sequence[KeyPlan], inputs: KeyInputs) -> None:
    """Report, before rendering, which plates are sent to a server, and its address."""
    destination = plates_destination(context.settings)
    if destination is None:
        return
    numbers = [frame for plan in plans for frame in rendering.keys_to_render(plan, inputs, context.project)]
    if numbers:
        context.message(f"plates are sent to {destination}: {name_frames(numbers, 'keyframe')}")


def _renderer(settings: Settings, models: ModelStore) -> Renderer:
    if renderer_of(settings.renderer).needs_reference and settings.style is None:
        raise SettingsError(
            "there are keys to render, but no reference; give one with --style PICTURE, "
            "or painted keys with --keys FOLDER"
        )
    return make_renderer(settings.renderer, settings, models=models)
