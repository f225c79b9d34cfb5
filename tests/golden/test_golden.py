"""`stylize check` over our own golden clips, in a copy, so that the sources stay clean."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from stylize.media.images import read_image, write_image
from tests.quality.test_page import run_command

HERE = Path(__file__).parent
GOLDENS = sorted(path.parent.name for path in HERE.glob("*/golden.toml"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(HERE, tmp_path / "golden", ignore=shutil.ignore_patterns("*.py", "__pycache__", "differs"))
    return tmp_path / "golden"


@pytest.mark.slow
def test_golden_clips_match_the_approved_pictures(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert GOLDENS == ["example", "layers", "matte", "painted"]
    found = run_command("check", str(folder))
    output = capfd.readouterr()
    assert found == 0, output.out
    assert output.out.splitlines() == [f"{name}: 7 frames match" for name in GOLDENS]


@pytest.mark.slow
def test_frame_off_by_one_fails_the_check_with_a_picture(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Prove that the check can fail: the picture approved for one frame stands for the next."""
    for name in GOLDENS:
        if name != "painted":
            shutil.rmtree(folder / name)
    approved = folder / "painted/approved"
    shutil.copyfile(approved / "plate.1004.png", approved / "plate.1003.png")
    assert run_command("check", str(folder)) == 1
    output = capfd.readouterr().out
    assert "painted: frame 1003: " in output
    assert "frame 1004" not in output
    shown = read_image(folder / "painted/differs/plate.1003.png")
    before = read_image(approved / "plate.1003.png")
    np.testing.assert_array_equal(shown[:, : before.shape[1]], before)
    assert run_command("check", str(folder), "--update") == 0
    assert run_command("check", str(folder)) == 0


@pytest.mark.slow
def test_tolerance_is_below_visibility(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for name in GOLDENS:
        if name != "painted":
            shutil.rmtree(folder / name)
    path = folder / "painted/approved/plate.1005.png"
    pixels = read_image(path)
    write_image(path, np.where(pixels < 253, pixels + 2, pixels).astype(np.uint8))  # two levels lighter everywhere
    assert run_command("check", str(folder)) == 1
    assert "painted: frame 1005: " in capfd.readouterr().out
