"""Conjugate gradients with Jacobi's preconditioner (Hestenes and Stiefel, 1952).

SciPy's solver takes its inner products from BLAS, whose last bits depend on the number of threads. This one does not.
"""

from typing import Any

import numpy as np

from masks.arrays import Doubles


def conjugate_gradients(matrix: Any, rhs: Doubles, initial: Doubles, tolerance: float, max_iterations: int) -> Doubles:
    """Solve ``matrix @ x = rhs`` for x: float64 (N,), the last iterate if the limit is reached first.

    matrix: (N, N), symmetric and positive definite, dense or of scipy.sparse. rhs, initial: float64 (N,).
    tolerance: norm of the residual at which to stop, relative to that of ``rhs``. max_iterations: limit of iterations.
    """
    preconditioner = 1 / np.maximum(matrix.diagonal(), 1e-9)
    solution = initial.copy()
    residual = rhs - matrix @ solution
    threshold = tolerance * tolerance * _inner(rhs, rhs)
    direction, previous_rho = np.zeros_like(rhs), 1.0
    for iteration in range(max_iterations):
        if _inner(residual, residual) <= threshold:
            break
        preconditioned = preconditioner * residual
        rho = _inner(residual, preconditioned)
        direction = preconditioned if iteration == 0 else preconditioned + rho / previous_rho * direction
        product = matrix @ direction
        step = rho / _inner(direction, product)
        solution += step * direction
        residual -= step * product
        previous_rho = rho
    return solution


def _inner(a: Doubles, b: Doubles) -> float:
    return float(np.einsum("n,n->", a, b))
