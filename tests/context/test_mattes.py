"""Mattes from files, and the alpha of the shot."""

import gc
from pathlib import Path

import numpy as np
import OpenImageIO
import pytest

from masks.extent import Extent
from propagate.arrays import Floats, Pixels
from stylize.context.mattes import Shaping, alpha_mattes, matte_extents, mattes_from_files, open_mattes
from stylize.errors import MatteError
from stylize.media.images import write_image
from stylize.media.opening import open_shot
from stylize.media.shot import Shot
from stylize.project import Project
from stylize.settings import Settings
from tests.clips import picture, write_movie

RAMP = np.ascontiguousarray(np.broadcast_to(np.linspace(0, 255, 64).round().astype(np.uint8), (48, 64)))


@pytest.fixture
def shot(tmp_path: Path) -> Shot:
    """Frames 1001-1004, 64x48."""
    (tmp_path / "plates").mkdir()
    for number in range(1001, 1005):
        write_image(tmp_path / "plates" / f"plate.{number}.png", picture(number))
    return open_shot(tmp_path / "plates")


def folder_of(path: Path, matte: Pixels, suffix: str = ".png") -> Path:
    path.mkdir()
    for number in range(1000, 1006):
        write_image(path / f"mask_{number}{suffix}", matte)
    return path


