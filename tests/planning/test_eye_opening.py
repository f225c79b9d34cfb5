"""Eye opening: pairs of small, lasting holes, as opposed to all other holes."""

import cv2
import numpy as np
import pytest

from propagate.arrays import F32, Floats
from stylize.planning.coverage import MAX_RESIDUAL
from stylize.planning.eye_opening import (
    LASTING_AGE,
    MAX_AROUND,
    MAX_ASPECT,
    MAX_CELLS,
    MAX_DISTANCE,
    MAX_SIZE_RATIO,
    MAX_TILT,
    MIN_CELLS,
    MIN_DISTANCE,
    MIN_FILL,
    MIN_HOLE_MASS,
    MIN_PAIR_MASS,
    ages_of,
    no_ages,
    paired_holes,
)

SIZE = (40, 22)
CELLS = SIZE[0] * SIZE[1]
EVEN = np.full(CELLS, 1 / CELLS, F32)


def residual_with_holes(*boxes: tuple[int, int, int, int], rest: float = 0.1) -> Floats:
    """Residual with uncovered boxes (x, y, width, height): float32 (1, cells)."""
    grid = np.full(SIZE[::-1], rest, F32)
    for x, y, width, height in boxes:
        grid[y : y + height, x : x + width] = MAX_RESIDUAL
    return grid.reshape(1, -1)


LEFT, RIGHT = (12, 9, 3, 2), (19, 10, 3, 2)
EYES = residual_with_holes(LEFT, RIGHT)


def highest_ages(frames: list[Floats], weights: Floats = EVEN) -> list[int]:
    """The highest age in each frame."""
    ages, found = no_ages(1, CELLS), []
    for residual in frames:
        ages = ages_of(residual, weights, SIZE, ages)
        found.append(int(ages.max()))
    return found


def test_pair_ages_while_it_lasts_despite_gaps() -> None:
    assert highest_ages([EYES] * 3 + [residual_with_holes()] + [EYES] * 2 + [residual_with_holes()] * 9) == [
        2,
        4,
        6,
        5,
        7,
        9,
        8,
        7,
        6,
        5,
        4,
        3,
        2,
        1,
        0,
    ]


@pytest.mark.parametrize("frames", [6, 10])
def test_blinks_never_reach_the_age_limit(frames: int) -> None:
    assert max(highest_ages(([EYES] * frames + [residual_with_holes()] * 2 * frames) * 4)) < LASTING_AGE
    assert max(highest_ages([EYES] * 16)) >= LASTING_AGE


def test_pair_that_moves_with_its_face_keeps_its_age() -> None:
    assert highest_ages([residual_with_holes((5 + t, 9, 3, 2), (12 + t, 9 + t % 2, 3, 2)) for t in range(8)]) == list(
        range(2, 18, 2)
    )


def test_pair_in_another_place_starts_at_age_zero() -> None:
    assert highest_ages([EYES, EYES, residual_with_holes((22, 15, 3, 2), (29, 15, 3, 2))]) == [2, 4, 3]
    assert highest_ages([EYES] * 2 + [residual_with_holes((22, 15, 3, 2), (29, 15, 3, 2))] * 3) == [2, 4, 3, 4, 6]


def test_position_of_the_pair_is_returned() -> None:
    wanted = EYES.reshape(SIZE[::-1]) > 1
    assert (paired_holes(EYES, EVEN, SIZE) == wanted).all()


def test_hole_covered_by_any_row_is_not_a_hole() -> None:
    assert not paired_holes(np.vstack([EYES, residual_with_holes(LEFT)]), EVEN, SIZE).any()
    assert not paired_holes(np.empty((0, CELLS), F32), EVEN, SIZE).any()


