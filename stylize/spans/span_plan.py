"""Spans of a look that lack frames: their jobs and their cache keys."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from propagate.boil import max_wobble
from propagate.box import Box
from propagate.holds import drawings
from propagate.spans import Span, spans
from propagate.synthesis import SynthesisSettings
from stylize.context.context import Work
from stylize.jobs import task_id
from stylize.planning.picking import ShotPlan
from stylize.settings import FRAMES_PER_DRAWING, Settings
from stylize.spans.frame_files import is_done
from stylize.spans.matte_roi import drawing_boxes, span_box
from stylize.spans.span_job import SpanInputs, SpanJob
from stylize.stages import cache_key


@dataclass(frozen=True)
class PlannedSpan:
    """A span that lacks frames. task: id of its task. key: its cache key."""

    task: str
    key: str
    job: SpanJob


def span_id(layer: str, span: Span) -> str:
    """Return the id of the task that makes a span of a layer, whose name is empty for the only look."""
    return task_id("span", layer, f"{span.frames[0]:04d}")


def planned_spans(work: Work, inputs: SpanInputs, plan: ShotPlan) -> Iterator[PlannedSpan]:
    """Yield the spans of a shot that lack frames."""
    drawing_of = drawings(plan.frames, plan.keys, FRAMES_PER_DRAWING[work.settings.on])
    for span in spans(plan.frames, plan.keys):
        shown = {frame: drawing_of[frame] for frame in span.frames}
        key = _span_key(work, inputs, span, shown)
        two_sided = None not in (span.left, span.right)
        lacking = [frame for frame in span.frames if not is_done(work, frame, key, blended=two_sided)]
        if lacking:
            scratch = work.project.folder("passes") / key
            yield PlannedSpan(
                span_id(work.name, span), key, SpanJob(span, frozenset(lacking), shown, scratch, *_boxes(work, shown))
            )


def keyframe_key(work: Work, inputs: SpanInputs, frame: int) -> str:
    """Return the cache key of a frame that shows its keyframe."""
    return cache_key(
        "span", work.plate_digests([frame]), work.project.digest(inputs.key_file(frame)), work.matte_inputs([frame]),
        np.dtype(inputs.dtype).name, _boil_inputs(work.settings), uses=_boil_stage(work.settings),
    )  # fmt: skip


def plate_key(work: Work, frame: int) -> str:
    """Return the cache key of a frame that shows its plate."""
    return cache_key("span", "plate", work.plate_digests([frame]))


def _span_key(work: Work, inputs: SpanInputs, span: Span, shown: Mapping[int, int]) -> str:
    box, boxes = _boxes(work, shown)
    keys = [key for key in (span.left, span.right) if key is not None]
    seen = sorted([*span.frames, *keys])
    motion = work.motion.within(box)
    return cache_key(
        "span", SynthesisSettings().cache_key(), motion.cache_key(seen), span.left, span.right, seen,
        [shown[frame] for frame in span.frames], work.plate_digests(seen),
        [work.project.digest(inputs.key_file(key)) for key in keys], work.matte_inputs(span.frames),
        np.dtype(inputs.dtype).name, _boil_inputs(work.settings), work.guide_inputs(seen),
        box.bounds() if box else [], [[drawing, one.bounds()] for drawing, one in sorted(boxes.items())],
        uses=(*motion.stages, *_boil_stage(work.settings)),
    )  # fmt: skip


def _boxes(work: Work, shown: Mapping[int, int]) -> tuple[Box | None, dict[int, Box]]:
    """Return the part of the frames that has to be worked on: of the span, and of each of its drawings.

    shown: the drawing that each frame of the span displays.
    """
    if work.mattes is None:
        return None, {}
    box = span_box([work.extents[frame] for frame in shown], work.shot.size)
    return box, drawing_boxes(
        work.extents, shown, work.shot.size, box, max_wobble(work.shot.size[1], work.settings.boil)
    )


def _boil_inputs(settings: Settings) -> list[float]:
    return [settings.boil, settings.seed] if settings.boil > 0 else []


def _boil_stage(settings: Settings) -> Sequence[str]:
    return ("boil",) if settings.boil > 0 else ()
