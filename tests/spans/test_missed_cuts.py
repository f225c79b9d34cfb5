from itertools import pairwise

import cv2
import numpy as np
import pytest

import stylize
from stylize.spans.missed_cuts import shot_warnings
from tests.sliding import folder_of
from tests.synthetic import texture


def said(frames, keys, breaks):
    return [line.split(":")[0] for line in shot_warnings(frames, keys, breaks)]


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
        ([1], [9], ["frames 9 to 9"]),
    ],
)
def test_only_frames_that_no_key_reaches_are_told(keys, breaks, expected):
    assert said(range(1, 10), keys, breaks) == expected


@pytest.fixture
def cut(tmp_path):
    """Five frames of one scene and four of another, each panning."""
    scenes = [texture(seed, (120, 54)) for seed in (1, 2)]
    pictures = [scenes[n > 4][:, 2 * n : 2 * n + 96] for n in range(9)]
    assert all(np.abs(one.astype(int) - other).any() for one, other in pairwise(pictures))
    return folder_of(tmp_path / "plates", [np.ascontiguousarray(p) for p in pictures])


@pytest.fixture
def style(tmp_path):
    return folder_of(tmp_path / "style", [texture(7, (80, 60))]) / "plate.0001.png"


def cut_off(result):
    return [note for note in result.notes if "nothing connects" in note]


def test_a_cut_that_was_not_split_is_told_until_it_has_a_key(cut, style):
    first = stylize.run(cut, style=style, split=False, keyframes=(1,))
    assert len(first.frames) == 9
    assert [note.split(":")[0] for note in cut_off(first)] == ["frames 6 to 9"]
    # Told again when nothing has to be made again.
    again = stylize.run(cut, style=style, split=False, keyframes=(1,))
    assert again.redone == ()
    assert cut_off(again) == cut_off(first)
    assert cut_off(stylize.run(cut, style=style, split=False, keyframes=(1, 8))) == []


def test_refining_gives_what_lies_beyond_a_cut_a_key_of_its_own(cut, style):
    refined = stylize.run(cut, style=style, split=False, max_keyframes=1, refine=1)
    (shot,) = refined.shots
    assert len({key > 5 for key in shot.keys}) == 2
    assert cut_off(refined) == []


def test_a_shot_in_one_piece_has_nothing_to_tell(tmp_path, style):
    whole = texture(1, (120, 54))
    plates = folder_of(tmp_path / "plates", [np.ascontiguousarray(whole[:, 2 * n : 2 * n + 96]) for n in range(5)])
    assert stylize.run(plates, style=style, keyframes=(1,)).notes == ()


def test_a_cut_between_soft_scenes_is_told(tmp_path, style):
    scenes = [cv2.GaussianBlur(texture(seed, (160, 90), colour=light), (0, 0), 6) for seed, light in
              ((1, (70, 60, 50)), (2, (110, 120, 140)))]  # fmt: skip
    plates = folder_of(tmp_path / "soft", [scenes[n > 19] for n in range(40)])
    told = cut_off(stylize.run(plates, style=style, split=False, keyframes=(1,)))
    assert [note.split(":")[0] for note in told] == ["frames 21 to 40"]
