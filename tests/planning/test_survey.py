"""Survey of candidates: their number, the data stored about them, and the work that they take."""

from collections.abc import Sequence

import numpy as np
import pytest

from propagate.arrays import Bytes, Floats
from propagate.flow import FlowEstimator
from propagate.flow_dis import DisFlow
from stylize.planning.survey import MAX_VIEWS, MIN_SPACING, Survey, SurveySource, shares, survey_shot
from tests import synthetic


class Counted:
    """Estimates flow, and counts the calls."""

    def __init__(self) -> None:
        self.estimate, self.count = DisFlow("fast"), 0

    def __call__(self, source: Bytes, target: Bytes) -> Floats:
        self.count += 1
        return self.estimate(source, target)

    def cache_key(self) -> str:
        return self.estimate.cache_key()


def make_survey(clip: Sequence[Bytes], fixed: Sequence[int] = (), estimate: FlowEstimator | None = None) -> Survey:
    shot = SurveySource(range(len(clip)), clip.__getitem__, None, estimate or DisFlow("fast"), lambda frame: None)
    return survey_shot(shot, fixed, None if fixed else lambda place: True)


@pytest.mark.slow
def test_still_shot_has_one_candidate() -> None:
    seen = make_survey(synthetic.still(24))
    assert seen.candidates == [0]
    assert min(shares(frame, weights)[0] for frame, weights in zip(seen.forward, seen.weights, strict=True)) > 0.97


@pytest.mark.slow
def test_candidates_appear_with_new_content_and_not_too_often() -> None:
    seen = make_survey(synthetic.enter(40, 15, 8))
    assert seen.candidates[0] == 0
    assert [place for place in seen.candidates if 0 < place < 14 or place > 28] == []
    rest, *others = seen.candidates[1:]
    assert rest == 15  # the last frame before the object enters
    assert others[0] - rest <= MIN_SPACING
    assert min(np.diff(others)) >= MIN_SPACING


@pytest.mark.slow
def test_cost_per_frame_does_not_grow_with_the_length() -> None:
    once, twice = Counted(), Counted()
    short, long = make_survey(synthetic.pan(40, 16), (), once), make_survey(synthetic.pan(80, 16), (), twice)
    # Never all pairs, which would be four times as many: both directions, a step and one look at each followed
    # candidate.
    assert twice.count < 2.5 * once.count
    assert max(once.count / 40, twice.count / 80) <= 2 * (1 + MAX_VIEWS)
    views = [[len(frame) for frame in [*seen.forward, *seen.backward]] for seen in (short, long)]
    assert np.mean(views[1]) < 1.3 * np.mean(views[0])
    assert max(views[1]) <= MAX_VIEWS
    bytes_kept = max(sum(packed.nbytes for packed in frame.values()) for frame in long.forward)
    assert bytes_kept <= MAX_VIEWS * 450


def test_every_plate_is_read_twice() -> None:
    clip = synthetic.enter(12, 3, 4)
    asked: list[int] = []

    def plate(frame: int) -> Bytes:
        asked.append(frame)
        return clip[frame]

    survey_shot(SurveySource(range(12), plate, None, DisFlow("fast"), lambda frame: None), [], lambda place: True)
    assert asked == [*range(12), *range(11, -1, -1)]


@pytest.mark.slow
def test_only_given_keys_are_followed_up_to_the_second_next_key() -> None:
    seen = make_survey(synthetic.still(20), [2, 8, 14])
    assert seen.candidates == [2, 8, 14]
    assert set(seen.forward[13]) == {2, 8}
    assert set(seen.forward[19]) == {8, 14}
    assert set(seen.backward[3]) == {8, 14}
    assert set(seen.backward[1]) == {2, 8}


def test_weights_are_distributed_over_the_frame() -> None:
    seen = make_survey(synthetic.enter(12, 3, 4), [0])
    assert all(np.isclose(weights.sum(), 1) and weights.min() > 0 for weights in seen.weights)