def write_exr(path: Path, values: Floats, names: tuple[str, ...]) -> None:
    spec = OpenImageIO.ImageSpec(values.shape[1], values.shape[0], values.shape[2], "float")
    spec.channelnames = names
    target = OpenImageIO.ImageOutput.create(str(path))
    assert target.open(str(path), spec)
    assert target.write_image(values)
    assert target.close()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_values_are_the_matte(tmp_path: Path, shot: Shot, dtype: type) -> None:
    top = np.iinfo(dtype).max
    mattes = open_mattes(folder_of(tmp_path / "mask", RAMP.astype(dtype) * (top // 255)), shot)
    assert list(mattes.paths) == [1001, 1002, 1003, 1004]
    matte = mattes.read(1002)
    assert (matte.dtype, matte.shape) == (np.float32, (48, 64))
    np.testing.assert_allclose(matte, RAMP / 255, atol=1e-6)
    assert (matte[0, 0], matte[0, -1]) == (0, 1)


def write_png(path: Path, pixels: Pixels) -> None:
    """Write a PNG with 1 to 4 channels: grey, grey and alpha, RGB or RGBA."""
    spec = OpenImageIO.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], "uint8")
    spec.attribute("oiio:UnassociatedAlpha", 1)
    out = OpenImageIO.ImageOutput.create(str(path))
    assert out.open(str(path), spec)
    assert out.write_image(np.ascontiguousarray(pixels))
    out.close()


@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize("alpha", [None, 255, 200])
def test_grey_and_coloured_files_give_the_same_matte(
    tmp_path: Path, shot: Shot, colours: int, alpha: int | None
) -> None:
    path = tmp_path / "m.png"
    veil = [] if alpha is None else [np.full_like(RAMP, alpha)]
    write_png(path, np.dstack([*[RAMP] * colours, *veil]))
    found = open_mattes(path, shot).read(1001)
    wanted = np.full(RAMP.shape, 200, np.float32) if alpha == 200 else RAMP.astype(np.float32)
    np.testing.assert_array_equal(found, wanted / np.float32(255))


def test_matte_can_be_inverted(tmp_path: Path, shot: Shot) -> None:
    mattes = open_mattes(folder_of(tmp_path / "mask", RAMP), shot, shaping=Shaping(invert=True))
    np.testing.assert_allclose(mattes.read(1001), 1 - RAMP / 255, atol=1e-6)


def test_alpha_is_the_matte_unless_fully_opaque(tmp_path: Path, shot: Shot) -> None:
    cutout = np.dstack([picture(0), RAMP])
    np.testing.assert_allclose(open_mattes(folder_of(tmp_path / "a", cutout), shot).read(1001), RAMP / 255, atol=1e-6)
    opaque = np.dstack([RAMP, RAMP, RAMP, np.full_like(RAMP, 255)])
    np.testing.assert_allclose(open_mattes(folder_of(tmp_path / "b", opaque), shot).read(1001), RAMP / 255, atol=1e-6)


def test_one_opaque_frame_among_cutouts_stays_opaque(tmp_path: Path, shot: Shot) -> None:
    folder = folder_of(tmp_path / "mask", np.dstack([picture(0), RAMP]))
    write_image(folder / "mask_1002.png", np.dstack([picture(0), np.full_like(RAMP, 255)]))
    assert (open_mattes(folder, shot).read(1002) == 1).all()


def test_mattes_without_the_alpha_of_the_others_are_named(tmp_path: Path, shot: Shot) -> None:
    folder = folder_of(tmp_path / "mask", np.dstack([picture(0), RAMP]))
    for number in (1003, 1004):
        write_image(folder / f"mask_{number}.png", picture(0))
    messages: list[str] = []
    project = Project(tmp_path / "p", message=messages.append)
    mattes_from_files(shot, Settings(matte=folder), project)
    assert len(messages) == 1
    assert "frames 1003-1004 have no alpha, unlike the others, and count as opaque" in messages[0]


def test_exr_values_are_unchanged(tmp_path: Path, shot: Shot) -> None:
    write_exr(tmp_path / "half.exr", np.full((48, 64, 1), 0.5, np.float32), ("Y",))
    assert (open_mattes(tmp_path / "half.exr", shot).read(1003) == 0.5).all()


def test_one_still_serves_all_frames(tmp_path: Path, shot: Shot) -> None:
    write_image(tmp_path / "garbage.png", RAMP)
    mattes = open_mattes(tmp_path / "garbage.png", shot)
    assert set(mattes.paths.values()) == {tmp_path / "garbage.png"}
    np.testing.assert_array_equal(mattes.read(1001), mattes.read(1004))


def grey_pictures(count: int) -> list[Pixels]:
    return [np.full((48, 64, 3), 40 * (index + 1), np.uint8) for index in range(count)]


@pytest.mark.slow
def test_matte_can_be_a_movie(tmp_path: Path, shot: Shot) -> None:
    mattes = open_mattes(write_movie(tmp_path / "mask.mp4", grey_pictures(4)), shot)
    for index, number in enumerate(shot.frames):
        np.testing.assert_allclose(mattes.read(number), 40 * (index + 1) / 255, atol=1 / 255)
    folder = mattes.paths[1001].parent
    assert folder.exists()
    del mattes
    gc.collect()
    assert not folder.exists()


def test_matte_movie_covers_the_shot_or_the_frame_range(tmp_path: Path, shot: Shot) -> None:
    part = open_shot(shot.path, frames="1003-1004")
    of_all = open_mattes(
        write_movie(tmp_path / "all.mp4", grey_pictures(4)), part, project=Project(tmp_path / "m1.stylize")
    )
    np.testing.assert_allclose(of_all.read(1003), 120 / 255, atol=1 / 255)
    assert of_all.paths[1003].parent.parent == tmp_path / "m1.stylize" / "mask"
    assert of_all.paths[1003].name == "all.1003.png"
    of_part = open_mattes(
        write_movie(tmp_path / "part.mp4", grey_pictures(2)), part, project=Project(tmp_path / "m2.stylize")
    )
    np.testing.assert_allclose(of_part.read(1003), 40 / 255, atol=1 / 255)


def test_matte_movie_of_another_length_is_refused(tmp_path: Path, shot: Shot) -> None:
    with pytest.raises(MatteError, match=r"mask\.mp4: expected 4 frames like the shot, found 3"):
        open_mattes(write_movie(tmp_path / "mask.mp4", grey_pictures(3)), shot)


def test_missing_mattes_are_named(tmp_path: Path, shot: Shot) -> None:
    folder = folder_of(tmp_path / "mask", RAMP)
    (folder / "mask_1002.png").unlink()
    (folder / "mask_1003.png").unlink()
    with pytest.raises(MatteError, match="missing 1002-1003"):
        open_mattes(folder, shot)
    with pytest.raises(MatteError, match="no such file"):
        open_mattes(tmp_path / "none.mov", shot)


def test_mattes_of_another_size_are_refused(tmp_path: Path, shot: Shot) -> None:
    folder = folder_of(tmp_path / "mask", RAMP)
    write_image(folder / "mask_1003.png", RAMP[:, :60])
    with pytest.raises(MatteError, match=r"mask_1003\.png: expected 64x48 .* found 60x48"):
        open_mattes(folder, shot)
    with pytest.raises(MatteError, match=r"mask\.mp4: expected 64x48"):
        open_mattes(write_movie(tmp_path / "mask.mp4", [picture(0, (32, 24))] * 4), shot)


def test_unreadable_mattes_are_refused(tmp_path: Path, shot: Shot) -> None:
    (tmp_path / "broken.png").write_bytes(b"nothing")
    with pytest.raises(MatteError, match=r"^matte [^\n]*broken\.png: not a readable picture[^\n]*$"):
        open_mattes(tmp_path / "broken.png", shot)
    write_exr(tmp_path / "nan.exr", np.full((48, 64, 1), np.nan, np.float32), ("Y",))
    with pytest.raises(MatteError, match="NaN"):
        open_mattes(tmp_path / "nan.exr", shot).read(1001)
    (tmp_path / "noise.mp4").write_bytes(b"nothing")
    with pytest.raises(MatteError, match="not a readable movie"):
        open_mattes(tmp_path / "noise.mp4", shot)


def test_file_without_alpha_among_cutouts_is_opaque(tmp_path: Path, shot: Shot) -> None:
    folder = folder_of(tmp_path / "mask", np.dstack([picture(0), RAMP]))
    write_image(folder / "mask_1002.png", picture(0))
    assert (open_mattes(folder, shot).read(1002) == 1).all()


def test_matte_is_inverted_then_grown_then_feathered(tmp_path: Path, shot: Shot) -> None:
    grey = np.full((48, 64), 255, np.uint8)
    grey[20:28, 30:34] = 0
    write_image(tmp_path / "hole.png", grey)
    matte = open_mattes(tmp_path / "hole.png", shot, shaping=Shaping(invert=True, grow=3)).read(1001)
    assert set(np.unique(matte)) == {0, 1}
    rows, columns = np.nonzero(matte)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (17, 30, 27, 36)
    soft = open_mattes(tmp_path / "hole.png", shot, shaping=Shaping(True, 3, 4)).read(1001)
    assert (soft[24, 24], soft[24, 30]) == (0, 1)
    assert 0 < soft[24, 25] < soft[24, 26] < soft[24, 27] < 1


def test_alpha_of_the_shot_is_a_matte(tmp_path: Path, shot: Shot) -> None:
    for number in (1, 2):
        write_image(tmp_path / f"cut.{number}.png", np.dstack([picture(number), RAMP]))
    write_image(tmp_path / "cut.3.png", picture(3))
    cut = open_shot(tmp_path / "cut.#.png")
    mattes = alpha_mattes(cut, dict(zip(cut.frames, cut.files, strict=True)))
    np.testing.assert_allclose(mattes.read(2), RAMP / 255, atol=1e-6)
    assert (mattes.read(3) == 1).all()
    with pytest.raises(MatteError, match=r"has no alpha.*--matte PATH"):
        alpha_mattes(shot, {})


def test_matte_extents_are_measured_once(tmp_path: Path, shot: Shot, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(tmp_path / "mask", np.zeros((48, 64), np.uint8))
    write_image(folder / "mask_1002.png", np.full((48, 64), 255, np.uint8))
    corner = np.zeros((48, 64), np.uint8)
    corner[40:, 60:] = 9
    write_image(folder / "mask_1003.png", corner)
    project = Project(tmp_path / "p.stylize")
    found = matte_extents(open_mattes(folder, shot), project)
    assert found == {
        1001: Extent(None, False),
        1002: Extent((0, 0, 64, 48), True),
        1003: Extent((60, 40, 64, 48), False),
        1004: Extent(None, False),
    }
    with monkeypatch.context() as patch:
        patch.setattr("stylize.context.mattes.extent", lambda matte: pytest.fail("read again"))
        assert matte_extents(open_mattes(folder, shot), project) == found
    assert matte_extents(open_mattes(folder, shot, shaping=Shaping(invert=True)), project)[1001].whole