@pytest.mark.parametrize(
    "residual",
    [
        pytest.param(residual_with_holes(LEFT), id="single"),
        pytest.param(residual_with_holes((12, 9, 10, 2)), id="one elongated"),
        pytest.param(residual_with_holes((12, 3, 3, 2), (12, 14, 3, 2)), id="one above the other"),
        pytest.param(residual_with_holes((3, 9, 3, 2), (30, 9, 3, 2)), id="far apart"),
        pytest.param(residual_with_holes((12, 9, 2, 2), (19, 5, 6, 5)), id="different sizes"),
        pytest.param(residual_with_holes((12, 9, 1, 2), (16, 9, 1, 2)), id="too small"),
        pytest.param(residual_with_holes((8, 5, 7, 7), (20, 5, 7, 7)), id="too large"),
        pytest.param(residual_with_holes((0, 9, 3, 2), (7, 9, 3, 2)), id="cut by the border"),
        pytest.param(residual_with_holes(LEFT, RIGHT, rest=0.8), id="mostly uncovered"),
        pytest.param(residual_with_holes(LEFT, RIGHT, (9, 4, 16, 4)), id="surroundings also new"),
    ],
)
def test_other_holes_are_not_eyes(residual: Floats) -> None:
    assert highest_ages([residual]) == [0]


def test_hole_with_low_weight_is_not_an_eye() -> None:
    dull = EVEN.copy()
    dull[EYES[0] > 1] *= 0.5
    assert highest_ages([EYES], dull / dull.sum()) == [0]


def test_rows_are_independent() -> None:
    ages = ages_of(np.vstack([EYES, residual_with_holes(), EYES]), EVEN, SIZE, no_ages(3, CELLS))
    assert ages.max(axis=1).tolist() == [2, 0, 2]


@pytest.mark.parametrize("seed", range(60))
def test_detection_equals_the_reference(seed: int) -> None:
    """Compare with OpenCV's components and morphology, on random blobs."""
    rng = np.random.default_rng(seed)
    boxes = [(int(rng.integers(0, 36)), int(rng.integers(0, 19)), *rng.integers(1, 6, 2).tolist()) for _ in range(7)]
    residual = np.minimum(residual_with_holes(*boxes) + rng.uniform(0, 0.35, (1, CELLS)).astype(F32), F32(MAX_RESIDUAL))
    weights = rng.uniform(0.8, 2, CELLS).astype(F32)
    weights /= weights.sum()
    assert (paired_holes(residual, weights, SIZE) == by_the_rules(residual, weights)).all()


def by_the_rules(residual: Floats, weights: Floats) -> np.ndarray:
    grid = residual.reshape(SIZE[::-1])
    new, counts = np.clip(grid - 0.5, 0, 1), weights.reshape(grid.shape) * CELLS
    count, labels, boxes, middles = cv2.connectedComponentsWithStats((grid > 1).astype(np.uint8), connectivity=8)
    holes = []
    for label in range(1, count):
        (x, y, width, height, area), one = boxes[label], (labels == label).astype(np.uint8)
        near = cv2.dilate(one, np.ones((3, 3)))
        ring = (cv2.dilate(one, np.ones((7, 7))) > 0) & (near == 0)
        mass = float((new * counts)[one > 0].sum())
        cut = x == 0 or y == 0 or x + width == SIZE[0] or y + height == SIZE[1]
        compact = area >= MIN_FILL * width * height and max(width, height) <= MAX_ASPECT * min(width, height)
        if (
            MIN_CELLS <= area <= MAX_CELLS
            and mass >= MIN_HOLE_MASS
            and not cut
            and compact
            and new[ring].mean() <= MAX_AROUND
        ):
            holes.append((area, mass, middles[label], one > 0))
    found = np.zeros(grid.shape, bool)
    for index, (area, mass, middle, one) in enumerate(holes):
        for other_area, other_mass, other_middle, other in holes[index + 1 :]:
            across, down = np.abs(middle - other_middle)
            apart = np.hypot(across, down) / np.sqrt((area + other_area) / 2)
            alike = (
                max(area, other_area) <= MAX_SIZE_RATIO * min(area, other_area) and mass + other_mass >= MIN_PAIR_MASS
            )
            if alike and MIN_DISTANCE <= apart <= MAX_DISTANCE and down <= MAX_TILT * across:
                found |= one | other
    return found


def test_random_blobs_contain_some_pairs() -> None:
    """Ensure that the comparison above is not vacuous."""
    found = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        boxes = [
            (int(rng.integers(0, 36)), int(rng.integers(0, 19)), *rng.integers(1, 6, 2).tolist()) for _ in range(7)
        ]
        found += bool(paired_holes(residual_with_holes(*boxes), EVEN, SIZE).any())
    assert found > 5
