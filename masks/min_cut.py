"""Segmentation of a picture by the minimum cut along its edges, given a cost of every pixel.

The energy of interactive graph cuts (Boykov and Jolly, ICCV 2001; its weights as in Rother, Kolmogorov and Blake,
"GrabCut", SIGGRAPH 2004), solved as a weighted total variation, whose relaxation is exact (Nikolova, Esedoglu and Chan,
SIAM J. Appl. Math. 2006), by the primal-dual algorithm (Chambolle and Pock, JMIV 2011), from coarse to fine.
"""

import cv2
import numba as nb
import numpy as np

from masks.arrays import F32, Bytes, Floats

# Cost of one pixel of border where the picture is flat, and the fraction of it that remains at the strongest edge.
COST, LEAST = 2.0, 0.03
# Reductions of the picture, from coarse to fine, and iterations at each.
SCALES, ROUNDS = (4, 2, 1), 400
# Primal and dual step size: their product times 8 must not exceed 1.
STEP = F32(0.35)


def min_cut(against: Floats, picture: Bytes) -> Floats:
    """Cut a picture into 1 inside and 0 outside: float32 (H, W), rarely between where the cut has not converged.

    against: float32 (H, W), cost of labelling a pixel inside; negative favours it. picture: uint8 (H, W, 3), RGB.
    """
    height, width = against.shape
    inside = None
    for scale in SCALES:
        size = (max(1, width // scale), max(1, height // scale))
        # A pixel of a reduced picture counts for an area, and its border for the side of that area.
        here = np.asarray(cv2.resize(against, size, interpolation=cv2.INTER_AREA), F32) * F32(scale)
        small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        if inside is None:
            inside = (here < 0).astype(F32)
        inside = np.ascontiguousarray(cv2.resize(inside, size, interpolation=cv2.INTER_LINEAR), F32)
        _solve(inside, np.ascontiguousarray(here), *_costs(small), ROUNDS)
    assert inside is not None
    return inside


def _costs(picture: Bytes) -> tuple[Floats, Floats]:
    """Costs of a border between each pixel and its right neighbour, and the one below: float32 (H, W) each."""
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(F32)
    across, down = (np.diff(lab, axis=axis) ** 2 for axis in (1, 0))
    squares = across.sum(axis=-1), down.sum(axis=-1)
    count = max(1, squares[0].size + squares[1].size)
    usual = F32(float(squares[0].sum(dtype=np.float64) + squares[1].sum(dtype=np.float64)) / count + 1e-6)
    costs = np.zeros((2, *picture.shape[:2]), F32)
    costs[0, :, :-1], costs[1, :-1] = (
        F32(COST) * (F32(LEAST) + F32(1 - LEAST) * np.exp(-one / (2 * usual))) for one in squares
    )
    return costs[0], costs[1]


@nb.njit(nogil=True, cache=True)
def _solve(inside: Floats, against: Floats, right: Floats, below: Floats, rounds: int) -> None:
    """Run the primal-dual iterations on ``inside``, in place."""
    height, width = inside.shape
    ahead = inside.copy()
    across, down = np.zeros_like(inside), np.zeros_like(inside)
    for _ in range(rounds):
        for y in range(height):
            for x in range(width):
                if x + 1 < width:
                    pull = across[y, x] + STEP * (ahead[y, x + 1] - ahead[y, x])
                    across[y, x] = min(max(pull, -right[y, x]), right[y, x])
                if y + 1 < height:
                    pull = down[y, x] + STEP * (ahead[y + 1, x] - ahead[y, x])
                    down[y, x] = min(max(pull, -below[y, x]), below[y, x])
        for y in range(height):
            for x in range(width):
                flow = across[y, x] + down[y, x]
                if x > 0:
                    flow -= across[y, x - 1]
                if y > 0:
                    flow -= down[y - 1, x]
                before = inside[y, x]
                now = min(max(before + STEP * (flow - against[y, x]), F32(0)), F32(1))
                ahead[y, x] = now + now - before
                inside[y, x] = now
