"""Work that the next run of a project has to do, determined without doing any of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from stylize.context.context import Context
from stylize.look_pipeline import LookRun
from stylize.project.speeds import Sizes
from stylize.run_estimate import StageWork, expected_stages, planned_work, total_seconds
from stylize.run_order import CONFORM, LAYERS, PROPAGATE, RENDER
from stylize.settings import Settings
from stylize.spans.frame_files import is_done
from stylize.spans.scheduler import frame_dtype
from stylize.spans.span_plan import keyframe_key, planned_spans, plate_key
from stylize.spans.span_worker import span_inputs


@dataclass(frozen=True)
class PendingWork:
    """Work that a run has to do, in all layers.

    keys: number of keys to render. spans, frames: numbers of those to make. seconds: estimate for the whole run, from
    the speeds of earlier runs; None until this machine has measured them.
    """

    keys: int
    spans: int
    frames: int
    seconds: float | None


@dataclass(frozen=True)
class _LookWork:
    """Work on one look. drawings: number of drawings in the passes of its spans."""

    keys: int
    spans: int
    frames: int
    drawings: int


def pending_work(
    whole: Context, looks: Sequence[LookRun], settings: Settings, speeds: Mapping[str, Sizes]
) -> PendingWork:  # fmt: skip
    """Return the work of a run with these looks. speeds: those of this machine. Raises as rendering does."""
    found = {look.context.name: _look_work(look, settings) for look in looks}
    frames = sum(one.frames for one in found.values())
    planned = planned_work(whole, [(look.context, look.shots) for look in looks], settings)
    work = [_remaining(one, found, frames) for one in planned if one.stage != CONFORM]  # plates have been unpacked
    pixels, order = whole.shot.size[0] * whole.shot.size[1], [(one.stage, one.layer) for one in work]
    seconds = total_seconds(expected_stages(order, work, pixels, speeds))
    return PendingWork(
        sum(one.keys for one in found.values()), sum(one.spans for one in found.values()), frames, seconds
    )


def _look_work(look: LookRun, settings: Settings) -> _LookWork:
    context = look.context
    if context.matte_is_empty:
        plates = sum(not is_done(context, frame, plate_key(context, frame)) for frame in context.shot.frames)
        return _LookWork(0, 0, plates, 0)
    rendered = set(look.keys_to_render()) if settings.runs("render") else set[int]()
    if not settings.runs("propagate"):
        return _LookWork(len(rendered), 0, 0, 0)
    files = context.keys.files()
    stale = rendered | {frame for plan in look.shots for frame in plan.keys if frame not in files}
    inputs = span_inputs(context.plates, files, context.mattes, context.guides, frame_dtype(context, files))
    spans = frames = drawings = 0
    for plan in look.shots:
        for planned in planned_spans(context, inputs, plan, stale):
            spans, frames = spans + 1, frames + len(planned.job.wanted)
            drawings += planned.job.step_count()
        for span in plan.spans():
            if {span.left, span.right} & stale:
                spans, frames = spans + 1, frames + len(span.frames)
                drawings += len(span.frames) * (1 if None in (span.left, span.right) else 2)
        frames += sum(
            key in stale or not is_done(context, key, keyframe_key(context, inputs, key)) for key in plan.keys
        )
    return _LookWork(len(rendered), spans, frames, drawings)


def _remaining(planned: StageWork, found: Mapping[str, _LookWork], frames: int) -> StageWork:
    """Return what is left of the work of a stage. frames: number of frames that any look makes."""
    if planned.stage == RENDER:
        return replace(planned, steps=found[planned.layer].keys)
    if planned.stage == PROPAGATE:
        return replace(planned, steps=found[planned.layer].drawings)
    if planned.stage == LAYERS:
        return replace(planned, steps=min(frames, planned.steps))
    return planned if frames else replace(planned, steps=0)  # a movie is written as a whole
