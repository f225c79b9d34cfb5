"""Fields are distinguished from stripes, noise, cuts and compression, and film from video."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from propagate.arrays import Pixels
from propagate.combing import FieldOrder, FieldVerdict, FieldVotes, judge_fields, vote_of_fields
from tests.fields import interlaced, moving, telecined

HEIGHT, WIDTH = 64, 96
Y, X = np.mgrid[:HEIGHT, :WIDTH]
PROGRESSIVE = FieldVerdict()


def verdict(frames: Sequence[Pixels]) -> FieldVerdict:
    """The verdict on frames, as one run."""
    lumas = [frame if frame.ndim == 2 else frame[..., 0] for frame in frames]
    return judge_fields([[vote_of_fields(*lumas[at - 1 : at + 2]) for at in range(1, len(lumas) - 1)]])


@pytest.mark.parametrize("order", ["top", "bottom"])
@pytest.mark.parametrize("speed", [0.6, 2, 4])
def test_woven_fields_are_found_with_their_order(order: FieldOrder, speed: float) -> None:
    assert verdict(interlaced(moving(24, speed=speed), order)) == FieldVerdict(order)


def test_noise_does_not_hide_fields() -> None:
    rng = np.random.default_rng(0)
    frames = interlaced(moving(24), "bottom")
    noisy = [np.clip(frame + rng.normal(0, 8, frame.shape), 0, 255).astype(np.uint8) for frame in frames]
    assert verdict(noisy) == FieldVerdict("bottom")


@pytest.mark.parametrize("speed", [1, 3])
def test_telecined_film_is_found(speed: float) -> None:
    assert verdict(telecined(moving(16, speed=speed))) == FieldVerdict("top", film=True)


def test_film_is_found_across_cuts_that_move_its_cadence() -> None:
    first, second = telecined(moving(12)), telecined(moving(12, seed=8))[2:]
    runs = [[vote_of_fields(*[f[..., 0] for f in part[at - 1 : at + 2]]) for at in range(1, len(part) - 1)]
            for part in (first, second)]  # fmt: skip
    assert judge_fields(runs).film


def _stripes(period: float, speed: float) -> Callable[[int], Pixels]:
    return lambda at: 128 + 100 * np.sign(np.sin(2 * np.pi * (Y + speed * at + 0.25) / period)) + 0 * X


def _striped_ball(at: int) -> Pixels:
    ball = (X - 20 - 4 * at) ** 2 + (Y - 32) ** 2 < 18**2
    return np.where(ball, 128 + 100 * ((Y % 2) * 2 - 1), moving(1)[0][..., 0])


def _grain(at: int) -> Pixels:
    return moving(1)[0][..., 0] + np.random.default_rng(at).normal(0, 12, (HEIGHT, WIDTH))


PROGRESSIVE_FOOTAGE: dict[str, Callable[[int], Pixels]] = {
    "pan": lambda at: moving(12)[at][..., 0],
    "single lines that move by half a line": _stripes(2, 0.5),
    "single lines that move by a line": _stripes(2, 1),
    "lines in threes": _stripes(3, 1.5),
    "lines in pairs": _stripes(4, 1),
    "a striped ball": _striped_ball,
    "doubled lines of a slanted pattern": lambda at: np.kron(
        128 + 100 * np.sign(np.sin((X[:32, :48] + Y[:32, :48] - at) / 3)), np.ones((2, 2))
    ),
    "grain": _grain,
    "flicker": lambda at: moving(1)[0][..., 0] * (1 if at % 2 else 0.6),
    "a cut in every frame": lambda at: moving(1, seed=at)[0][..., 0],
    "drawings on twos": lambda at: moving(6, speed=6)[at // 2][..., 0],
    "one line": lambda at: np.where(abs(Y - 10 - at) < 1, 255, 20),
    "a still": lambda at: moving(1)[0][..., 0],
}


@pytest.mark.parametrize("name", PROGRESSIVE_FOOTAGE)
def test_progressive_footage_is_not_reported(name: str) -> None:
    picture = PROGRESSIVE_FOOTAGE[name]
    assert verdict([np.clip(picture(at), 0, 255).astype(np.uint8) for at in range(12)]) == PROGRESSIVE


def test_few_frames_and_tiny_ones_have_no_verdict() -> None:
    assert judge_fields([]) == judge_fields([[]]) == PROGRESSIVE
    assert vote_of_fields(*[np.zeros((6, 6), np.uint8)] * 3) == FieldVotes()


def _votes(repeated: str, top: Sequence[int]) -> list[FieldVotes]:
    """A run of votes: T and B for a repeated field, and the votes for the order top first."""
    fields: dict[str, FieldOrder | None] = {"T": "top", "B": "bottom", "-": None}
    return [FieldVotes(50, votes, 0, fields[letter]) for letter, votes in zip(repeated, top, strict=True)]


def test_repeated_fields_or_paired_votes_suffice_for_film() -> None:
    cadence = "-T-B--T-B--T"
    assert judge_fields([_votes(cadence, [9] * 12)]) == FieldVerdict("top", film=True)
    paired = [9 if place % 5 in (1, 2) else 1 for place in range(12)]
    assert judge_fields([_votes("-" * 12, paired)]) == FieldVerdict("top", film=True)
    assert judge_fields([_votes("TBTBTBTBTBTB", [9] * 12)]) == FieldVerdict("top")
    assert judge_fields([_votes("-T----T----T", [9] * 12)]) == FieldVerdict("top")
