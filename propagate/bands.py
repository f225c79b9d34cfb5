"""Band-wise processing of pictures: a few rows at a time, on several threads.

Intermediate results of a band are small and stay in the processor's caches. A step may run in bands if a row of its
result depends only on a few rows around it, the halo. The bands do not depend on the number of threads, and the result
is bit-identical to that of a single band over the whole picture. A step must not sum floats down the picture: the
rounding of such a sum depends on where it starts.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TypeVar

from propagate.threads import thread_limit

# Pixels in a band, without its halo: 1.5 MB as a float32 picture of three channels.
BAND_PIXELS = 1 << 17
# Minimum height of a band, in halos: limits the work that is done twice.
MIN_HALOS = 5
# Shares of a kernel's work per thread, and min pixels for which waking a thread pays off.
SHARES_PER_THREAD, MIN_SHARE_PIXELS = 3, 1 << 13

Item = TypeVar("Item")


@dataclass(frozen=True)
class Band:
    """Rows ``start`` to ``stop`` of a picture, exclusive; ``halo_start`` to ``halo_stop`` with their halo."""

    start: int
    stop: int
    halo_start: int
    halo_stop: int

    @property
    def rows(self) -> slice:
        """Rows of the band, as a slice of the picture."""
        return slice(self.start, self.stop)

    @property
    def with_halo(self) -> slice:
        """Rows of the band and its halo, as a slice of the picture."""
        return slice(self.halo_start, self.halo_stop)

    @property
    def interior(self) -> slice:
        """Rows of the band, as a slice of an array that holds the band and its halo."""
        return slice(self.start - self.halo_start, self.stop - self.halo_start)


def split_rows(height: int, band: int, halo: int = 0) -> Iterator[Band]:
    """Split a picture into bands of ``band`` rows; the last band takes the remainder.

    halo: rows that are read above and below each band, clipped at the picture's border. Raises ValueError for a band
    without rows or a negative halo.
    """
    if band < 1 or halo < 0:
        raise ValueError(f"a band must have 1 row or more and a halo of 0 or more, not {band} and {halo}")
    for start in range(0, height, band):
        stop = min(height, start + band)
        yield Band(start, stop, max(0, start - halo), min(height, stop + halo))


def band_height(height: int, width: int, halo: int) -> int:
    """Compute the height of the bands from the picture's size alone: nearly equal, so that threads finish together."""
    max_rows = max(1, BAND_PIXELS // max(1, width), MIN_HALOS * halo)
    return max(1, MIN_HALOS * halo, -(-height // max(1, -(-height // max_rows))))


def for_each_band(work: Callable[[Band], None], size: tuple[int, ...], halo: int = 0) -> None:
    """Call ``work`` for every band of a picture of ``size`` (H, W, ...), on as many threads as are allowed.

    work: writes the band's own rows of a result, and nothing else that another band reads. Its errors are re-raised
    here.
    """
    _for_each(work, list(split_rows(size[0], band_height(size[0], size[1], halo), halo)))


def for_each_share(work: Callable[[int, int], None], count: int, pixels: int) -> None:
    """Call ``work`` with the start and stop of shares of ``count`` parts of a picture, as ``for_each_band`` does.

    work: holds no lock of the interpreter while it runs. The shares depend on the number of threads, so the result must
    not depend on the shares. There are few: between two of them, a thread may wait for the interpreter. pixels: of the
    picture; a small one is not split.
    """
    threads = thread_limit()
    shares = 1 if threads == 1 else max(1, min(count, SHARES_PER_THREAD * threads, pixels // MIN_SHARE_PIXELS))
    limits = [count * index // shares for index in range(shares + 1)]
    _for_each(lambda share: work(*share), list(pairwise(limits)))


def _for_each(work: Callable[[Item], None], items: Sequence[Item]) -> None:
    workers = min(thread_limit(), len(items)) - 1
    pending = iter(items)
    if workers <= 0:
        _drain(work, pending)
        return
    futures = [_pool(workers).submit(_drain, work, pending) for _ in range(workers)]
    try:
        # The caller works too, so that it is not delayed by workers that are busy with another caller's items.
        _drain(work, pending)
    finally:
        started = [future for future in futures if not future.cancel()]
        wait(started)
    for future in started:
        future.result()


def _drain(work: Callable[[Item], None], pending: Iterator[Item]) -> None:
    try:
        for item in pending:
            work(item)
    finally:
        list(pending)  # after an error, no further item is started


@lru_cache(maxsize=4)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, "bands")
