"""Estimate of the time of a planned run, from the speeds that earlier runs measured on this machine.

A speed belongs to one machine, the versions of a stage, the threads and processes, and the options that make a step
cost more or less. Nothing is estimated before it has been measured.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stylize.context.context import Context
from stylize.extensions.discovery import flow as flow_of
from stylize.extensions.discovery import renderer as renderer_of
from stylize.planning.picking import ShotPlan
from stylize.project.speeds import Sizes, Speed, machine_key, speed_at
from stylize.run_clock import ExpectedStage
from stylize.run_order import CONFORM, EXPORT, LAYERS, PROPAGATE, RENDER, stages_of
from stylize.settings import Settings
from stylize.stages import cache_key
from stylize.step_times import StepTimes
from stylize.threads import available_cpus

# Work of a step that does not depend on the size of the picture, as a number of pixels.
FIXED_PIXELS: Mapping[str, int] = {RENDER: 120_000, PROPAGATE: 20_000, LAYERS: 10_000, EXPORT: 10_000, CONFORM: 10_000}

PlannedLook = tuple[Context, Sequence[ShotPlan]]


@dataclass(frozen=True)
class StageWork:
    """Work of a stage of a run.

    stage, layer: see ``StageProgress``. steps: number of steps that take time: keys to render, drawings of the passes,
    or frames. ignored: number of steps before these, which copy keyframes. key: key of the stage's speed.
    """

    stage: str
    layer: str
    steps: int
    ignored: int
    key: str

    @property
    def label(self) -> str:
        """Stage and layer in words."""
        return f"{self.stage} {self.layer}".strip()


def planned_work(whole: Context, looks: Sequence[PlannedLook], settings: Settings) -> list[StageWork]:
    """Return the work of the stages from rendering on, in order, as if none of it had been done.

    looks: the looks and their planned shots. settings: settings of the run; those of ``whole`` may end at the plan.
    """
    frames = len(whole.shot.frames)
    steps = {(stage, ""): (frames, 0) for stage in (CONFORM, LAYERS, EXPORT)}
    contexts = {context.name: context for context, _ in looks}
    for context, shots in looks:
        painted = context.keys.painted()
        rendered = sum(len(set(plan.keys) - painted) for plan in shots)
        drawings = sum(plan.pass_drawings(context.settings.on, context.settings.boil) for plan in shots)
        steps[RENDER, context.name] = rendered, 0
        steps[PROPAGATE, context.name] = drawings, sum(len(plan.keys) for plan in shots)
    return [
        StageWork(stage, layer, *steps[stage, layer], speed_key(contexts.get(layer, whole), stage))
        for stage, layer in stages_of(settings, unpacks=whole.shot.kind == "movie" or whole.shot.converted)
        if (stage, layer) in steps
    ]


def expected_stages(
    order: Iterable[tuple[str, str]], work: Sequence[StageWork], pixels: int, speeds: Mapping[str, Sizes],
) -> list[ExpectedStage]:  # fmt: skip
    """Return the expected time of every stage of a run; stages without work, such as planning, take no time.

    pixels: number of pixels in a frame.
    """
    known = {(one.stage, one.layer): _expected(one, pixels, speeds.get(one.key, {})) for one in work}
    return [known.get((stage, layer), ExpectedStage(stage, layer, 0.0)) for stage, layer in order]


def total_seconds(stages: Iterable[ExpectedStage]) -> float | None:
    """Return the sum of the expected times; None if one is unknown."""
    found = [one.seconds for one in stages]
    return None if None in found else sum(seconds for seconds in found if seconds is not None)


def measured_speeds(work: Sequence[StageWork], pixels: int, times: StepTimes) -> list[tuple[str, int, Speed]]:
    """Return the speeds that a run has measured, for ``keep_speeds``."""
    found = []
    for one in work:
        seconds = times.seconds.get(one.label, [])[one.ignored :]
        if not seconds:
            continue
        # The longest step includes startup, which is fixed.
        rest = sorted(seconds)[:-1] or seconds
        step = sum(rest) / len(rest)
        fixed = max(0.0, times.whole.get(one.label, 0.0) - len(seconds) * step)
        found.append((one.key, pixels, Speed(step, fixed, len(seconds))))
    return found


def speed_key(context: Context, stage: str) -> str:
    """Return the key of a stage's speed: of this machine, versions, threads, and options that change the cost."""
    settings = context.settings
    name, uses, values = _costly(context, stage)
    jobs = settings.jobs if stage == PROPAGATE else 1
    return machine_key(cache_key(name, "speed", settings.threads or available_cpus(), jobs, values, uses=uses))


def _costly(context: Context, stage: str) -> tuple[str, tuple[str, ...], list[Any]]:
    """Return the name of the stage in ``stages``, the stages that it uses, and the options that change its cost."""
    settings = context.settings
    if stage == RENDER:
        asked = (settings.model, settings.render_size, settings.steps, settings.upscale, settings.retries)
        # A plan may lack the reference that the run of this renderer needs.
        references = max(len(settings.references), int(settings.renderer == "example"))
        values = [settings.renderer, references, *map(str, (*asked, *settings.control))]
        # A step renders all candidates of a key.
        values += [] if settings.candidates is None else [f"{settings.candidates} candidates"]
        return "keys", (renderer_of(settings.renderer).cache_stage,), values
    if stage == PROPAGATE:
        vectors = settings.vectors or settings.vectors_back or settings.vectors_forward
        motion = "vectors" if vectors else flow_of(settings.flow).cache_stage
        inputs = [context.mattes is not None, len(context.guides), settings.boil > 0, settings.on]
        return "span", (motion,), inputs
    if stage == LAYERS:
        return "layers", (), [len(settings.layers)]
    if stage == EXPORT:
        output = Path(settings.output).suffix if settings.output else ""
        return "delivery", (), [str(settings.codec), str(settings.bits), output, list(settings.export)]
    return stage, (), []


def _expected(one: StageWork, pixels: int, sizes: Sizes) -> ExpectedStage:
    if not one.steps:
        return ExpectedStage(one.stage, one.layer, 0.0)
    speed = speed_at(sizes, pixels, FIXED_PIXELS[one.stage])
    if speed is None:
        return ExpectedStage(one.stage, one.layer)
    return ExpectedStage(one.stage, one.layer, speed.seconds(one.steps), speed.fixed)
