"""The render stage: keys that a person painted are taken as they are, the others are painted by the renderer."""

import shutil
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from propagate.arrays import F32, Bytes, Floats, Pixels
from propagate.flow import FlowEstimator, anchor, compose, sample
from propagate.trust import trust
from stylize.errors import FrameRangeError, InputError, PaintedKeyError, StyleError
from stylize.images import image_size, quantise, read_image, to_float, write_image
from stylize.project import Project, fingerprint
from stylize.renderers.protocol import Renderer, RenderRequest
from stylize.sequences import PICTURE_SUFFIXES, numbered

# Pixels of a reference picture beyond which it is refused: it would be made far smaller anyway.
LARGEST_STYLE = 100_000_000


@dataclass(frozen=True)
class Reference:
    """The reference picture. picture: float32 (H, W, 3); digest: of its file."""

    picture: Floats
    digest: str


@dataclass(frozen=True)
class PlateSource:
    """What rendering sees of the shot: the uint8 plate of a frame, and the digest of its contents."""

    colour: Callable[[int], Bytes]
    digest: Callable[[int], str]


def check_reference(path: Path) -> None:
    """Raises StyleError when the file is missing, is no picture, or is too large; reads only its head."""
    try:
        width, height = image_size(path)
    except InputError as error:
        raise StyleError(f"the reference cannot be used: {error}") from error
    if width * height > LARGEST_STYLE:
        raise StyleError(
            f"the reference {path} has {width}x{height} pixels, more than {LARGEST_STYLE // 10**6} million; "
            "make it smaller"
        )


def read_reference(path: Path, project: Project) -> Reference:
    """The reference picture, over white where it is transparent. Raises StyleError; see ``check_reference``."""
    check_reference(path)
    try:
        picture = to_float(read_image(path))
    except InputError as error:
        raise StyleError(f"the reference cannot be used: {error}") from error
    if picture.shape[2] == 4:
        picture = picture[..., :3] * picture[..., 3:] + (1 - picture[..., 3:])
    return Reference(np.ascontiguousarray(picture[..., :3], F32), project.digest(path))


def painted_keys(folder: Path, frames: Sequence[int], size: tuple[int, int]) -> dict[int, Path]:
    """The pictures in a folder of painted keys, by frame number, checked against the shot.

    Raises PaintedKeyError for an empty folder or a key of the wrong size, FrameRangeError for a number that the
    shot does not have, SequenceError for two files of one number.
    """
    if not folder.is_dir():
        raise PaintedKeyError(f"--keys takes a folder of painted keys, and {folder} is none")
    if not any(path.suffix.lower() in PICTURE_SUFFIXES for path in folder.iterdir()):
        raise PaintedKeyError(f"{folder} holds no painted keys; name them by frame number, as key.0012.png")
    found = numbered(folder)
    for number, path in found.items():
        check_key(path, number, frames, size)
    return found


def check_key(path: Path, number: int, frames: Sequence[int], size: tuple[int, int]) -> None:
    """Raises FrameRangeError or PaintedKeyError when a painted key does not fit the shot."""
    if number not in set(frames):
        raise FrameRangeError(
            f"the painted key {path} is for frame {number}, but the shot has frames {frames[0]} to {frames[-1]}; "
            "rename it to the number of the frame it was painted on"
        )
    try:
        found = image_size(path)
    except InputError as error:
        raise PaintedKeyError(f"the painted key {path} cannot be read: {error}") from error
    if found != size:
        raise PaintedKeyError(
            f"the painted key {path} has {found[0]}x{found[1]} pixels, the shot {size[0]}x{size[1]}; "
            "paint it at the shot's size"
        )


def take_over(source: Path, target: Path, project: Project) -> None:
    """Puts a key from the user's folder into the project, byte for byte when it is a PNG."""
    mark = fingerprint("painted", project.digest(source))
    if project.fresh(target, mark):
        return
    if source.suffix.lower() == ".png":
        project.place(target, mark, partial(_copy, source))
    else:
        project.place(target, mark, partial(_write, read_image(source)))


def _write(picture: Pixels, target: Path) -> None:
    write_image(target, picture)


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)


@dataclass(frozen=True)
class KeyPlan:
    """What rendering one shot takes. keys: frame to file, ascending. painted: those not to be rendered."""

    frames: tuple[int, ...]
    keys: Mapping[int, Path]
    painted: frozenset[int]
    depth: int


def render_keys(
    plan: KeyPlan, plates: PlateSource, renderer: Renderer, reference: Reference | None, seed: int,
    estimate: FlowEstimator, project: Project, on_key: Callable[[int, bool], None],
) -> list[int]:  # fmt: skip
    """Renders the keys of one shot that are not painted and not done; returns their numbers.

    Each later key starts from the one before, carried over by flow. A key's fingerprint counts the keys before
    it as if all were rendered: painting over one does not make the others anew.
    """
    rendered, before = [], ""
    earlier: int | None = None
    for number, path in plan.keys.items():
        style = reference.digest if reference else ""
        before = fingerprint(
            renderer.fingerprint(), seed, plan.depth, style, plates.digest(number), before, estimate.fingerprint()
        )
        if number not in plan.painted and not project.fresh(path, before):
            key = _render(plan, number, earlier, plates, renderer, reference, seed, estimate)
            picture = quantise(key, np.uint16 if plan.depth == 16 else np.uint8)
            project.place(path, before, partial(_write, picture))
            rendered.append(number)
        on_key(number, number in rendered)
        earlier = number
    return rendered


def _render(
    plan: KeyPlan, number: int, earlier: int | None, plates: PlateSource, renderer: Renderer,
    reference: Reference | None, seed: int, estimate: FlowEstimator,
) -> Floats:  # fmt: skip
    plate = plates.colour(number)
    carried, trusted = None, None
    if earlier is not None:
        carried, trusted = _carry_over(plan, earlier, number, plates, estimate)
    request = RenderRequest(
        number, plate.astype(F32) / F32(255), reference.picture if reference else None, carried, trusted, seed
    )
    return renderer.render(request, lambda done, total: None)


def _carry_over(
    plan: KeyPlan, earlier: int, number: int, plates: PlateSource, estimate: FlowEstimator
) -> tuple[Floats, Floats]:
    between = [frame for frame in plan.frames if earlier <= frame <= number]
    # Only the last one counts; a queue of one spares holding the others.
    (composed,) = deque(compose(between, plates.colour, estimate), maxlen=1)
    first, last = plates.colour(earlier), plates.colour(number)
    flow = anchor(composed.flow, first, last, estimate)
    key = np.ascontiguousarray(to_float(read_image(plan.keys[earlier]))[..., :3])
    return np.clip(sample(key, flow, cubic=True), 0, 1), trust(flow, composed.valid, first, last)
