"""The heat map: equal steps look equal, and colour-blind people tell them apart."""

import numpy as np
import pytest
from numpy.typing import NDArray

from propagate.arrays import F32
from stylize.sheets.design import contrast
from stylize.sheets.heat_map import heat_colours, heat_map, heat_over

Doubles = NDArray[np.float64]
# Viénot, Brettel and Mollon 1999: linear RGB as people without one kind of cone see it.
DEUTERANOPE = np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]])
PROTANOPE = np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]])


def linear(colours: NDArray[np.uint8]) -> Doubles:
    share = colours / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def oklab(light: Doubles) -> Doubles:
    cones = np.array([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
                      [0.0883024619, 0.2817188376, 0.6299787005]])  # fmt: skip
    lab = np.array([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
                    [0.0259040371, 0.7827717662, -0.8086757660]])  # fmt: skip
    roots = np.cbrt(np.clip(np.einsum("...j,ij->...i", light, cones), 0, None))
    return np.einsum("...j,ij->...i", roots, lab)


def test_equal_steps_look_equal() -> None:
    coarse = oklab(linear(heat_colours()))[::15]
    steps = np.linalg.norm(np.diff(coarse, axis=0), axis=1)
    assert steps.max() / steps.min() < 1.15


@pytest.mark.parametrize("sight", [np.eye(3), DEUTERANOPE, PROTANOPE, np.full((3, 3), 1 / 3)])
def test_lightness_rises_for_everyone(sight: Doubles) -> None:
    seen = np.clip(np.einsum("...j,ij->...i", linear(heat_colours()), sight), 0, 1)
    lightness = oklab(seen)[:, 0]
    assert (np.diff(lightness[::8]) > 0.01).all()


def test_ends_differ_in_hue_as_well() -> None:
    low, high = (tuple(int(value) for value in heat_colours()[place]) for place in (0, -1))
    assert low[2] > low[0] + 40
    assert high[0] > high[2] + 40
    assert contrast(low, high) > 10  # type: ignore[arg-type]


def test_values_choose_colours_up_to_the_top() -> None:
    drawn = heat_map(np.array([[-1, 0, 0.1, 0.2, 5]], F32), 0.2)
    colours = heat_colours()
    assert drawn[0].tolist() == [colours[place].tolist() for place in (0, 0, 128, 255, 255)]


def test_overlay_shows_the_picture() -> None:
    picture = np.zeros((1, 2, 3), np.uint8)
    picture[0, 1] = 255
    dark, light = heat_over(picture, np.full((1, 2), 0.2, F32), 0.2)[0].astype(int)
    assert (light > dark).all()
    assert light.tolist() == heat_colours()[-1].tolist()
