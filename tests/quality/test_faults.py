"""Columns of the report against injected faults: the affected column rises, and the others stay."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import stylize
from propagate.arrays import Bytes
from stylize.media.images import read_image, read_values, write_image
from tests.quality.test_page import run_command
from tests.sliding import folder_of

COUNT, STEP, SIZE = 11, 2, (72, 112)
KEYS = (1, 6, 11)


def ground(seed: int, coarse: float, n: int) -> Bytes:
    """A frame of a sliding scene."""
    noise = np.random.default_rng(seed).random((SIZE[0], SIZE[1] + STEP * COUNT, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), coarse)
    wide = np.clip((smooth - smooth.mean()) / smooth.std() * 40 + 128, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(wide[:, STEP * n : STEP * n + SIZE[1]])


def painted(key: int, n: int) -> Bytes:
    """The look of a key at another frame: a texture of its own that moves with the ground."""
    mixed = ground(1, 3, n).astype(int) // 2 + ground(100 + key, 1.2, n).astype(int) // 2
    return mixed.astype(np.uint8)


@pytest.fixture(scope="module")
def finished_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faults")
    plates = folder_of(folder / "plates", [ground(1, 3, n) for n in range(1, COUNT + 1)])
    (folder / "keys").mkdir()
    for key in KEYS:
        write_image(folder / f"keys/{key}.png", painted(key, key))
    matte = np.full((*SIZE, 3), 255, np.uint8)
    matte[:, :24] = 0
    write_image(folder / "matte.png", matte)
    return stylize.run(plates, keys=folder / "keys", matte=folder / "matte.png", to_stage="propagate").project


@pytest.fixture(scope="module")
def sound_report(finished_project: Path) -> dict[str, Any]:
    stylize.run(
        finished_project.with_name("plates"),
        keys=finished_project.parent / "keys",
        matte=finished_project.parent / "matte.png",
    )
    return report(finished_project)


@pytest.fixture
def project(finished_project: Path, sound_report: dict[str, Any]) -> Any:
    """A project whose frames may be damaged: they are restored afterwards."""
    kept = {
        path: path.read_bytes() for folder in ("out", "passes") for path in (finished_project / folder).rglob("*.png")
    }
    yield finished_project
    for path, data in kept.items():
        path.write_bytes(data)


def report(project: Path) -> dict[str, Any]:
    assert run_command("report", str(project), "-q") == 0
    (shot,) = json.loads((project / "report.json").read_text())["shots"]
    return dict(shot)


def damage(project: Path, frame: int, pixels: Bytes) -> None:
    """Damage a frame inside the matte only."""
    path = project / f"out/plate.{frame:04d}.png"
    before = read_image(path)
    pixels = np.concatenate([before[:, :24], pixels[:, 24:]], axis=1)
    write_image(path, pixels)


def result(project: Path, frame: int) -> Bytes:
    return read_image(project / f"out/plate.{frame:04d}.png")


def between() -> list[int]:
    return [frame for frame in range(1, COUNT + 1) if frame not in KEYS]


def column(shot: dict[str, Any], name: str) -> list[float]:
    return [entry[name] for entry in shot["frames"] if entry[name] is not None]


@pytest.mark.slow
def test_sound_result_has_good_figures(sound_report: dict[str, Any]) -> None:
    summary = sound_report["summary"]
    assert summary["leak outside the matte"] == 0
    assert summary["ghosting"] < 0.35  # content that differs little between these keys is cross-faded
    assert 0.8 < summary["sharpness against keys"] < 1.2
    assert summary["colour drift"] < 0.02
    assert 0.7 < summary["agreement of the keys"] < 1
    assert [key["frame"] for key in sound_report["keys"]] == list(KEYS)


@pytest.mark.slow
def test_ghosting_rises_with_a_cross_fade_but_not_with_a_choice(project: Path, sound_report: dict[str, Any]) -> None:
    def shown(choose: bool) -> float:
        for frame in between():
            left = max(key for key in KEYS if key <= frame)
            right = min(key for key in KEYS if key >= frame)
            one, other = painted(left, frame), painted(right, frame)
            mean = (one.astype(int) + other) // 2
            damage(project, frame, one if choose else mean.astype(np.uint8))
        return float(report(project)["summary"]["ghosting"])

    assert shown(choose=True) < 0.02
    assert shown(choose=False) > 0.6
    assert sound_report["summary"]["ghosting"] < 0.35


@pytest.mark.slow
def test_flicker_rises_with_jumping_light(project: Path, sound_report: dict[str, Any]) -> None:
    for frame in between()[::2]:
        damage(project, frame, np.minimum(result(project, frame), 235) + 20)  # type: ignore[arg-type]
    found = report(project)["summary"]["flicker above the plates"]
    assert found > sound_report["summary"]["flicker above the plates"] + 0.02


@pytest.mark.slow
def test_key_lighter_than_its_neighbours_pops(project: Path, sound_report: dict[str, Any]) -> None:
    damage(project, 6, np.minimum(result(project, 6), 225) + 30)  # type: ignore[arg-type]
    pops = {key["frame"]: key["pop"] for key in report(project)["keys"]}
    before = {key["frame"]: key["pop"] for key in sound_report["keys"]}
    assert pops[6] > before[6] + 0.05


@pytest.mark.slow
def test_sharpness_falls_with_blur(project: Path, sound_report: dict[str, Any]) -> None:
    for frame in between():
        damage(project, frame, cv2.GaussianBlur(result(project, frame), (0, 0), 1.5))  # type: ignore[arg-type]
    found = report(project)["summary"]["sharpness against keys"]
    assert found < 0.7 * sound_report["summary"]["sharpness against keys"]


@pytest.mark.slow
def test_colour_drifts_with_a_tint(project: Path, sound_report: dict[str, Any]) -> None:
    for frame in between():
        tinted = result(project, frame).astype(int) + np.array([30, 0, -30])
        damage(project, frame, np.clip(tinted, 0, 255).astype(np.uint8))
    assert report(project)["summary"]["colour drift"] > sound_report["summary"]["colour drift"] + 0.08


@pytest.mark.slow
def test_leak_outside_the_matte_is_measured(project: Path, sound_report: dict[str, Any]) -> None:
    path = project / "out/plate.0004.png"
    pixels = read_image(path)
    pixels[10, 10] ^= 64
    write_image(path, pixels)
    found = report(project)
    assert found["summary"]["leak outside the matte"] == pytest.approx(64 / 255, abs=1e-5)
    assert [entry["frame"] for entry in found["frames"] if entry["leak"]] == [4]


@pytest.mark.slow
def test_disagreeing_keys_are_measured(project: Path, sound_report: dict[str, Any]) -> None:
    damage(project, 6, 255 - result(project, 6))  # type: ignore[arg-type]
    assert report(project)["summary"]["agreement of the keys"] < sound_report["summary"]["agreement of the keys"] - 0.03


@pytest.mark.slow
def test_error_comes_from_the_error_maps(project: Path, sound_report: dict[str, Any]) -> None:
    path = project / "passes/error/plate.0004.png"
    worse = np.clip(read_values(path)[..., 0] + 0.25, 0, 1)
    write_image(path, (worse * 65535).astype(np.uint16))
    found = report(project)
    assert column(found, "error")[3] == pytest.approx(column(sound_report, "error")[3] + 0.25, abs=0.05)
    assert found["summary"]["error"] > sound_report["summary"]["error"] + 0.015
