"""Whole runs of shots in linear light: range, overscan and alpha of the plates come back in EXR."""

from pathlib import Path

import numpy as np
import pytest

import stylize
from stylize.media.images import write_image
from tests.exr_files import Part, stored, write_exr

WIDTH, HEIGHT, FRAMES = 48, 32, (1, 2, 3)
ORIGIN, DISPLAY = (-8, -4), (0, 0, WIDTH, HEIGHT)


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    """Frames with overscan, light from -0.2 to 3.8, and a glow without alpha."""
    y, x = np.mgrid[0 : HEIGHT + 8, 0 : WIDTH + 16].astype(np.float32)
    for frame in FRAMES:
        light = np.stack([1.8 + 2 * np.sin((x + frame) / 5), 1 + np.cos(y / 6), (x + y) / 90, np.ones_like(x)], axis=2)
        light[6:9, 20:40, 3] = 0
        write_exr(
            tmp_path / "p" / f"p.{frame:04d}.exr",
            Part(light, ("R", "G", "B", "A"), origin=ORIGIN, display=DISPLAY),
        )
    return tmp_path / "p"


@pytest.fixture
def inputs(tmp_path: Path) -> dict[str, object]:
    """A matte of the lower half and a key with a bright half."""
    matte = np.zeros((HEIGHT, WIDTH), np.uint8)
    matte[16:] = 255
    write_image(tmp_path / "m.png", matte)
    key = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
    key[:, 24:] = 250
    write_image(tmp_path / "keys" / "k.0002.png", key) if (tmp_path / "keys").mkdir() is None else None
    return {"keys": tmp_path / "keys", "matte": tmp_path / "m.png", "threads": 1}


@pytest.mark.slow
def test_exr_keeps_the_plate_outside_and_highlights_inside(
    tmp_path: Path, shot: Path, inputs: dict[str, object]
) -> None:
    stylize.run(shot, output=str(tmp_path / "o" / "o.####.exr"), **inputs)  # type: ignore[arg-type]
    for frame in FRAMES:
        plate, result = stored(shot / f"p.{frame:04d}.exr"), stored(tmp_path / "o" / f"o.{frame:04d}.exr")
        assert (result.origin, result.display, result.channels) == (ORIGIN, DISPLAY, ("R", "G", "B", "A"))
        changed = (result.bits != plate.bits).any(axis=2)
        assert not changed[:20].any()
        assert not changed[:, :8].any()
        assert changed[20:36, 8:56].all()
        assert result.values[24:32, 44:52, :3].min() > 2
    # A delivery alone reads the matte again.
    again = stylize.run(shot, output=str(tmp_path / "a" / "o.####.exr"), from_stage="export", **inputs)  # type: ignore[arg-type]
    assert again is not None
    assert (tmp_path / "a" / "o.0002.exr").read_bytes() == (tmp_path / "o" / "o.0002.exr").read_bytes()


@pytest.mark.slow
def test_clip_gives_light_from_0_to_1(tmp_path: Path, shot: Path, inputs: dict[str, object]) -> None:
    stylize.run(shot, output=str(tmp_path / "o" / "o.####.exr"), clip=True, **inputs)  # type: ignore[arg-type]
    result = stored(tmp_path / "o" / "o.0002.exr")
    assert result.values.shape == (HEIGHT, WIDTH, 4)
    assert (result.values.min(), result.values.max()) == (0, 1)


@pytest.mark.slow
def test_keys_in_linear_light_are_painted_in_the_view(tmp_path: Path, shot: Path, inputs: dict[str, object]) -> None:
    (tmp_path / "keys" / "k.0002.png").unlink()
    light = np.full((HEIGHT, WIDTH, 3), 3.0, np.float32)
    write_exr(tmp_path / "keys" / "k.0002.exr", Part(light))
    stylize.run(shot, output=str(tmp_path / "o" / "o.####.exr"), **inputs)  # type: ignore[arg-type]
    painted = stored(tmp_path / "o" / "o.0002.exr").values[24:36, 8:56, :3]
    np.testing.assert_allclose(painted, 3, rtol=1e-3)


@pytest.mark.slow
def test_draft_and_pictures_show_the_view(tmp_path: Path, shot: Path, inputs: dict[str, object]) -> None:
    stylize.run(shot, output=str(tmp_path / "o" / "o.####.exr"), draft=True, **inputs)  # type: ignore[arg-type]
    (draft,) = tmp_path.glob("o/o.draft-*.0002.exr")
    assert stored(draft).values.max() > 2
    result = stylize.run(shot, output=str(tmp_path / "png"), **inputs)  # type: ignore[arg-type]
    assert any("keeps the range of the plates" in note for note in result.notes), result.notes
