"""Estimate of the time of the full run of a draft.

It is based on the speeds of earlier runs at the full size, if this machine has measured all of them, and otherwise on
the times that drafts measure: the time of a stage is proportional to the number of pixels, and that of a key to the
work that its renderer reports. Startup, such as loading kernels or a model, is constant; it is estimated as the excess
of the longest step. If a stage has no work to do, the estimate uses the times of an earlier draft.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stylize.context.context import Context
from stylize.look_pipeline import PLAN, LookRun
from stylize.planning.budget import format_duration
from stylize.project.speeds import Sizes
from stylize.run_estimate import expected_stages, planned_work, total_seconds
from stylize.run_order import CONFORM, EXPORT, LAYERS, PROPAGATE, RENDER
from stylize.stages import cache_key
from stylize.step_times import StageTime, StepTimes, stage_time

_FACT = "seconds a step"


@dataclass(frozen=True)
class FullEstimate:
    """Estimate for the full run. keys: number of keys to render. frames: number of frames to make."""

    seconds: float
    keys: int
    frames: int

    def __str__(self) -> str:
        keys, frames = _count(self.keys, "key"), _count(self.frames, "frame")
        return f"full size: about {_rounded(self.seconds)}, {keys} and {frames}"


def estimate_full_run(
    whole: Context, looks: Sequence[LookRun], times: StepTimes, speeds: Mapping[str, Sizes]
) -> FullEstimate | None:
    """Return the estimate for the full run of a draft, and record the measurements that it is based on.

    speeds: those of this machine. Returns None if neither this draft nor an earlier run measured the keys and the
    frames.
    """
    extrapolated = _extrapolated(whole, looks, times)
    keys = sum(len(set(plan.keys) - look.context.keys.painted()) for look in looks for plan in look.shots)
    seconds = _measured_at_full_size(whole, looks, speeds)
    if seconds is None:
        seconds = extrapolated
    return None if seconds is None else FullEstimate(seconds, keys, len(whole.shot.frames))


def _measured_at_full_size(
    whole: Context, looks: Sequence[LookRun], speeds: Mapping[str, Sizes]
) -> float | None:  # fmt: skip
    """Return the seconds of the full run from speeds at exactly its size; None if one of them is missing."""
    pixels = whole.full.shot.size[0] * whole.full.shot.size[1]
    work = planned_work(whole, [(look.context, look.shots) for look in looks], whole.settings)
    at_size = {key: {pixels: sizes[pixels]} for key, sizes in speeds.items() if pixels in sizes}
    return total_seconds(expected_stages([(one.stage, one.layer) for one in work], work, pixels, at_size))


def _extrapolated(whole: Context, looks: Sequence[LookRun], times: StepTimes) -> float | None:
    """Return the seconds of the full run from the times of this draft, or of an earlier one; record them."""
    full, size = whole.full.shot.size, whole.shot.size
    ratio, frames = (full[0] * full[1]) / (size[0] * size[1]), len(whole.shot.frames)
    seconds = 0.0
    for look in looks:
        count = sum(len(set(plan.keys) - look.context.keys.painted()) for plan in look.shots)
        context = look.context.during(PLAN)
        key = _recorded(context, RENDER, stage_time(look.key_seconds))
        label = f"{PROPAGATE} {look.context.name}".strip()
        # If no frame is made, the measured steps are those of keyframes only, which are too short.
        step = _recorded(context, PROPAGATE, times.stage(label) if look.redone else None)
        if (count and key is None) or step is None:
            return None
        on, boil = look.context.settings.on, look.context.settings.boil
        steps = sum(len(plan.keys) + plan.pass_drawings(on, boil) for plan in look.shots)
        # The times of keys are already extrapolated to the full size, and include startup.
        seconds += (0.0 if key is None else count * key.step) + ratio * steps * step.step + step.startup
    stages = [*([] if whole.shot.in_place else [CONFORM]), *([LAYERS] if whole.settings.layers else []), EXPORT]
    for stage in stages:
        if (one := _recorded(whole.during(PLAN), stage, times.stage(stage))) is not None:
            seconds += ratio * frames * one.step + one.startup
    return seconds


def _recorded(context: Context, stage: str, measured: StageTime | None) -> StageTime | None:
    """Record a measurement and return it; if there is none, return that of an earlier draft."""
    key = cache_key("key_cost", stage, context.shot.size, context.settings.jobs, settings=context.settings)
    if measured is None:
        known = context.project.recall(f"{_FACT} {stage}", key)
        return None if known is None else StageTime(float(known), 0.0)
    context.project.remember(f"{_FACT} {stage}", key, measured.step)
    return measured


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _rounded(seconds: float) -> str:
    """Return a duration in words, rounded to about two digits."""
    unit = 60 if seconds >= 3600 else 10 if seconds >= 120 else 1
    return format_duration(max(1, unit * round(seconds / unit)))
