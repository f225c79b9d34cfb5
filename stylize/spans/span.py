"""A span is carried from its keys, drawing by drawing, and comes out frame by frame.

A span with a key on both sides is passed twice, forward and backward, and each drawing is mixed from what both
passes say of it. After its first drawing, and then every few seconds, the state of a pass is kept, so that a run
that is killed goes on close to where it was, with the same bits; the two passes may be made by two processes.

All that remains to be done when a drawing is made, mixing, laying it over plates, writing, keeping, is done while the
next one is made. It is one job, and jobs are done one after the other: what a kept state has passed is on disk. Where
there are threads and memory for it, the two passes of a span are made beside each other instead, and the one that comes
to a drawing last mixes it.
"""

import contextlib
import shutil
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from masks.composite import over
from propagate.arrays import F32, Bools, Floats, Pixels
from propagate.blend import blend
from propagate.boil import boil, max_wobble
from propagate.box import Box, full_box
from propagate.concurrent_passes import run_concurrently
from propagate.flow import FlowEstimator, Step
from propagate.holds import chain_steps
from propagate.prefetch import write_behind
from propagate.scene import Scene
from propagate.synthesis import PassState, StylisedFrame, propagate_key
from propagate.threads import kernels_thread_safe, thread_limit
from stylize.context.keys import read_key
from stylize.errors import OutputError
from stylize.media.images import make_folder, quantise, to_float
from stylize.spans.matte_roi import around
from stylize.spans.resume_point import SPOILT, keep, kept, whole
from stylize.spans.span_job import BACKWARD, FORWARD, Engine, Event, Footage, Made, Part, Put

# Most seconds of work that a kill may cost; at first it is half of what the pass has done since it was begun.
KEEP_EVERY = 5.0
# Most pixels of a frame whose two passes are made beside each other: a second pass needs 300 bytes for each. In larger
# frames the pieces of one pass are large enough to keep all threads at work.
BESIDE = 1 << 20


_Job = Callable[[], Sequence[Event]]
_Jobs = Generator[_Job, None, None]


@dataclass(frozen=True)
class _Gone:
    """A drawing that the pass of a side has gone through. due: whether the pass's state is to be kept."""

    side: str
    carried: StylisedFrame
    due: bool


@dataclass(frozen=True)
class _Look:
    """A drawing before it is laid over plates. colour: uint8 or uint16 (H, W, 3), or float32 in [0, 1].

    box: what the arrays are of; None for the whole frame.
    """

    frame: int
    colour: Pixels
    error: Floats
    share: Floats | None = None
    box: Box | None = None


def finish_key(footage: Footage, engine: Engine, frame: int) -> Made:
    """A key comes out exactly as it is, but for boiling, the plate's alpha and the matte."""
    return next(_shown(footage, engine, _key_look(footage, frame), [frame]))


def propagate_span(footage: Footage, part: Part, engine: Engine, put: Put) -> Iterator[Event]:
    """Makes the wanted frames of a span, each once.

    put: sets a finished frame down where it lasts. It is called by other threads, by two at once where passes are
    made beside each other, while next ones are made. Tells of each frame when it has been put, and None for every
    drawing that a pass has gone through. Stopped and called again with the frames that are still wanted, it goes on
    from the last kept states. What ``put`` raises is raised here, at most one drawing later.
    """
    make_folder(part.scratch)
    if part.two_sided() and _room_for_two(footage, part):
        yield from _beside(footage, part, engine, put)
    else:
        yield from _told(_span_jobs(footage, part, engine, put))


def run_pass(footage: Footage, part: Part, side: str, engine: Engine) -> Iterator[None]:
    """One of the two passes of a span, left in its folder for ``mix``; None for every drawing gone through."""
    make_folder(part.scratch)
    for _ in _told(_pass_jobs(footage, part, side, engine)):
        yield None


def mix(footage: Footage, part: Part, drawings: Iterable[int], engine: Engine, put: Put) -> Iterator[int]:
    """Makes the wanted frames that show some drawings, when both passes have left theirs; the left key may be among
    them. put, and what is told: see ``propagate_span``.

    Raises OutputError when what a pass left has been lost meanwhile.
    """
    for frame in _told(_mix_jobs(footage, part, drawings, engine, put)):
        if frame is not None:
            yield frame


