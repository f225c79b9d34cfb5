"""Spans of a look that lack frames: their jobs and their cache keys."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from propagate.boil import max_wobble
from propagate.box import Box
from propagate.split_at_keys import Span, split_at_keys
from propagate.synthesis import SynthesisSettings
from stylize.context.context import Context
from stylize.jobs import task_id
from stylize.planning.picking import ShotPlan
from stylize.project.layout import KEPT_PASSES
from stylize.settings import Settings
from stylize.spans.frame_files import is_done
from stylize.spans.matte_roi import drawing_boxes, span_box
from stylize.spans.span_job import BACKWARD, FORWARD, SpanInputs, SpanJob
from stylize.stages import cache_key


@dataclass(frozen=True)
class PlannedSpan:
    """Span that lacks frames. task: id of its task. key: its cache key."""

    task: str
    key: str
    job: SpanJob

    def frame_key(self, frame: int) -> str:
        """Return the cache key of a frame of the span."""
        return _frame_key(self.key, self.job.span, frame)


def span_id(layer: str, span: Span) -> str:
    """Return the id of the task that makes a span of a layer. layer: its name, empty for the only look."""
    return task_id("span", layer, f"{span.frames[0]:04d}")


def planned_spans(
    context: Context, inputs: SpanInputs, plan: ShotPlan, stale: Collection[int] = ()
) -> Iterator[PlannedSpan]:  # fmt: skip
    """Yield the spans of a shot that lack frames. stale: keys whose spans are left out, as they are about to change."""
    drawing_of = plan.drawings(context.settings.on, context.settings.boil)
    for span in split_at_keys(plan.frames, plan.keys):
        if {span.left, span.right} & {*stale}:
            continue
        displayed = {frame: drawing_of[frame] for frame in span.frames}
        keys = [key for key in (span.left, span.right) if key is not None]
        shared = _shared_inputs(context, inputs, span, displayed)
        key = _span_key(context, inputs, shared, keys)
        missing = [
            frame
            for frame in span.frames
            if not is_done(context, frame, _frame_key(key, span, frame), blended=len(keys) > 1)
        ]
        if missing:
            # Spans of equal contents have equal cache keys, but each has a folder of its own.
            scratch = context.project.folder("passes") / cache_key("span", "scratch", key, span.frames)
            kept = _kept_folders(context, inputs, span, shared)
            yield PlannedSpan(
                span_id(context.name, span),
                key,
                SpanJob(span, frozenset(missing), displayed, scratch, *_boxes(context, displayed), kept),
            )


def kept_passes(context: Context, inputs: SpanInputs, plan: ShotPlan) -> list[Path]:
    """Return the folders of all passes of a shot whose drawings are kept."""
    drawing_of = plan.drawings(context.settings.on, context.settings.boil)
    found = list[Path]()
    for span in split_at_keys(plan.frames, plan.keys) if context.draft is not None else ():
        displayed = {frame: drawing_of[frame] for frame in span.frames}
        shared = _shared_inputs(context, inputs, span, displayed)
        found += _kept_folders(context, inputs, span, shared).values()
    return found


def _kept_folders(context: Context, inputs: SpanInputs, span: Span, shared: "_Shared") -> dict[str, Path]:
    """Return the folder of each pass of a span between two keys in a draft; see ``SpanJob.kept``."""
    if context.draft is None or span.left is None or span.right is None:
        return {}
    folder = context.project.folder("passes") / KEPT_PASSES
    return {
        side: folder / cache_key("span", "pass", side, span.frames, _span_key(context, inputs, shared, [key]))
        for side, key in ((FORWARD, span.left), (BACKWARD, span.right))
    }


def keyframe_key(context: Context, inputs: SpanInputs, frame: int) -> str:
    """Return the cache key of a frame that displays its keyframe."""
    return cache_key(
        "span", context.plate_digests([frame]), context.project.digest(inputs.key_file(frame)),
        context.matte_inputs([frame]), np.dtype(inputs.dtype).name, _boil_inputs(context.settings, [frame]),
        uses=_boil_stage(context.settings),
    )  # fmt: skip


def plate_key(context: Context, frame: int) -> str:
    """Return the cache key of a frame that displays its plate."""
    return cache_key("span", "plate", context.plate_digests([frame]))


@dataclass(frozen=True)
class _Shared:
    """Inputs of both passes of a span, apart from their keys: before and after these, and the stages that they use."""

    before: tuple[Any, ...]
    after: tuple[Any, ...]
    uses: tuple[str, ...]


def _shared_inputs(context: Context, inputs: SpanInputs, span: Span, displayed: Mapping[int, int]) -> _Shared:
    """Return the inputs of a span. Frames are counted from the first one, so that they do not depend on where the
    numbers of a shot start; only line boil does.
    """
    box, boxes = _boxes(context, displayed)
    keys = [key for key in (span.left, span.right) if key is not None]
    frames = sorted([*span.frames, *keys])
    drawings = [displayed[frame] for frame in span.frames]
    motion = context.motion.within(box)

    def place(frame: int | None) -> int | None:
        return None if frame is None else frame - frames[0]

    before = (
        SynthesisSettings().cache_key(), motion.cache_key(frames), place(span.left), place(span.right),
        [place(frame) for frame in frames], [place(drawing) for drawing in drawings], context.plate_digests(frames),
    )  # fmt: skip
    after = (
        context.matte_inputs(span.frames), np.dtype(inputs.dtype).name, _boil_inputs(context.settings, drawings),
        context.guide_inputs(frames), box.bounds() if box else [],
        [[place(drawing), one.bounds()] for drawing, one in sorted(boxes.items())],
    )  # fmt: skip
    return _Shared(before, after, (*motion.stages, *_boil_stage(context.settings)))


def _span_key(context: Context, inputs: SpanInputs, shared: _Shared, keys: Sequence[int]) -> str:
    """Return the cache key of a span, or of its pass from one key. keys: those that it depends on."""
    digests = [context.project.digest(inputs.key_file(key)) for key in keys]
    return cache_key("span", *shared.before, digests, *shared.after, uses=shared.uses)


def _frame_key(key: str, span: Span, frame: int) -> str:
    """Return the cache key of a frame of a span: that of the span, and the position, which tells its frames apart when
    they get other numbers.
    """
    return cache_key("span", "frame", key, frame - span.frames[0])


def _boxes(context: Context, displayed: Mapping[int, int]) -> tuple[Box | None, dict[int, Box]]:
    """Return the part of the frames to process, for the span and for each of its drawings.

    displayed: the drawing that each frame of the span displays.
    """
    if context.mattes is None:
        return None, {}
    box = span_box([context.extents[frame] for frame in displayed], context.shot.size)
    return box, drawing_boxes(
        context.extents, displayed, context.shot.size, box, max_wobble(context.shot.size[1], context.settings.boil)
    )


def _boil_inputs(settings: Settings, drawings: Sequence[int]) -> list[float]:
    """Return the inputs of line boil, which displaces each drawing by its number."""
    return [settings.boil, settings.seed, *drawings] if settings.boil > 0 else []


def _boil_stage(settings: Settings) -> Sequence[str]:
    return ("boil",) if settings.boil > 0 else ()
