"""Frame numbers of plates, results and keys, from the names that people and programs give."""

import numpy as np
import pytest

import stylize
from stylize.errors import SettingsError
from stylize.media.images import read_image, write_image
from tests.sliding import scene

FRAMES = range(-4, 8)


@pytest.mark.slow
def test_negative_frames_keep_their_numbers_everywhere(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    frames = scene(len(FRAMES))
    for frame, pixels in zip(FRAMES, frames, strict=True):
        write_image(folder / f"plate.{'-' if frame < 0 else ''}{abs(frame):04d}.png", pixels)
    write_image(tmp_path / "ref.png", 255 - frames[0])
    (tmp_path / "mine").mkdir()
    for key in (-3, 5):
        write_image(tmp_path / f"mine/painted.{'-' if key < 0 else ''}{abs(key):04d}.png", 255 - frames[key + 4])
    given = {"keys": tmp_path / "mine", "style": tmp_path / "ref.png", "output": f"{tmp_path}/out/plate.####.png"}
    with pytest.raises(SettingsError, match="--export ebsynth: expected frame numbers of 0 or more, found -4"):
        stylize.run(folder, export="ebsynth", **given)
    result = stylize.run(
        folder / "plate.####.png", export=["nuke", "passes"], refine=1, keyframes="-3,5",
        project=tmp_path / "p.stylize", **given,
    )  # fmt: skip
    assert result.painted == (-3, 5)
    names = [f"plate.{'-' if frame < 0 else ''}{abs(frame):04d}.png" for frame in FRAMES]
    assert sorted(path.name for path in (tmp_path / "out").glob("*.png")) == sorted(names)
    np.testing.assert_array_equal(read_image(tmp_path / "out/plate.-0003.png"), 255 - frames[1])
    np.testing.assert_array_equal(read_image(tmp_path / "out/plate.0005.png"), 255 - frames[9])
    assert (result.project / "out/plate.-0004.png").is_file()
    script = next(tmp_path.rglob("*.nk")).read_text()
    assert "first -4" in script
    assert "plate.####.png" in script or "plate.%04d.png" in script
    again = stylize.run(
        folder, keys=tmp_path / "mine", style=tmp_path / "ref.png", frames="-4--1", to_stage="propagate"
    )
    assert sorted(again.frames) == [-4, -3, -2, -1]
