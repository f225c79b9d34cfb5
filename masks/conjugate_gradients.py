"""Conjugate gradients with Jacobi's preconditioner (Hestenes and Stiefel, 1952).

SciPy's solver takes its inner products from BLAS, whose last bits depend on the number of threads. This one does not.
"""

from typing import Any

import numpy as np

from masks.arrays import Doubles


def conjugate_gradients(system: Any, right: Doubles, start: Doubles, left: float, rounds: int) -> Doubles:
    """Solve ``system @ x = right`` for x: float64 (N,), the last iterate where the limit is reached first.

    system: (N, N), symmetric and positive definite, dense or of scipy.sparse. right, start: float64 (N,).
    left: norm of the residual at which to stop, relative to that of ``right``. rounds: limit of iterations.
    """
    scaling = 1 / np.maximum(system.diagonal(), 1e-9)
    solved = start.copy()
    remains = right - system @ solved
    enough = left * left * _inner(right, right)
    onward, before = np.zeros_like(right), 1.0
    for number in range(rounds):
        if _inner(remains, remains) <= enough:
            break
        scaled = scaling * remains
        now = _inner(remains, scaled)
        onward = scaled if number == 0 else scaled + now / before * onward
        ahead = system @ onward
        step = now / _inner(onward, ahead)
        solved += step * onward
        remains -= step * ahead
        before = now
    return solved


def _inner(one: Doubles, other: Doubles) -> float:
    return float(np.einsum("n,n->", one, other))
