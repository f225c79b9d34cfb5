"""Cuts that a person adds or drops, in runs and in mattes."""

import numpy as np
import pytest

import stylize
from stylize.errors import FrameRangeError, SettingsError
from stylize.media.images import read_values, write_image
from stylize.planning.cut_edits import CutEdits, read_cut_edits
from stylize.settings import MatteSettings, Settings
from tests.sliding import folder_of
from tests.synthetic import texture


def edits(frames, *, is_partial=False, **options):
    return read_cut_edits(Settings(style="a.png", **options), frames, is_partial=is_partial)


def test_cuts_are_added_and_dropped():
    assert CutEdits((3, 9), (6,)).apply((6, 8)) == (3, 8, 9)
    assert CutEdits().apply((6, 8)) == (6, 8)
    assert CutEdits().cache_inputs() == []
    assert CutEdits((3,)).cache_inputs() != CutEdits((), (3,)).cache_inputs() != []


def test_cut_must_be_at_a_frame_after_the_first():
    assert edits(range(1, 9), add_cut="2,8", drop_cut=5) == CutEdits((2, 8), (5,))
    for options in ({"add_cut": 1}, {"add_cut": 9}, {"drop_cut": 1}):
        flag = next(iter(options)).replace("_", "-")
        with pytest.raises(FrameRangeError, match=f"--{flag} [19]: expected .* one of 2-8;"):
            edits(range(1, 9), **options)
    with pytest.raises(SettingsError, match="frame 4 is in both --add-cut and --drop-cut"):
        Settings(style="a.png", add_cut=4, drop_cut="3-5")
    with pytest.raises(SettingsError, match="frame 4 is in both --add-cut and --drop-cut"):
        MatteSettings(luma="0.1:0.2", output="m/", add_cut=4, drop_cut=4)


def test_part_of_a_shot_ignores_cuts_outside_and_moves_those_between_its_frames():
    assert edits(range(10, 21, 2), is_partial=True, add_cut="5,10,13,20,21,40") == CutEdits((14, 20))


@pytest.fixture(scope="module")
def plates(tmp_path_factory):
    """Five frames of one scene and four of another, each panning."""
    scenes = [texture(seed, (120, 54)) for seed in (1, 2)]
    pictures = [np.ascontiguousarray(scenes[n > 4][:, 2 * n : 2 * n + 96]) for n in range(9)]
    return folder_of(tmp_path_factory.mktemp("cuts") / "plates", pictures)


@pytest.mark.slow
def test_plan_splits_the_footage_at_the_edited_cuts(plates):
    told = []
    found = stylize.plan(plates, style=plates / "plate.0001.png", on_message=told.append)
    assert [shot.frames[0] for shot in found.shots] == [1, 6]
    assert not [line for line in told if "drop-cut" in line]
    found = stylize.plan(plates, style=plates / "plate.0001.png", add_cut=8, drop_cut="6,7", on_message=told.append)
    assert [shot.frames[0] for shot in found.shots] == [1, 8]
    assert [line for line in told if "drop-cut" in line] == [
        "--drop-cut 7 changes nothing: no cut was found before frame 7"
    ]
    found = stylize.plan(plates, style=plates / "plate.0001.png", split=False, add_cut=3)
    assert [shot.frames[0] for shot in found.shots] == [1, 3]


@pytest.mark.slow
def test_mattes_are_propagated_across_a_dropped_cut_and_not_across_an_added_one(plates, tmp_path):
    write_image(tmp_path / "all.png", np.full((54, 96), 255, np.uint8))

    def inside(**options):
        made = stylize.make_mattes(plates, key=f"1:{tmp_path / 'all.png'}", output=f"{tmp_path}/m/", **options)
        return [frame for frame, path in made.frames.items() if read_values(path).max() > 0]

    assert inside() == [1, 2, 3, 4, 5]
    assert inside(add_cut=3) == [1, 2]
    assert set(inside(drop_cut=6)) > {1, 2, 3, 4, 5}
