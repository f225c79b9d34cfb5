"""The motion of a shot: from each frame to its neighbours, estimated once a pair and kept in the project folder."""

import contextlib
import os
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from propagate import flow_codec
from propagate.arrays import Bytes
from propagate.flow import FlowEstimator, Step, take_steps
from stylize.errors import OutputError
from stylize.project import fingerprint

SUFFIX = ".flow"
_NUMBERS = re.compile(r"\.(\d+)-(\d+)\.flow$")


class Motion(Protocol):
    """Motion between the neighbouring frames of a shot."""

    @property
    def refine(self) -> FlowEstimator | None:
        """What takes back the drift of composed flow; None where the motion is exact."""
        ...

    def step(self, before: int, after: int) -> Step:
        """From a frame to its neighbour, earlier or later, on the grid of ``after``. The same bits at every call."""
        ...

    def fingerprint(self, frames: Sequence[int]) -> str:
        """What the steps among ``frames``, which follow each other, depend on beside the plates."""
        ...


@dataclass(frozen=True)
class EstimatedMotion:
    """Motion that is estimated from the plates: both ways at once, and never twice.

    plate: uint8 (H, W, 3) of a frame. digest: of the contents of a plate. estimate: between neighbours; refine: see
    Motion. folder: for the files, one a pair of neighbours, whose names begin with ``name``. A file tells itself what it was made from and whether it is whole, so
    that processes may share the folder; what is spoilt or of another fingerprint is made again.
    """

    plate: Callable[[int], Bytes]
    digest: Callable[[int], str]
    estimate: FlowEstimator
    refine: FlowEstimator
    folder: Path
    name: str

    def fingerprint(self, frames: Sequence[int]) -> str:
        """See Motion."""
        return f"{self._between()}-{self.refine.fingerprint()}"

    def _between(self) -> str:
        return f"{self.estimate.fingerprint()}-codec{flow_codec.VERSION}"

    def step(self, before: int, after: int) -> Step:
        """See Motion. Raises OutputError when the folder cannot be written."""
        first, second = sorted((before, after))
        path = self.folder / f"{self.name}.{first:04d}-{second:04d}{SUFFIX}"
        pair = [self.digest(first), self.digest(second)]
        mark = fingerprint(self._between(), pair).encode()
        with contextlib.suppress(OSError, ValueError):
            return _read(path, mark, onward=before < after)
        onward, back = map(flow_codec.rounded, take_steps(self.plate(first), self.plate(second), self.estimate))
        _write(path, mark + flow_codec.pack(onward) + flow_codec.pack(back))
        return onward if before < after else back


def tidy(folder: Path, frames: Sequence[int]) -> None:
    """Removes the files of pairs that are no neighbours any more in ``frames``, ascending, and what a kill left."""
    pairs: Collection[tuple[int, int]] = set(pairwise(frames))
    for path in folder.glob(f"*{SUFFIX}"):
        numbers = _NUMBERS.search(path.name)
        if path.name.startswith(".part-") or numbers is None or (int(numbers[1]), int(numbers[2])) not in pairs:
            path.unlink(missing_ok=True)


def _read(path: Path, mark: bytes, *, onward: bool) -> Step:
    """Raises OSError or ValueError for a file that is not there, not whole or of another fingerprint."""
    data = path.read_bytes()
    if not data.startswith(mark):
        raise ValueError("made from something else")
    rest = data[len(mark) :]
    return flow_codec.unpack(rest if onward else flow_codec.skip(rest))[0]


def _write(path: Path, data: bytes) -> None:
    # Two runs may make the same pair at one time, and both right.
    partial = path.with_name(f".part-{os.getpid()}-{path.name}")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise OutputError(f"{path} cannot be written ({error.strerror}); free space or choose --project") from error
