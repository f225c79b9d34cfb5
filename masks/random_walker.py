"""Segmentation by a random walker, from seeds and a prior.

Each pixel gets the probability that a walker who starts there, and crosses edges of the picture reluctantly, reaches a
seed of the inside first (Grady, "Random walks for image segmentation", PAMI 2006). A prior draws pixels far from any
seed (Grady, "Multilabel random walker image segmentation using prior models", CVPR 2005). The answer is the solution of
a linear system, and does not depend on the number of threads.
"""

import cv2
import numpy as np

from masks.arrays import F32, Bytes, Doubles, Floats
from masks.conjugate_gradients import conjugate_gradients

# Reluctance to cross an edge, relative to the mean contrast of neighbours, and the conductance that remains.
RELUCTANCE, MIN_CONDUCTANCE = 2.0, 1e-5
# Shortest side of the smallest picture that is solved.
MIN_SIDE = 24
# Iteration limit and relative tolerance of the solver.
MAX_ITERATIONS, TOLERANCE = 600, 1e-4


def random_walker(picture: Bytes, seeds: np.ndarray, prior: Floats, weight: Floats) -> Floats:
    """Probability of the inside: float32 (H, W) in [0, 1], exactly 1 and 0 on seeds.

    picture: uint8 (H, W, 3), RGB. seeds: int8 (H, W), 1 inside, -1 outside, 0 unknown. prior: float32 (H, W) in [0, 1],
    the probability without any seed. weight: float32 (H, W), 0 or more, of the prior. Raises ValueError for different
    sizes, or without any seed and any prior.
    """
    if not picture.shape[:2] == seeds.shape == prior.shape == weight.shape:
        raise ValueError("picture, seeds, prior and weight must have the same size")
    if not seeds.any() and not weight.any():
        raise ValueError("a random walker needs a seed or a prior")
    return _walk(picture, seeds, prior, weight)


def _walk(picture: Bytes, seeds: np.ndarray, prior: Floats, weight: Floats) -> Floats:
    """Solve for the probabilities, starting from those of the picture at half the size."""
    from scipy.sparse import coo_matrix, diags

    height, width = seeds.shape
    start = prior.astype(np.float64)
    if min(height, width) >= 2 * MIN_SIDE:
        start = cv2.resize(_at_half_size(picture, seeds, prior, weight), (width, height)).astype(np.float64)
    index = np.arange(height * width).reshape(height, width)
    ends = [(index[:, :-1], index[:, 1:]), (index[:-1], index[1:])]
    first, second = (np.concatenate([pair[end].ravel() for pair in ends]) for end in (0, 1))
    conductance = _conductances(picture)
    adjacency = coo_matrix((conductance, (first, second)), shape=(index.size, index.size)).tocsr()
    adjacency = adjacency + adjacency.T
    # Summed from the sorted rows of the matrix, in the same order in every run.
    degree = np.asarray(adjacency.sum(axis=1)).ravel()
    known = (seeds != 0).ravel()
    label = (seeds.ravel() > 0).astype(np.float64)
    pull, drawn = weight.ravel().astype(np.float64)[~known], prior.ravel().astype(np.float64)[~known]
    laplacian = (diags(degree) - adjacency).tocsr()[~known]
    # A pixel that neither a seed nor the prior reaches stays undecided.
    system = (laplacian[:, ~known] + diags(pull + 1e-9)).tocsr()
    rhs = pull * drawn + 1e-9 * 0.5 - laplacian[:, known] @ label[known]
    solution = label.copy()
    solution[~known] = conjugate_gradients(system, rhs, start.ravel()[~known], TOLERANCE, MAX_ITERATIONS)
    return np.clip(solution, 0, 1).reshape(height, width).astype(F32)


def _at_half_size(picture: Bytes, seeds: np.ndarray, prior: Floats, weight: Floats) -> Floats:
    """Solve at half the size: float32 (H // 2, W // 2). A pixel counts for four, and a seed of either side is kept."""
    size = (seeds.shape[1] // 2, seeds.shape[0] // 2)

    def reduced(values: np.ndarray) -> np.ndarray:
        return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA))

    sides = [(reduced((seeds == side).astype(F32)) > 0).astype(np.int8) for side in (1, -1)]
    return _walk(reduced(picture), sides[0] - sides[1], reduced(prior), 4 * reduced(weight))


def _conductances(picture: Bytes) -> Doubles:
    """Conductances between each pixel and its right neighbour, then between each and the one below: float64 (E,)."""
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.float64)
    squares = np.concatenate([(np.diff(lab, axis=axis) ** 2).sum(axis=-1).ravel() for axis in (1, 0)])
    contrast = float(np.einsum("n->", squares)) / max(1, squares.size) + 1e-6
    return np.asarray(MIN_CONDUCTANCE + (1 - MIN_CONDUCTANCE) * np.exp(-RELUCTANCE * squares / contrast))
