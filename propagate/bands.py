"""Works a picture in bands of rows: what lies between two steps is then small, stays in the processor's caches, and
is made on several threads.

A step may be worked so if a row of its result depends on few rows around it, the halo. The bands are the same
whatever the threads, and the bits are those of one band over the whole picture: sums of floats that run down the
picture would not be, so none may be used whose rounding depends on where it began.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import lru_cache

from propagate.threads import allowed

# Pixels of a band, its halo not counted: a float32 picture of three channels is then 1.5 MB.
PIXELS = 1 << 17
# A band is at least so many halos high, so that little is made twice.
HALOS = 5


@dataclass(frozen=True)
class Band:
    """Rows ``first`` to ``last`` of a picture, ``last`` not among them; with their halo, ``top`` to ``bottom``."""

    first: int
    last: int
    top: int
    bottom: int

    @property
    def own(self) -> slice:
        """The band's rows, in the picture."""
        return slice(self.first, self.last)

    @property
    def wide(self) -> slice:
        """The band's rows and its halo, in the picture."""
        return slice(self.top, self.bottom)

    @property
    def inner(self) -> slice:
        """The band's rows, in an array that holds them and the halo."""
        return slice(self.first - self.top, self.last - self.top)


def rows(height: int, band: int, halo: int = 0) -> Iterator[Band]:
    """Bands of ``band`` rows, the last with what is left, that together are all rows of a picture, each once.

    halo: rows that are looked at above and below, cut off at the picture's border. Raises ValueError for a band
    without rows or a halo below 0.
    """
    if band < 1 or halo < 0:
        raise ValueError(f"a band must have 1 row or more and a halo of 0 or more, not {band} and {halo}")
    for first in range(0, height, band):
        last = min(height, first + band)
        yield Band(first, last, max(0, first - halo), min(height, last + halo))


def rows_of_a_band(height: int, width: int, halo: int) -> int:
    """How high bands are, by the picture's size alone: all about alike, so that threads end together."""
    most = max(1, PIXELS // max(1, width), HALOS * halo)
    return max(1, HALOS * halo, -(-height // max(1, -(-height // most))))


def in_bands(work: Callable[[Band], None], size: tuple[int, ...], halo: int = 0) -> None:
    """Calls ``work`` for all bands of a picture of ``size`` (H, W, ...), on as many threads as are allowed.

    work: writes its own rows of a result, and nothing else that another band reads. What it raises is raised here.
    """
    bands = list(rows(size[0], rows_of_a_band(size[0], size[1], halo), halo))
    helpers = min(allowed(), len(bands)) - 1
    waiting = iter(bands)
    others = [_pool(helpers).submit(_work_off, work, waiting) for _ in range(helpers)]
    try:
        # The caller works too, so that helpers that are busy with another caller's bands hold nobody up.
        _work_off(work, waiting)
    finally:
        begun = [other for other in others if not other.cancel()]
        wait(begun)
    for other in begun:
        other.result()


def _work_off(work: Callable[[Band], None], waiting: Iterator[Band]) -> None:
    try:
        for band in waiting:
            work(band)
    finally:
        list(waiting)  # after an error nothing new is begun


@lru_cache(maxsize=4)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, "bands")
