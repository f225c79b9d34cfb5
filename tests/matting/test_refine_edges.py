"""``--refine`` in ``stylize matte``."""

import numpy as np
import pytest

from stylize.errors import MatteError, SettingsError
from stylize.matting import refine_edges as matte_edges
from stylize.matting.matte_pipeline import make_mattes
from stylize.media.images import read_values, write_image
from stylize.settings import MatteSettings
from tests.composites import CASES

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def case():
    return CASES["blur"](1)


@pytest.fixture
def plates(tmp_path, case):
    (tmp_path / "plates").mkdir()
    for number in (1, 2):
        write_image(tmp_path / "plates" / f"p.{number}.png", case.frames[0])
    return tmp_path / "plates"


@pytest.mark.slow
def test_tracked_hard_matte_regains_motion_blur(tmp_path, plates, case):
    pytest.importorskip("pymatting")
    hard = (case.alphas[0] > 0.5).astype(np.uint8) * 255
    write_image(tmp_path / "hard.png", hard)
    key = f"1:{tmp_path / 'hard.png'}"
    plain = make_mattes(plates, MatteSettings(key=key, output=f"{tmp_path}/m/"))
    before = np.abs(read_values(plain.frames[2])[..., 0] - case.alphas[0]).mean()
    made = make_mattes(plates, MatteSettings(key=key, output=f"{tmp_path}/m/", refine=10))
    assert made.redone == (2,)  # the painted matte is unchanged
    np.testing.assert_array_equal(read_values(made.frames[1])[..., 0], hard / np.float32(255))
    assert np.abs(read_values(made.frames[2])[..., 0] - case.alphas[0]).mean() < 0.8 * before


def test_empty_and_full_mattes_are_unchanged():
    pytest.importorskip("pymatting")
    refine, _ = matte_edges.open_refiner(4)
    for value in (0, 1):
        matte = np.full((20, 30), value, np.float32)
        np.testing.assert_array_equal(refine(np.zeros((20, 30, 3), np.uint8), matte), matte)


def test_missing_library_and_redundant_refinement_are_reported(monkeypatch):
    monkeypatch.setattr(matte_edges, "find_spec", lambda name: None)
    with pytest.raises(MatteError, match=r"pip install '\.\[matting\]'"):
        matte_edges.open_refiner(4)
    assert matte_edges.open_refiner(0)[1] == []
    with pytest.raises(SettingsError, match="already soft"):
        MatteSettings(chroma="green", refine=4, output="m/")
