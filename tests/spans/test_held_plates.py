"""Plates that repeat give results that repeat, to the bit, from key to key and before the first key."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import stylize
from propagate.arrays import Pixels
from stylize.media.images import read_image, write_image
from stylize.result import Result
from tests.sliding import folder_of, scene

# The plate of each frame: on twos, off the beat that is counted from the first frame.
ON_TWOS = [0, 1, 1, 2, 2, 3, 3, 4, 4]


def shot(folder: Path, keys: tuple[int, ...]) -> tuple[Path, Path]:
    """A shot on twos, and a folder with painted keys of some frames."""
    drawn = scene(5)
    plates = folder_of(folder / "plates", [drawn[one] for one in ON_TWOS])
    (folder / "painted").mkdir()
    for number in keys:
        write_image(folder / "painted" / f"{number}.png", 255 - drawn[ON_TWOS[number - 1]])
    return plates, folder / "painted"


def pictures(result: Result) -> list[Pixels]:
    return [read_image(path) for path in result.frames.values()]


def same(found: list[Pixels]) -> list[bool]:
    """Compare each frame with the previous one; true where they are equal."""
    return [np.array_equal(one, other) for one, other in pairwise(found)]


HELD = [one == other for one, other in pairwise(ON_TWOS)]


@pytest.mark.slow
@pytest.mark.parametrize("keys", [(1, 8), (5,), (3, 9)])
def test_repeated_plates_give_repeated_results(tmp_path: Path, keys: tuple[int, ...]) -> None:
    plates, painted = shot(tmp_path, keys)
    messages: list[str] = []
    found = pictures(stylize.run(plates, keys=painted, on_message=messages.append))
    assert same(found) == HELD
    assert any(text.startswith("frames 3, 5, 7, 9: their plates repeat") for text in messages)
    for number in keys:
        np.testing.assert_array_equal(found[number - 1], read_image(painted / f"{number}.png"))


@pytest.mark.slow
def test_two_processes_hold_the_same_frames(tmp_path: Path) -> None:
    plates, painted = shot(tmp_path, (1, 9))
    alone = pictures(stylize.run(plates, keys=painted, project=tmp_path / "a"))
    several = pictures(stylize.run(plates, keys=painted, project=tmp_path / "b", jobs=2))
    np.testing.assert_array_equal(alone, several)
    assert same(alone) == HELD


@pytest.mark.slow
def test_on_twos_follows_the_plates_and_ones_draws_every_frame(tmp_path: Path) -> None:
    plates, painted = shot(tmp_path, (1, 8))
    twos = pictures(stylize.run(plates, keys=painted, on="twos", project=tmp_path / "twos"))
    assert same(twos) == HELD
    ones = stylize.run(plates, keys=painted, on="ones", project=tmp_path / "ones")
    assert ones.shots[0].repeats == frozenset()
    assert ones.shots[0].pass_drawings("ones") > ones.shots[0].pass_drawings("auto") - 1
    assert same(pictures(ones)) != HELD
