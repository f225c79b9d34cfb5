"""Mattes of every source that a run reads: the options of reading act on the footage of ``stylize matte``."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from propagate.arrays import Floats
from stylize.errors import MatteError, SettingsError, ShotError
from stylize.matting.matte_pipeline import MatteResult, make_mattes
from stylize.media.images import read_values, write_image
from stylize.settings import MATTE_OPTIONS, OPTIONS, MatteSettings
from stylize.settings.reading_options import READING_OPTIONS
from tests.clips import write_movie
from tests.exr_files import Part, write_exr
from tests.fields import interlaced, moving
from tests.media.test_companions import damaged
from tests.media.test_ocio_view import FILMIC
from tests.media.test_tonemap import PQ, hdr_movie

SIZE = (24, 16)


def flat(light: float, square: float | None = None) -> Floats:
    """A frame of one light, with a square of another one at the top left."""
    pixels = np.full((*SIZE[::-1], 3), light, np.float32)
    if square is not None:
        pixels[:6, :6] = square
    return pixels


def plates(folder: Path, pictures: Sequence[Part | Sequence[Part]]) -> Path:
    for number, picture in enumerate(pictures, 1001):
        write_exr(folder / f"p.{number}.exr", picture)
    return folder


def make(path: Path, folder: Path, **options: object) -> MatteResult:
    return make_mattes(path, MatteSettings(output=f"{folder}/", **options))  # type: ignore[arg-type]


def matte(path: Path, folder: Path, **options: object) -> Floats:
    """The matte of the first frame."""
    made = make(path, folder, **options)
    return read_values(next(iter(made.frames.values())))[..., 0]


def test_run_and_matte_share_the_declarations() -> None:
    for name, option in READING_OPTIONS.items():
        assert MATTE_OPTIONS[name] == OPTIONS[name] == option


def test_layer_of_exr(tmp_path: Path) -> None:
    parts = [Part(flat(0.02), name="beauty"), Part(flat(0.02, 0.9), name="mask")]
    path = plates(tmp_path / "p", [parts])
    assert matte(path, tmp_path / "a", luma="0.4:0.5").max() == 0
    found = matte(path, tmp_path / "b", luma="0.4:0.5", exr_layer="mask")
    assert (found[:6, :6] == 1).all()
    assert found[8:].max() == 0


def test_exposure_and_clip_of_linear_light(tmp_path: Path) -> None:
    path = plates(tmp_path / "p", [Part(flat(1.5, 6))])
    # Clipped, 1.5 and 6 are both white; the view keeps them apart.
    assert matte(path, tmp_path / "clip", luma="0.9:0.99", clip=True).min() == 1
    shown = matte(path, tmp_path / "view", luma="0.95:0.96", exposure=0)
    assert (shown[:6, :6].min(), shown[8:].max()) == (1, 0)
    # Eight stops down, nothing is bright.
    assert matte(path, tmp_path / "dark", luma="0.95:0.96", exposure=-8).max() == 0


def test_view_of_opencolorio(tmp_path: Path) -> None:
    (tmp_path / "config.ocio").write_text(FILMIC)
    path = plates(tmp_path / "p", [Part(flat(0.5, 8))])
    options = {"ocio": str(tmp_path / "config.ocio"), "input_space": "lin", "view": "log"}
    # The view is 0.5 + 0.07 * log2(light + 0.01).
    found = matte(path, tmp_path / "a", luma="0.69:0.70", **options)
    assert (found[:6, :6].min(), found[8:].max()) == (1, 0)
    assert matte(path, tmp_path / "b", luma="0.72:0.73", **options).max() == 0


def test_options_of_the_view_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--clip and --exposure are two views"):
        MatteSettings(luma="0.1:0.2", output="m/", clip=True, exposure=1)
    with pytest.raises(SettingsError, match="--view needs --ocio"):
        MatteSettings(luma="0.1:0.2", output="m/", view="log")
    path = tmp_path / "p.0001.png"
    write_image(path, np.zeros((16, 24, 3), np.uint8))
    with pytest.raises(SettingsError, match="--exposure applies to EXR and float TIFF"):
        make(path, tmp_path / "m", luma="0.1:0.2", exposure=1)


def test_strict_refuses_a_damaged_movie(tmp_path: Path) -> None:
    path = damaged(tmp_path / "a.mov")
    assert len(make(path, tmp_path / "m", luma="0.1:0.2").frames) == 6
    with pytest.raises(ShotError, match="frame 4 is not decodable"):
        make(path, tmp_path / "m", luma="0.1:0.2", strict=True)


# Clean plates are converted like the shot


def test_clean_plate_in_linear_light_has_the_view_of_the_shot(tmp_path: Path) -> None:
    path = plates(tmp_path / "p", [Part(flat(1.2, 7))])
    clean = write_exr(tmp_path / "clean.exr", Part(flat(1.2)))
    found = matte(path, tmp_path / "m", clean=clean)
    assert (found[:6, :6].min(), found[8:].max()) == (1, 0)
    write_image(tmp_path / "clean.png", np.full((16, 24, 3), 255, np.uint8))
    with pytest.raises(MatteError, match=r"clean plate .*clean\.png: expected linear light, found integers"):
        make(path, tmp_path / "n", clean=tmp_path / "clean.png")


def test_clean_plate_movie_is_tone_mapped_and_deinterlaced_like_the_shot(tmp_path: Path) -> None:
    form = {"codec": "ffv1", "layout": "yuv444p10le"}
    shot = hdr_movie(tmp_path / "a.mkv", [0.5, 0.6], PQ, **form)  # type: ignore[arg-type]
    clean = hdr_movie(tmp_path / "clean.mkv", [0.5, 0.5], PQ, **form)  # type: ignore[arg-type]
    made = make(shot, tmp_path / "m", clean=clean, tonemap="hable", deinterlace="fields")
    found = [read_values(path)[24:, 16:, 0] for path in made.frames.values()]
    assert [one.max() for one in found[:2]] == [0, 0]
    assert found[3].min() == 1
    # Another conversion is not mistaken for this one.
    again = make(shot, tmp_path / "m", clean=clean, tonemap="reinhard", deinterlace="frames", overwrite=True)
    assert [float(read_values(path)[40, 40, 0]) for path in again.frames.values()] == [0, 1]
    plain = write_movie(tmp_path / "plain.mkv", [np.zeros((48, 64, 3), np.uint8)] * 2)
    with pytest.raises(MatteError, match=r"clean plate is converted like the shot: .* standard range"):
        make(shot, tmp_path / "n", clean=plain, tonemap="hable")


def test_fields_of_a_movie(tmp_path: Path) -> None:
    path = write_movie(tmp_path / "a.mkv", interlaced(moving(8)), codec="ffv1", layout="yuv444p", options={})
    assert len(make(path, tmp_path / "m", luma="0.1:0.2", deinterlace="fields").frames) == 8