def clear(scratch: Path) -> None:
    """Removes the scratch folder of a span that is done."""
    shutil.rmtree(scratch, ignore_errors=True)


# Two passes beside each other


def _room_for_two(footage: Footage, part: Part) -> bool:
    """Whether both passes of a span may be made at once."""
    height, width = _cut(part, footage.colour(part.span.frames[0])).shape[:2]
    return thread_limit() > 1 and height * width <= BESIDE and kernels_thread_safe()


def _beside(footage: Footage, part: Part, engine: Engine, put: Put) -> Iterator[Event]:
    left = {side: {n for n in part.needed() if whole(_file(part, side, n))} for side in (FORWARD, BACKWARD)}
    yield from _held_from_key(footage, part, engine, put)
    yield from _told(_mix_jobs(footage, part, sorted(left[FORWARD] & left[BACKWARD]), engine, put))
    meeting = _Meeting(left)
    yield from run_concurrently(
        [partial(_side, footage, part, side, engine, put, meeting) for side in (FORWARD, BACKWARD)]
    )


def _side(
    footage: Footage, part: Part, side: str, engine: Engine, put: Put, meeting: "_Meeting"
) -> Generator[Event, None, None]:
    needed = part.needed()
    for gone in _pass(footage, part, side, engine):
        drawing = gone.carried.frame
        yield from _leave(part, gone) if drawing in needed else _passed(part, gone)
        if drawing in needed and meeting.completes(side, drawing):
            yield from _mix_left(footage, part, engine, put, drawing)


class _Meeting:
    """Which drawings each of the two passes has left, so that each is mixed once, by whichever pass comes last."""

    def __init__(self, left: Mapping[str, set[int]]) -> None:
        self._left = {side: set(drawings) for side, drawings in left.items()}
        self._one_at_a_time = threading.Lock()

    def completes(self, side: str, drawing: int) -> bool:
        """Notes that a pass has left a drawing; whether the other has too, and it was not there before."""
        with self._one_at_a_time:
            new = drawing not in self._left[side]
            self._left[side].add(drawing)
            return new and drawing in self._left[BACKWARD if side == FORWARD else FORWARD]


# Jobs: what remains to be done when a drawing is made, and is told then


def _told(jobs: _Jobs) -> Iterator[Event]:
    for events in write_behind(jobs):
        yield from events


def _span_jobs(footage: Footage, part: Part, engine: Engine, put: Put) -> _Jobs:
    yield partial(_held_from_key, footage, part, engine, put)
    if not part.two_sided():
        for gone in _pass(footage, part, FORWARD if part.span.right is None else BACKWARD, engine):
            yield partial(_finish, footage, part, engine, put, gone)
        return
    yield from _pass_jobs(footage, part, FORWARD, engine)
    kept = [drawing for drawing in part.order(BACKWARD)[1:] if whole(_file(part, BACKWARD, drawing))]
    yield from _mix_jobs(footage, part, kept, engine, put)
    for gone in _pass(footage, part, BACKWARD, engine):
        # What was kept is mixed already.
        yield (
            partial(_passed, part, gone)
            if gone.carried.frame in kept
            else partial(_finish, footage, part, engine, put, gone)
        )


def _pass_jobs(footage: Footage, part: Part, side: str, engine: Engine) -> _Jobs:
    needed = part.needed()
    for gone in _pass(footage, part, side, engine):
        yield partial(_leave if gone.carried.frame in needed else _passed, part, gone)


def _mix_jobs(footage: Footage, part: Part, drawings: Iterable[int], engine: Engine, put: Put) -> _Jobs:
    for drawing in drawings:
        if drawing == part.span.left:
            yield partial(_held_from_key, footage, part, engine, put)
        elif part.showing(drawing):
            yield partial(_mix_left, footage, part, engine, put, drawing)


def _held_from_key(footage: Footage, part: Part, engine: Engine, put: Put) -> list[Event]:
    """The wanted frames that still show the left key."""
    if part.span.left is None or not (held := part.showing(part.span.left)):
        return []
    look = _key_look(footage, part.span.left)
    if part.two_sided():
        look = replace(look, share=np.zeros_like(look.error))
    return _put_all(_shown(footage, engine, look, held), put)


