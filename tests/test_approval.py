"""Approval: locked keys, and a golden that later runs are checked against."""

import numpy as np
import pytest

import stylize
from stylize.errors import ProjectError
from stylize.media.images import read_image, write_image
from stylize.planning.keys_csv import read_choices
from tests.sliding import picture


@pytest.mark.slow
def test_approved_project_is_locked_and_matches_its_golden(plates, style):
    result = stylize.run(plates, style=style, keyframes=(1, 8), seed=5)
    approval = stylize.approve(result.project)
    assert (approval.keys, approval.frames) == ({"": (1, 8)}, 8)
    assert approval.golden == plates.parent / "golden" / "plates"
    for frame, path in result.frames.items():
        [approved] = (approval.golden / "approved").glob(f"*.{frame:04d}.png")
        assert np.array_equal(read_image(approved), read_image(path))
    choices = read_choices(result.project / "keys.csv", frozenset(range(1, 9)), is_partial=True)
    assert {frame for frame, choice in choices.items() if choice.lock} == {1, 8}
    [verdict] = stylize.check(approval.golden.parent, trust=True)
    assert (verdict.frames, verdict.differences) == (8, ())
    again = stylize.run(result.project, seed=6)
    assert again.rendered == (), "locked keys are not rendered again, whatever the settings"

    write_image(approval.golden / "keys" / "key.0001.png", picture(90))
    [verdict] = stylize.check(approval.golden.parent, trust=True)
    assert verdict.differences, "the golden guards against another result"


@pytest.mark.slow
def test_layers_mattes_and_a_key_that_is_no_longer_used(plates, style, tmp_path):
    matte = np.tile(np.arange(64, dtype=np.uint8)[None, :, None] // 32 * 255, (36, 1, 3))
    write_image(tmp_path / "matte.png", matte)
    layers = [
        {"name": "one", "keyframes": (1, 8)},
        {"name": "two", "keyframes": (4,), "matte": str(tmp_path / "matte.png")},
    ]
    result = stylize.run(plates, style=style, layers=layers)
    approval = stylize.approve(result.project, tmp_path / "goldens")
    assert approval.keys == {"one": (1, 8), "two": (4,)}
    assert stylize.check(tmp_path / "goldens", trust=True)[0].differences == ()
    # A locked key stays a key.
    stylize.pick(result.project, {8: None}, layer="one", lock=False)
    layers[0]["keyframes"] = (1,)
    stylize.run(result.project, layers=layers)
    approval = stylize.approve(result.project, tmp_path / "goldens")
    assert [path.name for path in (approval.golden / "keys_one").iterdir()] == ["key.0001.png"]
    assert stylize.check(tmp_path / "goldens", trust=True)[0].differences == ()


@pytest.mark.slow
def test_nothing_is_approved_that_nobody_has_seen(plates, style, tmp_path):
    result = stylize.run(plates, style=style, keyframes=(1, 8))
    write_image(result.project / "keys" / "plate.0008.png", picture(90))
    with pytest.raises(ProjectError, match=r"did not match the present keys and settings"):
        stylize.approve(result.project)
    assert not (plates.parent / "golden").exists()
    assert (
        not (result.project / "keys.csv").exists()
        or "1" not in (result.project / "keys.csv").read_text().split(",")[-1]
    )
    stylize.approve(result.project)

    (tmp_path / "mine" / "plates").mkdir(parents=True)
    (tmp_path / "mine" / "plates" / "notes.txt").write_text("x")
    with pytest.raises(ProjectError, match="exists and is not a golden project"):
        stylize.approve(result.project, tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine" / "plates").iterdir()] == ["notes.txt"]
    golden = plates.parent / "golden" / "plates" / "golden.toml"
    golden.write_text('shot = "../../other"\n')
    with pytest.raises(ProjectError, match="the golden project of another shot"):
        stylize.approve(result.project)
