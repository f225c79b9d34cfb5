"""Compilation of all kernels before a run, and a note if a run has to compile them. Kernels are compiled on their first
call, and cached for all installations of the user; see ``propagate.kernels.cache``.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from masks.min_cut import solve
from propagate.arrays import F32, U8
from propagate.kernels.cache import kernels_folder
from propagate.kernels.cache_folder import VARIABLE
from propagate.kernels.kernel import keep
from propagate.patchmatch import Costs, Sweep
from propagate.patchmatch_numba import PatchMatchNumba, count_usage, is_search_compiled, vote
from propagate.synthesis import SynthesisSettings
from stylize.planning.coverage import stretch_residual
from stylize.planning.eye_opening import ages_of, no_ages
from stylize.planning.fitting import fit_camera, fit_exposure
from stylize.renderers.example import RADIUS

keep(solve)
# Side of the pictures on which kernels run, in pixels.
_SIDE = 16
# Radius of patches, and bytes of a pixel, of the searches of every run: spans and the embedded renderer. Guides of the
# user's own make pixels of 16, 24 or 32 bytes, which are compiled when they are first used.
SEARCHES = ((SynthesisSettings().radius, 8), (RADIUS, 8))


@dataclass(frozen=True)
class Compiled:
    """Group of kernels that is ready. seconds: time that it took; much less if the kernels were cached."""

    name: str
    seconds: float


def compile_kernels(part: int = 0, parts: int = 1) -> Iterator[Compiled]:
    """Compile the kernels that runs need, or load them, and yield each group as it is ready.

    part, parts: this part of all groups, for several processes.
    """
    for name, call in _calls()[part::parts]:
        start = time.monotonic()
        call()
        yield Compiled(name, time.monotonic() - start)


def compile_all() -> None:
    """Compile or load all of them; starts no thread, so that the process may fork."""
    for _ in compile_kernels():
        pass


def compilation_note() -> str | None:
    """Return a note that a run will compile kernels, or None if it will load them."""
    if is_search_compiled():
        return None
    if kernels_folder() is None:
        return f"kernels are compiled in every run, which takes about ten seconds: {no_folder_note()}"
    return "kernels are compiled for this processor, once, which takes about ten seconds"


def no_folder_note() -> str:
    """Return the reason why kernels are not cached, and the remedy."""
    return (
        f"there is no folder for them that only you can write to; set {VARIABLE}=FOLDER to one that you own, below "
        "folders that others cannot write to"
    )


def _calls() -> list[tuple[str, Callable[[], object]]]:
    """Return a call of each group of kernels, the slowest to compile first."""
    rgb, known, number = np.zeros((_SIDE, _SIDE, 3), U8), np.ones((_SIDE, _SIDE), bool), np.ones((_SIDE, _SIDE), F32)
    flow, cells = np.zeros((_SIDE, _SIDE, 2), F32), np.full(_SIDE * _SIDE, 1, F32)
    found = np.empty_like(number)
    return [
        *((f"search of patches of radius {radius}", partial(_search, radius, size)) for radius, size in SEARCHES),
        ("opening eyes", lambda: ages_of(cells[None], cells, (_SIDE, _SIDE), no_ages(1, cells.size))),
        ("exposure", lambda: fit_exposure(rgb, rgb, known)),
        ("camera motion", lambda: fit_camera(flow, known)),
        ("vote of patches", _vote),
        ("cut of mattes", lambda: solve(*(number.copy() for _ in range(7)), 1)),
        ("coverage", lambda: stretch_residual(flow, number, number, number, found)),
        ("use of patches", lambda: count_usage(np.zeros((1, 1, 2), np.int32), known[:1, :1].copy(), (1, 1))),
    ]


def _search(radius: int, channels: int) -> None:
    matcher, side = PatchMatchNumba(radius, channels), _SIDE + 2 * radius
    picture, mask = np.zeros((side, side * channels), U8), np.ones((_SIDE, _SIDE), bool)
    field, cost = np.zeros((_SIDE, _SIDE, 2), np.int32), np.zeros((_SIDE, _SIDE), np.int64)
    costs = Costs(field.copy(), 0, 0, np.zeros((_SIDE, _SIDE), np.int32))
    matcher.evaluate(picture, picture, field, cost, mask, costs)
    matcher.sweep(picture, picture, field, cost, mask, costs, Sweep(0, np.zeros((_SIDE, _SIDE), np.int16)))


def _vote() -> None:
    radius = 2
    padded, out = np.zeros((_SIDE + 2 * radius, _SIDE + 2 * radius, 3), F32), np.zeros((_SIDE, _SIDE, 3), F32)
    field, weights = np.zeros((_SIDE, _SIDE, 2), np.int32), np.ones((_SIDE, _SIDE), F32)
    vote(padded, field, weights, np.ones((5, 5), F32), np.ones((_SIDE, _SIDE), bool), out)
