"""Estimated motion of a shot, from each frame to its neighbours: once per pair, cached in the project folder."""

import contextlib
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from propagate import flow_codec
from propagate.arrays import Bytes
from propagate.box import Box
from propagate.flow import FlowEstimator, Step, estimate_steps
from propagate.flow_dis import DisFlow
from stylize.errors import OutputError
from stylize.io_errors import PROJECT_OPTION
from stylize.media.safe_write import atomic_write
from stylize.motion.keyed_lock import KeyedLock
from stylize.settings import Settings
from stylize.stages import cache_key

SUFFIX = ".flow"
# Part of the names of files that cover only a box of the frames.
INSIDE = ".inside"
_NUMBERS = re.compile(r"\.(\d+)-(\d+)\.flow$")


@dataclass(frozen=True)
class Estimators:
    """Flow estimators. neighbours: between consecutive frames. refine: between the warped key and a frame.

    stage: of `neighbours`, in the table of stages.
    """

    neighbours: FlowEstimator
    refine: FlowEstimator
    stage: str


def make_estimators(settings: Settings) -> Estimators:
    """Return the estimators that ``--flow`` requests. Raises FlowError if the library or the weights are missing.

    DIS always corrects drift, since it matches every pixel: RAFT works at an eighth of the resolution.
    """
    if settings.flow == "raft":
        from stylize.motion.raft import open_raft

        return Estimators(open_raft(settings.flow_weights, settings.threads), DisFlow("fine"), "flow_raft")
    return Estimators(DisFlow(), DisFlow("fine"), "flow_dis")


@dataclass(frozen=True)
class EstimatedMotion:
    """Motion estimated from the plates, in both directions at once.

    Each pair is estimated once, although both passes of a span run concurrently and meet at a pair in its middle.

    plate: uint8 (H, W, 3) of a frame. digest: of the contents of a plate. folder: for the files, one per pair of
    neighbours, with names that begin with ``name``. A file holds its cache key and reveals whether it is whole, so that
    processes can share the folder; one that is damaged or of another cache key is regenerated. box: the part of the
    plates to estimate, None for all; it has separate files for each ``layer``. shared: whether whole frames are
    estimated once and cropped to the box.
    """

    plate: Callable[[int], Bytes]
    digest: Callable[[int], str]
    estimators: Estimators
    folder: Path
    name: str
    box: Box | None = None
    layer: str = ""
    shared: bool = False
    _lock: KeyedLock = field(default_factory=KeyedLock, repr=False, compare=False)

    @property
    def refine(self) -> FlowEstimator:
        """See Motion."""
        return self.estimators.refine

    def within(self, box: Box | None) -> "EstimatedMotion":
        """See Motion."""
        return replace(self, box=box)

    def of_layer(self, name: str, *, shared: bool) -> "EstimatedMotion":
        """See Motion."""
        return replace(self, layer=name, shared=shared)

    @property
    def stages(self) -> tuple[str, ...]:
        """See Motion."""
        return (self.estimators.stage,)

    def cache_key(self, frames: Sequence[int]) -> str:
        """See Motion."""
        whole = "-whole" if self.shared and self.box is not None else ""
        return f"{self.estimators.neighbours.cache_key()}-{self.estimators.refine.cache_key()}{whole}"

    def _part(self, plate: Bytes) -> Bytes:
        return plate if self.box is None else self.box.crop(plate)

    def step(self, before: int, after: int) -> Step:
        """See Motion. Raises OutputError when the folder cannot be written."""
        if self.shared and self.box is not None:
            step = self.within(None).step(before, after)
            return Step(self.box.crop(step.flow), self.box.crop(step.consistent))
        first, second = sorted((before, after))
        part = "" if self.box is None else f".{self.layer}{INSIDE}" if self.layer else INSIDE
        path = self.folder / f"{self.name}{part}.{first:04d}-{second:04d}{SUFFIX}"
        bounds = self.box.bounds() if self.box else []
        key = cache_key(
            self.estimators.stage, self.estimators.neighbours.cache_key(), self.digest(first), self.digest(second),
            bounds,
        ).encode()  # fmt: skip
        # The other pass may be estimating this pair: wait for its result.
        with self._lock.hold(path):
            with contextlib.suppress(OSError, ValueError):
                return _read(path, key, forward=before < after)
            one, other = (self._part(self.plate(frame)) for frame in (first, second))
            forward, backward = map(flow_codec.quantise, estimate_steps(one, other, self.estimators.neighbours))
            _write(path, key + flow_codec.pack(forward) + flow_codec.pack(backward))
        return forward if before < after else backward


def remove_stale_flow(folder: Path, frames: Sequence[int]) -> None:
    """Remove the files of pairs that are no longer neighbours in the ascending ``frames``, and partial files."""
    pairs: Collection[tuple[int, int]] = set(pairwise(frames))
    for path in (*folder.glob(f"*{SUFFIX}"), *folder.glob(f".*{SUFFIX}.partial")):
        numbers = _NUMBERS.search(path.name)
        if path.name.startswith(".") or numbers is None or (int(numbers[1]), int(numbers[2])) not in pairs:
            path.unlink(missing_ok=True)


def _read(path: Path, key: bytes, *, forward: bool) -> Step:
    """Read one step. Raises OSError or ValueError for a file that is missing, not whole or of another cache key."""
    data = path.read_bytes()
    if not data.startswith(key):
        raise ValueError("made from something else")
    rest = data[len(key) :]
    return flow_codec.unpack(rest if forward else flow_codec.skip(rest))[0]


def _write(path: Path, data: bytes) -> None:
    if path.is_dir():
        raise OutputError(f"{path} is a folder, expected a file of motion or nothing; move it away")
    with atomic_write(path, PROJECT_OPTION, shared=True) as partial:
        partial.write_bytes(data)
