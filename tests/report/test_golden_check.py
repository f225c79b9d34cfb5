"""The gate: golden projects that are as approved, and those that are not."""

from pathlib import Path

import numpy as np
import pytest

from stylize.media.images import read_image, write_image
from stylize.report.golden import check_goldens
from stylize.settings import Settings
from tests.report.test_page import run_command
from tests.sliding import folder_of, scene


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
        ("mean = -1", "", "mean must be a number from 0 to 255, not -1"),
        ("mean = nan", "", "mean must be a number"),
        ("far = inf", "", "far must be a number"),
        ("share = 1.5", "", "share must be a number from 0 to 1, not 1.5"),
        ("share = true", "", "share must be a number"),
        ("men = 1", "", r"fix \['men'\]"),
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


def test_what_else_lies_beside_the_pictures_stays(goldens: Path) -> None:
    mine = ("notes.txt", "ref.png", "other.0001.png", "plate.0001.tif", "inner/plate.0001.png")
    for name in (f"{folder}/{name}" for folder in ("approved", "differs") for name in mine):
        path = goldens / "ink" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("precious")
    (goldens / "ink/differs/plate.0009.png").write_text("ours, of an earlier check")
    for more in (("--update",), (), ("--update",)):
        assert run_command("check", str(goldens), *more) == 0
    for name in (f"{folder}/{name}" for folder in ("approved", "differs") for name in mine):
        assert (goldens / "ink" / name).read_text() == "precious"
    assert not (goldens / "ink/differs/plate.0009.png").exists()
    assert not list((goldens / "ink").glob(".*"))


def asked_of(goldens: Path) -> Settings:
    """The settings that a run of the golden gets."""
    seen: list[Settings] = []

    def run(shot: Path, settings: Settings, project: Path) -> dict[int, Path]:
        seen.append(settings)
        return {}

    check_goldens(goldens, run, update=True)
    return seen[0]


def test_every_path_is_seen_from_the_file(goldens: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (goldens / "net").mkdir()
    describe(
        goldens,
        settings="""
        renderer = "diffusion"
        model = "../net"
        vae = "owner/vae"
        matte = "../mattes"
        keyframes = "../keys.csv"
        guide = "../depth:3"
        vectors = "v.####.exr"
        control = ["depth=../d.####.exr:0.5", "canny"]
        control_model = ["canny=../net", "depth=owner/net"]
        lora = "../ink.safetensors:0.7"
        """,
    )
    monkeypatch.chdir(tmp_path)
    assert asked_of(Path("goldens")).stored() == {
        "renderer": "diffusion", "model": f"{goldens}/net", "vae": "owner/vae", "matte": f"{goldens}/mattes",
        "keyframes": f"{goldens}/keys.csv", "guide": [f"{goldens}/depth:3.0"], "vectors": f"{goldens}/ink/v.####.exr",
        "control": [f"depth={goldens}/d.####.exr:0.5", "canny"], "lora": [f"{goldens}/ink.safetensors:0.7"],
        "control_model": [f"canny={goldens}/net", "depth=owner/net"],
    }  # fmt: skip


def test_a_word_for_a_matte_stays_a_word(goldens: Path) -> None:
    describe(goldens, settings='matte = "alpha"\nkeyframes = "1,4"\nstyle = "s.png"')
    asked = asked_of(goldens)
    assert (asked.matte, asked.keyframes, asked.style) == ("alpha", (1, 4), goldens / "ink/s.png")


def test_a_folder_without_goldens_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command("check", str(tmp_path)) == 1
    assert "expected folders with a golden.toml" in capfd.readouterr().err
