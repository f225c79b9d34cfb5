"""Motion of a shot, estimated once per pair of neighbouring frames and cached in the project folder."""

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
from stylize.io_errors import PROJECT_OPTION, output_error
from stylize.media.safe_write import PARTIAL, Seal, atomic_write, no_seal
from stylize.motion.keyed_lock import KeyedLock
from stylize.motion.registered import open_flow
from stylize.project import MOTION, Project
from stylize.settings import Settings
from stylize.stages import cache_key

SUFFIX = ".flow"
# Name part of files that cover only a box of the frames.
INSIDE = ".inside"
_NUMBERS = re.compile(r"\.(\d+)-(\d+)\.flow$")
# Start of a file: its cache key, or zeros after a system crash.
_HEAD, _HEAD_SIZE = re.compile(rb"[0-9a-f-]*\0*"), 40


@dataclass(frozen=True)
class Estimators:
    """Flow estimators.

    neighbours: between neighbouring frames. refine: between the warped key and a frame. stage: stage of `neighbours` in
    the table of stages.
    """

    neighbours: FlowEstimator
    refine: FlowEstimator
    stage: str


def make_estimators(settings: Settings) -> Estimators:
    """Return the estimators that ``--flow`` requests.

    Drift is always corrected with DIS, which matches at full resolution; RAFT works at an eighth of it. Raises
    FlowError if a library or weights are missing, ExtensionError if an extension is invalid.
    """
    neighbours, stage = open_flow(settings)
    return Estimators(neighbours, DisFlow("fine"), stage)


@dataclass(frozen=True)
class EstimatedMotion:
    """Motion estimated from the plates, in both directions together.

    Each pair of neighbours has one file, with its cache key and a check of completeness, so that processes can share
    the folder. Damaged and outdated files are regenerated. A lock ensures that the two concurrent passes of a span
    estimate each pair once.

    plate: returns the plate of a frame: RGB, uint8 (H, W, 3). digest: returns the digest of a plate's contents. folder,
    name: folder of the files, and prefix of their names. box: part of the plates to estimate; None for whole frames.
    layer: name of the layer that the files of a box belong to. shared: estimate whole frames once and crop them to the
    box. seal: returns the seal that records the files of a cache key.
    """

    plate: Callable[[int], Bytes]
    digest: Callable[[int], str]
    estimators: Estimators
    folder: Path
    name: str
    box: Box | None = None
    layer: str = ""
    shared: bool = False
    seal: Callable[[str], Seal] = lambda key: no_seal
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
        """See Motion. Raises OutputError if the folder is not writable."""
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
        )  # fmt: skip
        # Wait if the other pass is estimating this pair.
        with self._lock.hold(path):
            with contextlib.suppress(OSError, ValueError):
                return _read(path, key.encode(), forward=before < after)
            one, other = (self._part(self.plate(frame)) for frame in (first, second))
            forward, backward = map(flow_codec.quantise, estimate_steps(one, other, self.estimators.neighbours))
            self._write(path, key, flow_codec.pack(forward) + flow_codec.pack(backward))
        return forward if before < after else backward

    def _write(self, path: Path, key: str, steps: bytes) -> None:
        _check_replaceable(path)
        with atomic_write(path, PROJECT_OPTION, shared=True, seal=self.seal(key)) as partial:
            partial.write_bytes(key.encode() + steps)


def remove_stale_flow(project: Project, frames: Sequence[int]) -> None:
    """Remove the recorded files of pairs that are no longer neighbours in ``frames``, and partial files.

    project: the shot's project, locked. Files without a record in it are kept. frames: ascending.
    """
    project.reload(MOTION)
    folder = project.folder("flow")
    pairs: Collection[tuple[int, int]] = set(pairwise(frames))
    for path in folder.glob(f"*{SUFFIX}"):
        numbers = _NUMBERS.search(path.name)
        if numbers is not None and (int(numbers[1]), int(numbers[2])) not in pairs and project.ours(path):
            project.forget(path)
    for path in folder.glob(f".*{SUFFIX}{PARTIAL}"):
        if path.is_file() and not path.is_symlink():
            path.unlink(missing_ok=True)


def _read(path: Path, key: bytes, *, forward: bool) -> Step:
    """Read one step. Raises OSError or ValueError if the file is missing or damaged or has another cache key."""
    data = path.read_bytes()
    if not data.startswith(key):
        raise ValueError("expected another cache key")
    rest = data[len(key) :]
    return flow_codec.unpack(rest if forward else flow_codec.skip(rest))[0]


def _check_replaceable(path: Path) -> None:
    """Raise OutputError if the path is a folder, or a file that does not start like a flow file of stylize."""
    if path.is_dir():
        raise OutputError(f"{path} is a folder, expected a flow file or nothing; move it elsewhere")
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_SIZE)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise output_error(error, path, PROJECT_OPTION) from error
    if not _HEAD.fullmatch(head):
        raise OutputError(f"{path} exists and is not a flow file that stylize wrote; move it elsewhere")
