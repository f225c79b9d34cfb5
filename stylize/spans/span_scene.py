"""Scene of one pass: plates, motion and guides of a shot, cropped to the span's box."""

from propagate.arrays import Bools, Floats
from propagate.boil import max_wobble
from propagate.holds import chain_steps
from propagate.scene import Scene
from stylize.context.keys import read_key
from stylize.media.images import to_float
from stylize.spans.matte_roi import search_area
from stylize.spans.span_job import Engine, SpanInputs, SpanJob


def pass_scene(inputs: SpanInputs, job: SpanJob, engine: Engine, key: int) -> Scene:
    """Return the scene of the pass that starts at a key."""
    motion = engine.motion.within(job.box)
    return Scene(
        plate=lambda frame: job.crop(inputs.colour(frame)),
        step=chain_steps(motion.step, sorted({*job.span.frames, key})),
        refine=motion.refine,
        guides=lambda frame: [job.crop(guide) for guide in inputs.guides(frame)],
        weights=inputs.guide_weights,
        visible=lambda drawing: _visible_area(inputs, job, drawing, engine.boil),
        box=job.box_in_crop,
    )


def key_picture(inputs: SpanInputs, job: SpanJob, key: int) -> Floats:
    """Return the picture of a key, float32 (H, W, 3) in [0, 1], cropped to the span's box."""
    return to_float(job.crop(read_key(inputs.key_file(key), inputs.plate(key), inputs.primaries)))


def _visible_area(inputs: SpanInputs, job: SpanJob, drawing: int, boil: float) -> Bools | None:
    """Return a mask of the pixels of a drawing that any frame displaying it shows, wanted or not; None for all."""
    if inputs.matte is None:
        return None
    mattes = [inputs.matte(frame) for frame in job.frames_of(drawing)]
    box = job.drawing_box(drawing)
    cropped = mattes if box is None else [box.crop(matte) for matte in mattes]
    return search_area(cropped, max_wobble(mattes[0].shape[0], boil))
