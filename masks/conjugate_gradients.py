"""The method of conjugate gradients with Jacobi's preconditioner (Hestenes and Stiefel 1952).

SciPy's asks BLAS for its inner products, whose last bits depend on how many threads BLAS has; these do not.
"""

from typing import Any

import numpy as np

from masks.arrays import Doubles


def conjugate_gradients(system: Any, right: Doubles, start: Doubles, left: float, rounds: int) -> Doubles:
    """x (N,) with ``system @ x`` near ``right``, both of N rows; what it has come to when the rounds do not suffice.

    system: symmetric and positive definite, dense or of scipy.sparse. left: the length of what remains, in shares of
    that of ``right``, with which it is content.
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
