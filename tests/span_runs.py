"""Spans of the small shot, and runs of them in this process."""

import numpy as np
import pytest

from propagate.flow_dis import DisFlow
from propagate.holds import drawings
from propagate.split_at_keys import Span
from propagate.synthesis import SynthesisSettings
from stylize.media.images import write_image
from stylize.motion.estimated import EstimatedMotion, Estimators
from stylize.spans.span import SpanRun
from stylize.spans.span_job import Engine, FrameFinished, SpanInputs, SpanJob
from tests.sliding import scene

PLATES = dict(enumerate(scene(7), 1))
# Between two keys, after the last key of a shot, and before its first.
SPANS = [Span((2, 3, 4, 5, 6), 1, 7), Span((2, 3, 4), 1, None), Span((4, 5, 6), None, 7)]


def span_inputs(folder, dtype=np.uint8, matte=None, plates=PLATES):
    """Inputs with keys that are the negatives of their plates."""
    keys = {n: folder / f"{n}.png" for n in (1, 7)}
    for number, path in keys.items():
        if not path.exists():
            write_image(path, 255 - PLATES[number])
    return SpanInputs(lambda n: plates[n][..., :3], plates.__getitem__, keys.__getitem__, matte, dtype)


def span_engine(inputs, folder, **more):
    flow = folder / "flow"
    flow.mkdir(exist_ok=True)
    motion = EstimatedMotion(inputs.colour, str, Estimators(DisFlow(), DisFlow(), "flow_dis"), flow, "shot")
    return Engine(motion, SynthesisSettings(), **more)


def span_job(span, scratch, wanted=None, every=1):
    """A job for the target frames of a span, all by default. every: frames per drawing."""
    keys = [key for key in (span.left, span.right) if key is not None]
    drawing_of = drawings(sorted({*span.frames, *keys}), keys, every)
    wanted = frozenset(span.frames if wanted is None else wanted)
    return SpanJob(span, wanted, {n: drawing_of[n] for n in span.frames}, scratch)


def collect(start):
    """Yield what a run puts in the order of its events; None for a drawing passed. start: starts it with a ``put``."""
    finished = {}
    for event in start(lambda frame: finished.__setitem__(frame.frame, frame)):
        yield finished[event.frame] if isinstance(event, FrameFinished) else None


def run_span(inputs, span, scratch, wanted=None, every=1, **more):
    """Run a whole span in this process; see ``collect``. more: of the engine."""
    job, engine = span_job(span, scratch, wanted, every), span_engine(inputs, scratch.parent, **more)
    return collect(lambda put: SpanRun(inputs, job, engine, put).run())


def run_pass(inputs, job, side, engine):
    """Run one pass of a span, for another process to blend."""
    return SpanRun(inputs, job, engine, lambda frame: pytest.fail("a pass alone finishes no frame")).run_pass(side)


def blend_drawings(inputs, job, some, engine):
    """Blend some drawings of two passes; see ``collect``."""
    return collect(lambda put: SpanRun(inputs, job, engine, put).blend(some))


def frames_in(events):
    """Finished frames among the events of ``collect``, by number."""
    return {frame.frame: frame for frame in events if frame is not None}