def _finish(footage: Footage, part: Part, engine: Engine, put: Put, gone: _Gone) -> list[Event]:
    """The wanted frames that show a drawing of the last pass through a span, and then the state."""
    carried = gone.carried
    events: list[Event] = []
    if frames := part.showing(carried.frame):
        look = _Look(carried.frame, carried.colour, carried.error, box=part.box_of(carried.frame))
        if part.two_sided():
            look = _mixed(part, carried.frame, _packed(carried))
        events = _put_all(_shown(footage, engine, look, frames), put)
    return [*events, *_passed(part, gone)]


def _mix_left(footage: Footage, part: Part, engine: Engine, put: Put, drawing: int) -> list[Event]:
    look = _mixed(part, drawing, _left(part, BACKWARD, drawing))
    return _put_all(_shown(footage, engine, look, part.showing(drawing)), put)


def _leave(part: Part, gone: _Gone) -> list[Event]:
    """A drawing, for the other pass to be mixed with, and then the state."""
    keep(_file(part, gone.side, gone.carried.frame), _packed(gone.carried))
    return _passed(part, gone)


def _passed(part: Part, gone: _Gone) -> list[Event]:
    """Keeps a state if that is due: after all else of its drawing, so that nothing it has passed is made again."""
    if gone.due:
        keep(_state_file(part, gone.side), gone.carried.state.arrays())
    return [None]


def _put_all(frames: Iterable[Made], put: Put) -> list[Event]:
    events: list[Event] = []
    for made in frames:
        put(made)
        events.append(made.frame)
    return events


# Passes


def _pass(footage: Footage, part: Part, side: str, engine: Engine) -> Iterator[_Gone]:
    """Carries a key to the drawings of its side, going on from the last kept state."""
    order, reach = part.order(side), part.reach(side)
    state = _usable(_kept_state(_state_file(part, side)), part, side)
    first = 0 if state is None else order.index(state.frame)
    if first >= reach:
        return
    motion = engine.motion.within(part.box)
    step = chain_steps(motion.step, sorted({*part.span.frames, order[0]}))
    scene = _scene(footage, part, step, motion.refine, engine.boil)
    # No name is kept for the key and the state: the pass lets go of them when it has done with them.
    key = footage.key(order[0]), footage.plate(order[0])
    made = propagate_key(order[: reach + 1], scene, to_float(_cut(part, read_key(*key))), engine.synthesis, state)
    del key, state
    begun = last = time.monotonic()
    for carried in made:
        now = time.monotonic()
        due = now - last >= min(KEEP_EVERY, last - begun) or carried.frame == order[reach]
        last = now if due else last
        yield _Gone(side, carried, due)


def _scene(
    footage: Footage, part: Part, step: Callable[[int, int], Step], refine: FlowEstimator | None, strength: float
) -> Scene:  # fmt: skip
    return Scene(
        lambda frame: _cut(part, footage.colour(frame)), step, refine,
        lambda frame: [_cut(part, guide) for guide in footage.guides(frame)], footage.weights,
        lambda drawing: _seen(footage, part, drawing, strength), lambda drawing: _made(part, drawing),
    )  # fmt: skip


def _seen(footage: Footage, part: Part, drawing: int, strength: float) -> Bools | None:
    """Where a drawing lets anything be seen, in any frame that shows it, wanted or not."""
    if footage.matte is None:
        return None
    shows = [frame for frame in part.span.frames if part.shown[frame] == drawing]
    mattes = [footage.matte(frame) for frame in shows]
    box = part.box_of(drawing)
    parts = mattes if box is None else [box.crop(matte) for matte in mattes]
    return around(parts, max_wobble(mattes[0].shape[0], strength))


def _made(part: Part, drawing: int) -> Box | None:
    """What is made of a drawing, in the span's box; None for all of that."""
    box = part.boxes.get(drawing)
    return box if box is None or part.box is None else box.within(part.box)


def _cut(part: Part, picture: Pixels) -> Pixels:
    return picture if part.box is None else part.box.crop(picture)


