"""The check of golden projects: passes as approved, and fails otherwise."""

from pathlib import Path

import numpy as np
import pytest

import stylize.pipeline
from stylize.media.images import read_image, write_image
from stylize.quality.golden import check_goldens
from stylize.settings import Settings
from tests.quality.test_page import run_command
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


@pytest.mark.slow
def test_approved_frames_pass_and_changed_frames_fail(
    goldens: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert run_command("check", str(goldens)) == 1
    assert "approve it with --update" in capfd.readouterr().err
    assert run_command("check", str(goldens), "--update") == 0
    monkeypatch.chdir(tmp_path)  # paths count from the file, not from the working folder
    assert run_command("check", "goldens") == 0
    assert "ink: 4 frames match" in capfd.readouterr().out

    path = goldens / "ink/approved/plate.0003.png"
    corrupt = read_image(path)
    corrupt[:2] = np.minimum(corrupt[:2], 254) + 1
    write_image(path, corrupt)
    assert run_command("check", str(goldens)) == 1
    output = capfd.readouterr()
    assert "ink: frame 3: " in output.out
    assert "expected bit-identical frames" in output.out
    assert "--update if it is better" in output.err
    shown = read_image(goldens / "ink/differs/plate.0003.png")
    height, width = corrupt.shape[:2]
    assert shown.shape == (height, 3 * width, 3)
    np.testing.assert_array_equal(shown[:, :width], corrupt)
    assert shown[0, 2 * width + 5].max() == 8
    assert not shown[5:, 2 * width :].any()
    assert [p.name for p in (goldens / "ink/differs").iterdir()] == ["plate.0003.png"]

    describe(goldens, "mean = 1\nfar = 2\nshare = 0.0")
    assert run_command("check", str(goldens), "-q") == 0
    assert not (goldens / "ink/differs").exists()


@pytest.mark.slow
def test_missing_and_extra_frames_are_reported(goldens: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command("check", str(goldens), "--update") == 0
    approved = goldens / "ink/approved"
    (approved / "plate.0002.png").rename(approved / "plate.0009.png")
    assert run_command("check", str(goldens)) == 1
    output = capfd.readouterr().out
    assert "plate.0009.png is approved, but is no longer made" in output
    assert "frame 2 is made, but was never approved" in output
    assert run_command("check", str(goldens), "--update") == 0
    assert len(list(approved.iterdir())) == 4


@pytest.mark.parametrize(
    ("more", "settings", "message"),
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
def test_invalid_golden_is_reported(
    goldens: Path, capfd: pytest.CaptureFixture[str], more: str, settings: str, message: str
) -> None:
    import re

    describe(goldens, more, settings)
    assert run_command("check", str(goldens)) in (1, 2)
    assert re.search(message, capfd.readouterr().err)


@pytest.mark.slow
def test_other_files_next_to_the_pictures_are_kept(goldens: Path) -> None:
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


def settings_of(goldens: Path) -> Settings:
    """Settings that a run of the golden project gets."""
    seen: list[Settings] = []

    def run(shot: Path, settings: Settings, project: Path) -> dict[int, Path]:
        seen.append(settings)
        return {}

    check_goldens(goldens, run, update=True, trust=True)
    return seen[0]


def test_paths_are_relative_to_the_file(goldens: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
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
    assert settings_of(Path("goldens")).stored() == {
        "renderer": "diffusion", "model": f"{goldens}/net", "vae": "owner/vae", "matte": f"{goldens}/mattes",
        "keyframes": f"{goldens}/keys.csv", "guide": [f"{goldens}/depth:3.0"], "vectors": f"{goldens}/ink/v.####.exr",
        "control": [f"depth={goldens}/d.####.exr:0.5", "canny"], "lora": [f"{goldens}/ink.safetensors:0.7"],
        "control_model": [f"canny={goldens}/net", "depth=owner/net"],
    }  # fmt: skip


def test_keyword_for_a_matte_is_not_a_path(goldens: Path) -> None:
    describe(goldens, settings='matte = "alpha"\nkeyframes = "1,4"\nstyle = "s.png"')
    asked = settings_of(goldens)
    assert (asked.matte, asked.keyframes, asked.style) == ("alpha", (1, 4), goldens / "ink/s.png")


def test_folder_without_goldens_is_reported(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command("check", str(tmp_path)) == 1
    assert "expected folders that each contain a golden.toml" in capfd.readouterr().err


@pytest.mark.parametrize("name", ["approved", "differs"])
def test_pictures_are_not_replaced_or_removed_through_a_link(goldens: Path, tmp_path: Path, name: str) -> None:
    assert run_command("check", str(goldens), "--update", "-q") == 0
    folder, mine = goldens / "ink" / name, tmp_path / "mine"
    if folder.exists():
        folder.rename(mine)
    mine.mkdir(exist_ok=True)
    (mine / "plate.0099.png").write_bytes(b"mine")
    folder.symlink_to(mine)
    before = {path.name: path.read_bytes() for path in mine.iterdir()}
    with pytest.raises(stylize.errors.ProjectError, match=f"reaches outside .*{name} "):
        stylize.pipeline.check(goldens, update=True)
    with pytest.raises(stylize.errors.OutputError, match=f"{name} is a symbolic link, expected a real folder"):
        stylize.pipeline.check(goldens, update=True, trust=True)
    assert {path.name: path.read_bytes() for path in mine.iterdir()} == before
