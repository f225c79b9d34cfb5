from itertools import pairwise

import cv2
import numpy as np
import pytest

import stylize
from stylize.spans.missed_cuts import shot_warnings
from tests.sliding import folder_of
from tests.synthetic import texture


def missed_cut_messages(frames, keys, breaks):
    return [line.split(":")[0] for line in shot_warnings(frames, keys, breaks, was_split=True)]


@pytest.mark.parametrize(
    ("keys", "breaks", "expected"),
    [
        ([1], [], []),
        ([1], [5], ["frames 5 to 9"]),
        ([9], [5], ["frames 1 to 4"]),
        ([1, 9], [5], []),
        ([4, 5], [5], []),
        ([1], [5, 7], ["frames 5 to 6", "frames 7 to 9"]),
        ([1, 8], [5, 7], ["frames 5 to 6"]),
        ([1], [9], ["frame 9"]),
    ],
)
def test_only_frames_beyond_a_missed_cut_are_reported(keys, breaks, expected):
    assert missed_cut_messages(range(1, 10), keys, breaks) == expected


def test_advice_fits_the_options_that_were_given():
    (split,) = shot_warnings(range(1, 10), [1], [5], was_split=True)
    (unsplit,) = shot_warnings(range(1, 10), [1], [5], was_split=False)
    assert "--no-split" not in split
    assert "--add-key 5" in split
    assert unsplit.endswith("or leave out --no-split")


@pytest.fixture
def plates_with_cut(tmp_path):
    """Five frames of one scene and four of another, each panning."""
    scenes = [texture(seed, (120, 54)) for seed in (1, 2)]
    pictures = [scenes[n > 4][:, 2 * n : 2 * n + 96] for n in range(9)]
    assert all(np.abs(one.astype(int) - other).any() for one, other in pairwise(pictures))
    return folder_of(tmp_path / "plates", [np.ascontiguousarray(p) for p in pictures])


@pytest.fixture
def style(tmp_path):
    return folder_of(tmp_path / "style", [texture(7, (80, 60))]) / "plate.0001.png"


def cut_off(result):
    return [note for note in result.notes if "no motion connects" in note]


@pytest.mark.slow
def test_missed_cut_is_reported_until_it_has_a_key(plates_with_cut, style):
    first = stylize.run(plates_with_cut, style=style, split=False, keyframes=(1,))
    assert len(first.frames) == 9
    assert [note.split(":")[0] for note in cut_off(first)] == ["frames 6 to 9"]
    # Reported again even if all frames are reused.
    again = stylize.run(plates_with_cut, style=style, split=False, keyframes=(1,))
    assert again.redone == ()
    assert cut_off(again) == cut_off(first)
    assert cut_off(stylize.run(plates_with_cut, style=style, split=False, keyframes=(1, 8))) == []


@pytest.mark.slow
def test_refinement_adds_a_key_after_a_missed_cut(plates_with_cut, style):
    refined = stylize.run(plates_with_cut, style=style, split=False, max_keyframes=1, refine=1)
    (shot,) = refined.shots
    assert len({key > 5 for key in shot.keys}) == 2
    assert cut_off(refined) == []


@pytest.mark.slow
def test_continuous_shot_reports_nothing(tmp_path, style):
    whole = texture(1, (120, 54))
    plates = folder_of(tmp_path / "plates", [np.ascontiguousarray(whole[:, 2 * n : 2 * n + 96]) for n in range(5)])
    assert stylize.run(plates, style=style, keyframes=(1,)).notes == ()


@pytest.mark.slow
def test_cut_between_soft_scenes_is_reported(tmp_path, style):
    scenes = [cv2.GaussianBlur(texture(seed, (160, 90), colour=light), (0, 0), 6) for seed, light in
              ((1, (70, 60, 50)), (2, (110, 120, 140)))]  # fmt: skip
    plates = folder_of(tmp_path / "soft", [scenes[n > 19] for n in range(40)])
    warnings = cut_off(stylize.run(plates, style=style, split=False, keyframes=(1,)))
    assert [note.split(":")[0] for note in warnings] == ["frames 21 to 40"]
