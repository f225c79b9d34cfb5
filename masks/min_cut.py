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
BORDER_COST, EDGE_FLOOR = 2.0, 0.03
# Reductions of the picture, from coarse to fine, and iterations at each.
SCALES, ITERATIONS = (4, 2, 1), 400
# Primal and dual step size: their product times 8 must not exceed 1.
STEP = F32(0.35)


def min_cut(unary: Floats, picture: Bytes) -> Floats:
    """Cut a picture into 1 inside and 0 outside: float32 (H, W), rarely between where the cut has not converged.

    unary: float32 (H, W), cost of labelling a pixel inside; negative favours it. picture: uint8 (H, W, 3), RGB.
    """
    height, width = unary.shape
    inside = None
    for scale in SCALES:
        size = (max(1, width // scale), max(1, height // scale))
        # A pixel of a reduced picture counts for an area, and its border for the side of that area.
        level_unary = np.asarray(cv2.resize(unary, size, interpolation=cv2.INTER_AREA), F32) * F32(scale)
        level_picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        if inside is None:
            inside = (level_unary < 0).astype(F32)
        inside = np.ascontiguousarray(cv2.resize(inside, size, interpolation=cv2.INTER_LINEAR), F32)
        scratch = inside.copy(), np.zeros_like(inside), np.zeros_like(inside)
        solve(inside, np.ascontiguousarray(level_unary), *_border_costs(level_picture), *scratch, ITERATIONS)
    assert inside is not None
    return inside


def _border_costs(picture: Bytes) -> tuple[Floats, Floats]:
    """Costs of a border between each pixel and its right neighbour, and the one below: float32 (H, W) each."""
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(F32)
    horizontal, vertical = (np.diff(lab, axis=axis) ** 2 for axis in (1, 0))
    squares = horizontal.sum(axis=-1), vertical.sum(axis=-1)
    count = max(1, squares[0].size + squares[1].size)
    mean_contrast = F32(float(squares[0].sum(dtype=np.float64) + squares[1].sum(dtype=np.float64)) / count + 1e-6)
    costs = np.zeros((2, *picture.shape[:2]), F32)
    costs[0, :, :-1], costs[1, :-1] = (
        F32(BORDER_COST) * (F32(EDGE_FLOOR) + F32(1 - EDGE_FLOOR) * np.exp(-one / (2 * mean_contrast)))
        for one in squares
    )
    return costs[0], costs[1]


# numba's own cache would need a folder when this module is imported; ``stylize`` keeps it. Counts no references.
@nb.njit(nogil=True, error_model="numpy", _nrt=False, no_cfunc_wrapper=True)
def solve(
    inside: Floats, unary: Floats, right: Floats, below: Floats,
    extrapolated: Floats, horizontal: Floats, vertical: Floats, iterations: int,
) -> None:  # fmt: skip
    """Run the primal-dual iterations on ``inside``, in place, from its copy ``extrapolated`` and duals of 0."""
    height, width = inside.shape
    for _ in range(iterations):
        for y in range(height):
            for x in range(width):
                if x + 1 < width:
                    ascent = horizontal[y, x] + STEP * (extrapolated[y, x + 1] - extrapolated[y, x])
                    horizontal[y, x] = min(max(ascent, -right[y, x]), right[y, x])
                if y + 1 < height:
                    ascent = vertical[y, x] + STEP * (extrapolated[y + 1, x] - extrapolated[y, x])
                    vertical[y, x] = min(max(ascent, -below[y, x]), below[y, x])
        for y in range(height):
            for x in range(width):
                divergence = horizontal[y, x] + vertical[y, x]
                if x > 0:
                    divergence -= horizontal[y, x - 1]
                if y > 0:
                    divergence -= vertical[y - 1, x]
                previous = inside[y, x]
                updated = min(max(previous + STEP * (divergence - unary[y, x]), F32(0)), F32(1))
                extrapolated[y, x] = updated + updated - previous
                inside[y, x] = updated