def _usable(state: PassState | None, part: Part, side: str) -> PassState | None:
    """A kept state, if a pass can go on from it: it has not passed a drawing that is needed and not there."""
    order, needed = part.order(side), part.needed()
    if state is None or state.frame not in order:
        return None
    passed = order[1 : order.index(state.frame) + 1]
    there = all(whole(_file(part, side, frame)) for frame in passed if frame in needed)
    return state if there else None


def _packed(carried: StylisedFrame) -> dict[str, Pixels]:
    """What is kept of a drawing until the other pass has it: finer than any output."""
    return {"colour": quantise(carried.colour, np.uint16), "error": carried.error.astype(np.float16)}


def _left(part: Part, side: str, drawing: int) -> dict[str, Pixels]:
    path = _file(part, side, drawing)
    try:
        return kept(path)
    except SPOILT as error:
        # Not the folder: another process may be at work in it.
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        raise OutputError(
            f"{path} was lost or spoilt while it was needed; run again, and its span is made anew"
        ) from error


def _file(part: Part, side: str, drawing: int) -> Path:
    return part.scratch / f"{side}.{drawing}.npz"


def _state_file(part: Part, side: str) -> Path:
    return part.scratch / f"{side}.state.npz"


def _kept_state(file: Path) -> PassState | None:
    """The state that a pass left, or None; one that a failing disk has spoilt only costs time."""
    try:
        return PassState.from_arrays(kept(file))
    except SPOILT:
        return None


# Looks


def _key_look(footage: Footage, frame: int) -> _Look:
    key = read_key(footage.key(frame), footage.plate(frame))
    return _Look(frame, key, np.zeros(key.shape[:2], F32))


def _mixed(part: Part, drawing: int, backward: Mapping[str, Pixels]) -> _Look:
    forward = _left(part, FORWARD, drawing)
    left, right = part.order(FORWARD)[0], part.order(BACKWARD)[0]
    nearness = (drawing - left) / (right - left)
    colour, error, share = blend(forward["colour"], forward["error"], backward["colour"], backward["error"], nearness)
    return _Look(drawing, colour, error, share, part.box_of(drawing))


def _shown(footage: Footage, engine: Engine, look: _Look, frames: Sequence[int]) -> Iterator[Made]:
    """A drawing on each of the frames that show it: over the frame's own plate, through its own matte."""
    if not frames:
        return
    colour, box = look.colour, look.box
    if engine.boil > 0:
        # Shapes sway by the place in the whole frame.
        colour, box = _whole_frame(look, colour, footage), None
        floats = colour if colour.dtype == F32 else to_float(colour)
        colour = boil(floats, engine.boil, engine.seed, look.frame)
    if colour.dtype == F32:
        colour = quantise(colour, footage.dtype)
    error, share = (_whole_frame(look, one, footage) for one in (look.error, look.share))
    for frame in frames:
        picture, cut = _laid(footage, frame, colour, box)
        yield Made(frame, picture, error, share, cut)


def _whole_frame(look: _Look, plane: Any, footage: Footage) -> Any:
    """An array of a look on the whole frame: 0 outside of its box, where no frame shows it."""
    size = footage.plate(look.frame).shape[:2]
    if look.box is None or plane is None or plane.shape[:2] == size:
        return plane
    return look.box.zero_pad(plane, size)


def _laid(footage: Footage, frame: int, look: Pixels, box: Box | None) -> tuple[Pixels, Pixels | None]:
    """The look over the plate through the matte, with the plate's alpha, in the depth of the output; and, where there
    is a matte, the look alone, 0 where that is 0. box: what the look is of, None for all."""
    plate, look = to_depth(footage.plate(frame), footage.dtype), to_depth(look, footage.dtype)
    if footage.matte is None:
        return np.concatenate([look, plate[..., 3:]], axis=-1), None
    box = box or full_box(plate.shape)
    matte, picture = box.crop(footage.matte(frame)), plate.copy()
    box.put(over(look, box.crop(plate[..., :3]), matte), picture[..., :3])
    return picture, box.zero_pad(look * (matte[..., None] > 0), plate.shape[:2])


def to_depth(pixels: Pixels, dtype: type) -> Pixels:
    """uint8 or uint16 pixels in the other depth; 8 to 16 bit and back is without loss."""
    if pixels.dtype == dtype:
        return pixels
    if dtype == np.uint16:
        return pixels.astype(np.uint16) * np.uint16(257)
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
