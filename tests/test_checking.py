"""The gate: golden projects that are as approved, and those that are not."""

from pathlib import Path

import numpy as np
import pytest

from stylize.images import read_image, write_image
from tests.report.test_page import run_command
from tests.test_pipeline import folder_of, scene


@pytest.fixture
def goldens(tmp_path: Path) -> Path:
    folder_of(tmp_path / "goldens/inputs/plates", scene(4))
    (tmp_path / "goldens/inputs/keys").mkdir()
    write_image(tmp_path / "goldens/inputs/keys/1.png", 255 - scene(1)[0])
    (tmp_path / "goldens/ink").mkdir()
    describe(tmp_path / "goldens")
    return tmp_path / "goldens"


def describe(goldens: Path, more: str = "", settings: str = 'keys = "../inputs/keys"') -> None:
    text = f'shot = "../inputs/plates"\n{more}\n[settings]\n{settings}\n'
    (goldens / "ink/golden.toml").write_text(text)


def test_what_was_approved_passes_and_what_changed_does_not(
    goldens: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert run_command("check", str(goldens)) == 1
    assert "approve it with --update" in capfd.readouterr().err
    assert run_command("check", str(goldens), "--update") == 0
    monkeypatch.chdir(tmp_path)  # paths are seen from the file, not from where one stands
    assert run_command("check", "goldens") == 0
    assert "ink: 4 frames as approved" in capfd.readouterr().out

    path = goldens / "ink/approved/plate.0003.png"
    spoilt = read_image(path)
    spoilt[:2] = np.minimum(spoilt[:2], 254) + 1
    write_image(path, spoilt)
    assert run_command("check", str(goldens)) == 1
    told = capfd.readouterr()
    assert "ink: frame 3: " in told.out
    assert "expected the same bits" in told.out
    assert "--update if it is better" in told.err
    shown = read_image(goldens / "ink/differs/plate.0003.png")
    height, width = spoilt.shape[:2]
    assert shown.shape == (height, 3 * width, 3)
    np.testing.assert_array_equal(shown[:, :width], spoilt)
    assert shown[0, 2 * width + 5].max() == 8
    assert not shown[5:, 2 * width :].any()
    assert [p.name for p in (goldens / "ink/differs").iterdir()] == ["plate.0003.png"]

    describe(goldens, "mean = 1\nfar = 2\nshare = 0.0")
    assert run_command("check", str(goldens), "-q") == 0
    assert not (goldens / "ink/differs").exists()


def test_frames_that_went_or_came_are_told(goldens: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command("check", str(goldens), "--update") == 0
    approved = goldens / "ink/approved"
    (approved / "plate.0002.png").rename(approved / "plate.0009.png")
    assert run_command("check", str(goldens)) == 1
    told = capfd.readouterr().out
    assert "plate.0009.png is approved, and is not made any more" in told
    assert "frame 2 is made, and was never approved" in told
    assert run_command("check", str(goldens), "--update") == 0
    assert len(list(approved.iterdir())) == 4


@pytest.mark.parametrize(
    ("more", "settings", "says"),
    [
        ("mean = -1", "", "mean, far and share are numbers"),
        ("men = 1", "", r"mend \['men'\]"),
        ("", 'output = "x.mov"', "without output and export"),
        ("", "coverige = 1", "did you mean 'coverage'"),
        ("shot = [", "", "cannot be read as TOML"),
    ],
)
def test_a_golden_that_is_wrong_is_told(
    goldens: Path, capfd: pytest.CaptureFixture[str], more: str, settings: str, says: str
) -> None:
    import re

    describe(goldens, more, settings)
    assert run_command("check", str(goldens)) in (1, 2)
    assert re.search(says, capfd.readouterr().err)


def test_a_folder_without_goldens_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command("check", str(tmp_path)) == 1
    assert "expected folders with a golden.toml" in capfd.readouterr().err
