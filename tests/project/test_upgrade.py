"""Projects of an earlier schema: opened and upgraded, every rendered key reused, no painted picture changed."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import stylize
from stylize.errors import ProjectError
from stylize.media.images import read_image, write_image
from stylize.project import Project, read_project
from stylize.project.schema import SCHEMA

HERE = Path(__file__).parent / "schema1"
INPUTS = Path(__file__).parents[1] / "golden" / "inputs"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with the inputs, and projects that an earlier version made from them."""
    shutil.copytree(INPUTS, tmp_path / "inputs")
    for name in ("shot.stylize", "layers.stylize"):
        shutil.copytree(HERE / name, tmp_path / name)
    for path in (*tmp_path.rglob("state.json"), *tmp_path.rglob("project.toml")):
        path.write_text(path.read_text().replace("@ROOT@", str(tmp_path)))
    return tmp_path


def keys_of(project: Path) -> dict[str, bytes]:
    return {str(path.relative_to(project)): path.read_bytes() for path in sorted(project.rglob("keys/*.png"))}


def run_options(root: Path, **more: object) -> dict[str, object]:
    inputs = root / "inputs"
    return {
        "style": inputs / "style.png", "keyframes": "1001,1004,1007", "structure": 0.4,
        "matte": str(inputs / "matte.png"), "project": root / "shot.stylize", **more,
    }  # fmt: skip


@pytest.mark.slow
def test_every_rendered_key_is_reused_and_reported(root: Path) -> None:
    before, messages = keys_of(root / "shot.stylize"), list[str]()
    result = stylize.run(root / "inputs/plates", on_message=messages.append, **run_options(root))
    assert result.rendered == ()
    assert result.painted == (1004,)
    assert keys_of(root / "shot.stylize") == before
    assert len(result.frames) == 7
    kept = [line for line in messages if "kept although rendered by another version" in line]
    assert len(kept) == 1
    assert "1001, 1007" in kept[0]
    again = stylize.run(root / "inputs/plates", **run_options(root))
    assert (again.rendered, again.redone) == ((), ())


@pytest.mark.slow
@pytest.mark.parametrize("damage", [None, "x = ["])
def test_keys_are_kept_if_the_old_settings_are_lost(root: Path, damage: str | None) -> None:
    before, messages = keys_of(root / "shot.stylize"), list[str]()
    (root / "shot.stylize/project.toml").unlink()
    if damage is not None:
        (root / "shot.stylize/project.toml").write_text(damage)
    result = stylize.run(root / "inputs/plates", on_message=messages.append, **run_options(root, to_stage="render"))
    assert result.rendered == ()
    assert keys_of(root / "shot.stylize") == before
    assert any("kept although rendered by another version" in line for line in messages)


@pytest.mark.slow
def test_keys_of_layers_are_reused(root: Path) -> None:
    project = root / "layers.stylize"
    before = keys_of(project)
    shot, settings = read_project(project)
    result = stylize.run(shot, project=project, layers=settings.layers, to_stage="render")
    assert result.rendered == ()
    assert keys_of(project) == before


@pytest.mark.slow
def test_key_with_changed_settings_is_rendered_again(root: Path) -> None:
    result = stylize.run(root / "inputs/plates", to_stage="render", **run_options(root, structure=0.9))
    assert result.rendered == (1001, 1007)
    assert result.painted == (1004,)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["style.png", "plates/plate.1001.png"])
def test_key_with_changed_pictures_is_rendered_again(root: Path, name: str) -> None:
    path = root / "inputs" / name
    write_image(path, np.ascontiguousarray(255 - read_image(path)))
    assert 1001 in stylize.run(root / "inputs/plates", to_stage="render", **run_options(root)).rendered


def test_ownership_of_keys_and_frames_is_kept(root: Path) -> None:
    project = Project(root / "shot.stylize")
    with project.locked():
        assert project.ours(project.folder("keys") / "plate.1001.png")
        assert not project.ours(project.folder("keys") / "plate.1004.png")
        assert project.ours(project.folder("out") / "plate.1003.png")
    state = json.loads((root / "shot.stylize/state.json").read_text())
    assert state["schema"] == SCHEMA


def test_killed_upgrade_is_repeated(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("stylize.project.upgrade.write_state", killed)
        with pytest.raises(KeyboardInterrupt), Project(root / "shot.stylize").locked():
            pass
    assert stylize.run(root / "inputs/plates", to_stage="render", **run_options(root)).rendered == ()


@pytest.mark.parametrize("name", ["state.json", "project.toml"])
def test_newer_schema_is_refused_and_unchanged(root: Path, name: str) -> None:
    project = root / "shot.stylize"
    text = f'{{"schema": {SCHEMA + 1}}}' if name == "state.json" else f'schema = {SCHEMA + 1}\nshot = "a"\n'
    (project / name).write_text(text)
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    with pytest.raises(
        ProjectError, match=rf"{name} has schema {SCHEMA + 1}, but this version supports only up to {SCHEMA}"
    ):
        stylize.run(root / "inputs/plates", **run_options(root))
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "state", ["{", "[]", "3", '{"version": 0}', '{"version": "x"}', '{"version": 1, "files": 3}', '{"version": true}']
)
def test_damaged_state_is_refused_with_a_remedy(root: Path, state: str) -> None:
    (root / "shot.stylize/state.json").write_text(state)
    with pytest.raises(ProjectError, match=r"state\.json"):
        stylize.run(root / "inputs/plates", **run_options(root))
