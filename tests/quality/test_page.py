"""The report of a project, from the command."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cli
import stylize
from stylize.media.images import write_image
from stylize.pipeline import report
from tests.sliding import folder_of, scene


def run_command(*words: str) -> int:
    """Run the command and return its exit code; 0 if it returns normally."""
    try:
        cli.main(words)
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@pytest.fixture
def project(tmp_path: Path) -> Path:
    plates = folder_of(tmp_path / "a <b>", scene(8))
    for frame in (1, 8):
        (tmp_path / "keys").mkdir(exist_ok=True)
        write_image(tmp_path / f"keys/{frame}.png", 255 - scene(8)[frame - 1])
    return stylize.run(plates, keys=tmp_path / "keys").project


@pytest.mark.slow
def test_report_is_a_standalone_page_with_figures(project: Path) -> None:
    before = {path.name: path.read_bytes() for path in (project / "out").iterdir()}
    asked = (project / "project.toml").read_bytes()
    assert run_command("report", str(project)) == 0
    page = (project / "report.html").read_text()
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("data:image/jpeg;base64,") == 3 * 8 + 2  # the first result is displayed without the script
    content = json.loads((project / "report.json").read_text())
    (shot,) = content["shots"]
    assert [frame["frame"] for frame in shot["frames"]] == list(range(1, 9))
    assert [key["frame"] for key in shot["keys"]] == [1, 8]
    first, last = (key["agreement"] for key in shot["keys"])
    assert first is None
    assert last["before"] == 1
    assert not last["outlier"]
    assert "structure" in page
    assert "does not agree" not in page
    assert shot["frames"][0]["error"] == shot["frames"][0]["drift"] == 0
    assert shot["frames"][0]["sharpness"] == pytest.approx(1)
    assert shot["frames"][0]["flicker"] is None
    assert 0 < shot["summary"]["error"] < 0.1
    assert shot["frames"][0]["ghosting"] is shot["frames"][0]["agreement"] is None
    assert all(frame["ghosting"] is not None for frame in shot["frames"][1:-1])
    # Reporting changes neither results nor settings.
    assert {path.name: path.read_bytes() for path in (project / "out").iterdir()} == before
    assert (project / "project.toml").read_bytes() == asked


@pytest.mark.slow
def test_missing_frames_are_reported(project: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(project / "passes" / "error")
    assert run_command("report", str(project)) == 1
    assert "run all stages" in capfd.readouterr().err
    assert not (project / "report.html").exists()
    assert run_command("report", str(tmp_path)) == 1
    assert "project.toml" in capfd.readouterr().err


@pytest.mark.slow
def test_black_matte_has_a_plan_and_a_report(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    plates = folder_of(tmp_path / "plates", scene(4))
    write_image(tmp_path / "black.png", 0 * scene(1)[0])
    (tmp_path / "keys").mkdir()
    write_image(tmp_path / "keys/1.png", 255 - scene(1)[0])
    asked = (str(plates), "--keys", str(tmp_path / "keys"), "--matte", str(tmp_path / "black.png"))
    assert run_command("plan", *asked) == 0
    assert "0 keyframes" in capfd.readouterr().out
    assert run_command(*asked) == 0
    project = tmp_path / "plates.stylize"
    assert run_command("report", str(project)) == 0
    (shot,) = json.loads((project / "report.json").read_text())["shots"]
    assert shot["keys"] == []
    assert len(shot["frames"]) == 4
    for frame in shot["frames"]:
        assert frame["sharpness"] is frame["drift"] is None
        assert frame["error"] == frame["leak"] == 0
        assert frame["ghosting"] is None
    assert shot["summary"]["error"] == 0
    assert shot["summary"]["sharpness against keys"] is None
    assert "<svg" in (project / "report.html").read_text()


@pytest.mark.slow
def test_an_advised_key_lowers_the_error_as_announced(tmp_path: Path) -> None:
    pictures = scene(14)
    plates, keys = folder_of(tmp_path / "a", pictures), tmp_path / "keys"
    keys.mkdir()
    write_image(keys / "1.png", 255 - pictures[0])

    def measured(name: str) -> tuple[dict[str, Any], float]:
        project = stylize.run(plates, keys=keys, project=tmp_path / name).project
        report(project)
        found = json.loads((project / "report.json").read_text())
        return found, float(np.mean([frame["error"] for frame in found["shots"][0]["frames"]]))

    found, before = measured("one.stylize")
    assert found["verdict"]["level"] in ("fair", "poor")
    words = re.fullmatch(r"Add a key near (\d+) .* about (\d+) % of the error.*", found["verdict"]["advice"][0])
    assert words is not None
    frame, share = int(words[1]), int(words[2]) / 100
    assert share > 0.1
    (worst, *_) = found["shots"][0]["worst frames"]
    assert worst["frame"] == max(found["shots"][0]["frames"], key=lambda one: one["error"])["frame"]
    assert worst["advice"] == f"add a key near {frame}: --add-key {frame}"
    write_image(keys / f"{frame}.png", 255 - pictures[frame - 1])
    _, after = measured("two.stylize")
    assert after < before * (1 - share / 2)
