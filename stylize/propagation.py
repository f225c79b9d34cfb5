"""The propagate stage: every span between keys is carried from its keys, and written frame by frame.

A span with a key on both sides is passed twice: forward into a scratch folder, then backward, mixing each frame
with what the forward pass left. Every few seconds the state of a pass is kept, so that a run that is killed goes
on close to where it was, with the same bits.
"""

import shutil
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from masks.composite import over
from propagate.arrays import F32, Bytes, Floats, Pixels
from propagate.blend import blend
from propagate.scene import Scene
from propagate.spans import Span
from propagate.synthesis import Carried, PassState, SynthesisSettings, carry
from stylize.errors import OutputError
from stylize.images import quantise, to_float, write_image
from stylize.keys import read_key
from stylize.motion import Motion

# Seconds of work that a kill may cost.
KEEP_EVERY = 5.0
# What a root mean squared difference of 1 is in the files of errors.
ERROR_UNIT = 65535
# What reading a file of arrays raises when it is not there or not whole.
SPOILT = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


@dataclass(frozen=True)
class Footage:
    """What propagation sees of a shot.

    colour: uint8 (H, W, 3) plate of a frame, for flow and guides. plate: the same in its own depth, with alpha
    where it has one. key: the file of a key. matte: float32 (H, W) of a frame, or None without mattes.
    settle: called before a state is kept, so that nothing it counts as done can be lost.
    """

    colour: Callable[[int], Bytes]
    plate: Callable[[int], Pixels]
    key: Callable[[int], Path]
    matte: Callable[[int], Floats] | None
    dtype: type
    settle: Callable[[], None]


@dataclass(frozen=True)
class Made:
    """One finished frame. error: float32 (H, W), see ``synthesis.Carried``."""

    frame: int
    picture: Pixels
    error: Floats


def finish_key(footage: Footage, frame: int) -> Made:
    """A key comes out exactly as it is, but for the plate's alpha and the matte."""
    key = read_key(footage.key(frame), footage.plate(frame))
    return Made(frame, _laid(footage, frame, key), np.zeros(key.shape[:2], F32))


def propagate_span(
    footage: Footage,
    span: Span,
    scratch: Path,
    motion: Motion,
    settings: SynthesisSettings,
    on_passed: Callable[[], None] = lambda: None,
) -> Iterator[Made]:
    """All frames of a span, in the order of the last pass; those already passed to a caller before a kill come
    again only as far as the last kept state.

    scratch: a folder of this span's own, under a name that changes with everything the span depends on.
    on_passed: called for each frame of the first of two passes, which yields nothing yet.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    if span.left is not None and span.right is not None:
        yield from _two_sided(footage, span, span.left, span.right, scratch, motion, settings, on_passed)
    elif span.left is not None:
        for carried in _pass(footage, [span.left, *span.frames], scratch / "forward", motion, settings):
            yield Made(carried.frame, _finished(footage, carried.frame, carried.colour), carried.error)
    elif span.right is not None:
        order = [span.right, *reversed(span.frames)]
        for carried in _pass(footage, order, scratch / "backward", motion, settings):
            yield Made(carried.frame, _finished(footage, carried.frame, carried.colour), carried.error)


def clear(scratch: Path) -> None:
    """Removes the scratch folder of a span that is done."""
    shutil.rmtree(scratch, ignore_errors=True)


def _two_sided(
    footage: Footage, span: Span, left: int, right: int, scratch: Path, motion: Motion,
    settings: SynthesisSettings, on_passed: Callable[[], None],
) -> Iterator[Made]:  # fmt: skip
    passed = {frame: scratch / f"forward.{frame}.npz" for frame in span.frames}
    state = _kept_state(_state_file(scratch / "forward"))
    if state is not None and not all(_whole(passed[frame]) for frame in span.frames if frame <= state.frame):
        _state_file(scratch / "forward").unlink()
    for carried in _pass(footage, [left, *span.frames], scratch / "forward", motion, settings):
        _keep(passed[carried.frame], colour=quantise(carried.colour, np.uint16),
              error=carried.error.astype(np.float16))  # fmt: skip
        on_passed()
    order = [right, *reversed(span.frames)]
    for carried in _pass(footage, order, scratch / "backward", motion, settings):
        forward = _kept(passed[carried.frame])
        nearness = (carried.frame - left) / (right - left)
        colour, error, _ = blend(
            to_float(forward["colour"]), forward["error"].astype(F32), carried.colour, carried.error, nearness
        )
        yield Made(carried.frame, _finished(footage, carried.frame, colour), error)


def _pass(
    footage: Footage, order: Sequence[int], kept: Path, motion: Motion, settings: SynthesisSettings
) -> Iterator[Carried]:
    """Carries a key along ``order``, going on from the last kept state, and keeps states."""
    key = to_float(read_key(footage.key(order[0]), footage.plate(order[0])))
    file = _state_file(kept)
    state = _kept_state(file)
    last = time.monotonic()
    scene = Scene(footage.colour, motion.step, motion.refine)
    for carried in carry(order, scene, key, settings, state):
        yield carried
        # Kept after the caller has the frame on disk: what a kept state has passed never has to be made again.
        if time.monotonic() - last > KEEP_EVERY or carried.frame == order[-1]:
            footage.settle()
            _keep(file, **carried.state.arrays())
            last = time.monotonic()


def _keep(path: Path, **arrays: Pixels) -> None:
    partial = path.with_name(f".part-{path.name}")
    try:
        with partial.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type, unused-ignore]
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OutputError(f"{path} cannot be written ({error.strerror}); free space or choose --project") from error


def _state_file(kept: Path) -> Path:
    return kept.with_suffix(".state.npz")


def _kept_state(file: Path) -> PassState | None:
    """The state that a pass left, or None; one that a failing disk has spoilt only costs time."""
    try:
        return PassState.from_arrays(_kept(file))
    except SPOILT:
        return None


def _whole(file: Path) -> bool:
    try:
        return bool(_kept(file))
    except SPOILT:
        return False


def _kept(path: Path) -> dict[str, Pixels]:
    with np.load(path) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _finished(footage: Footage, frame: int, colour: Floats) -> Pixels:
    return _laid(footage, frame, quantise(colour, footage.dtype))


def _laid(footage: Footage, frame: int, look: Pixels) -> Pixels:
    """The look over the plate through the matte, with the plate's alpha, in the depth of the output."""
    plate = to_depth(footage.plate(frame), footage.dtype)
    look = to_depth(look, footage.dtype)
    if footage.matte is not None:
        look = over(look, np.ascontiguousarray(plate[..., :3]), footage.matte(frame))
    return np.concatenate([look, plate[..., 3:]], axis=-1)


def to_depth(pixels: Pixels, dtype: type) -> Pixels:
    """uint8 or uint16 pixels in the other depth; 8 to 16 bit and back is without loss."""
    if pixels.dtype == dtype:
        return pixels
    if dtype == np.uint16:
        return pixels.astype(np.uint16) * np.uint16(257)
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)


def write_error(path: Path, error: Floats) -> None:
    """An error map as a grey 16-bit picture: root of the mean squared difference, 65535 for 1."""
    grey = np.floor(np.sqrt(np.clip(error, 0, 1)) * ERROR_UNIT + 0.5).astype(np.uint16)
    write_image(path, np.repeat(grey[..., None], 3, axis=2))
