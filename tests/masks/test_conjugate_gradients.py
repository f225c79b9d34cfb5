import numpy as np
import pytest

from masks.conjugate_gradients import conjugate_gradients


@pytest.fixture
def linear_system():
    """A badly scaled system, its right-hand side and its solution."""
    draw = np.random.default_rng(0)
    factors = draw.standard_normal((40, 40))
    scales = 10 ** draw.uniform(-2, 2, 40)
    system = scales[:, None] * (factors @ factors.T + 40 * np.eye(40)) * scales
    wanted = draw.standard_normal(40)
    return system, system @ wanted, wanted


def test_badly_scaled_system_is_solved_in_few_iterations(linear_system):
    system, right, wanted = linear_system
    found = conjugate_gradients(system, right, np.zeros(40), 1e-12, 40)
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-8)


def test_solver_stops_at_the_tolerance_or_the_iteration_limit(linear_system):
    system, right, wanted = linear_system
    start = np.zeros(40)
    assert np.array_equal(conjugate_gradients(system, right, start, 1e-9, 0), start)
    np.testing.assert_array_equal(conjugate_gradients(system, right, wanted, 1e-9, 99), wanted)
    apart = [
        np.linalg.norm(right - system @ conjugate_gradients(system, right, start, left, 99)) / np.linalg.norm(right)
        for left in (1e-1, 1e-4, 1e-8)
    ]
    assert apart[0] <= 1e-1
    assert apart[1] <= 1e-4 < apart[0]
    assert apart[2] <= 1e-8 < apart[1]
    assert not start.any()


def test_zero_right_hand_side_has_zero_solution(linear_system):
    assert not conjugate_gradients(linear_system[0], np.zeros(40), np.zeros(40), 1e-3, 9).any()
