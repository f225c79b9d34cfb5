"""Projects that are copied or moved together with the files next to them."""

import shutil
from pathlib import Path

import pytest

from stylize.errors import ProjectError
from stylize.project import read_project, trusted_settings
from stylize.settings import Settings
from tests.project.test_trust import forged, own


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder, empty."""
    monkeypatch.setenv("STYLIZE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def job(tmp_path: Path, **more: object) -> Path:
    """A folder with a shot, a reference, keys and mattes, and a project that names them; return the project."""
    folder = tmp_path / "show/job"
    for name in ("keys/key.0001.png", "mattes/m.0001.png", "mattes/m.0002.png", "shot.mp4", "ref.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"contents of {name}")
    (tmp_path / "show/refs").mkdir()
    (tmp_path / "show/refs/oil.png").write_text("oil")
    given: dict[str, object] = {
        "style": folder / "ref.png", "keys": folder / "keys", "matte": str(folder / "mattes/m.####.png"),
        "output": f"{folder}/out/", "guide": f"{tmp_path}/show/refs/oil.png:0.5",
    }  # fmt: skip
    return own(folder / "shot.stylize", folder / "shot.mp4", Settings(**given | more), [])


def goes_on(root: Path) -> Settings:
    notes: list[str] = []
    shot, settings = trusted_settings(root, {}, notes.append)
    assert shot.parent == root.parent
    assert notes == [f"note: {root} was copied or moved, and continues with the files next to it"]
    assert trusted_settings(root, {}, pytest.fail) == (shot, settings)
    return settings


def test_project_keeps_paths_near_it_relative(tmp_path: Path) -> None:
    text = (job(tmp_path, flow="raft", flow_weights="/models/raft.pth") / "project.toml").read_text()
    for one in ('shot = "../shot.mp4"', 'style = "../ref.png"', 'keys = "../keys"', 'matte = "../mattes/m.####.png"',
                'output = "../out/"', '"../../refs/oil.png:0.5"', 'flow_weights = "/models/raft.pth"'):  # fmt: skip
        assert one in text
    assert str(tmp_path) not in text


@pytest.mark.parametrize("moved", [True, False])
def test_copied_or_moved_folder_continues(tmp_path: Path, moved: bool) -> None:
    job(tmp_path)
    before = read_project(tmp_path / "show/job/shot.stylize")[1]
    shutil.copytree(tmp_path / "show", tmp_path / "else/where")
    if moved:
        shutil.rmtree(tmp_path / "show")
    settings = goes_on(tmp_path / "else/where/job/shot.stylize")
    assert settings.style == tmp_path / "else/where/job/ref.png"
    assert settings.output == f"{tmp_path}/else/where/job/out/"
    assert settings.guide[0].path == tmp_path / "else/where/refs/oil.png"
    assert settings.matte != before.matte


def test_renamed_project_continues(tmp_path: Path) -> None:
    assert goes_on(job(tmp_path).rename(tmp_path / "show/job/other.stylize")).style == tmp_path / "show/job/ref.png"


@pytest.mark.parametrize(
    "changed", ["ref.png", "shot.mp4", "keys/key.0001.png", "mattes/m.0002.png", "keys/key.0002.png"]
)
def test_copy_next_to_other_files_is_refused(tmp_path: Path, changed: str) -> None:
    job(tmp_path)
    shutil.copytree(tmp_path / "show", tmp_path / "else")
    (tmp_path / "else/job" / changed).write_text("a secret")
    with pytest.raises(ProjectError, match="was not made here by this user"):
        trusted_settings(tmp_path / "else/job/shot.stylize", {}, pytest.fail)


def test_missing_file_does_not_prevent_a_copy_from_continuing(tmp_path: Path) -> None:
    job(tmp_path)
    shutil.copytree(tmp_path / "show", tmp_path / "else")
    (tmp_path / "else/job/ref.png").unlink()
    goes_on(tmp_path / "else/job/shot.stylize")


def test_file_that_was_missing_is_not_trusted_once_it_exists(tmp_path: Path) -> None:
    (job(tmp_path, style=tmp_path / "show/job/later.png"))
    shutil.copytree(tmp_path / "show", tmp_path / "else")
    (tmp_path / "else/job/later.png").write_text("a secret")
    with pytest.raises(ProjectError, match="--style "):
        trusted_settings(tmp_path / "else/job/shot.stylize", {}, pytest.fail)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('output = "../out/"', 'output = "../../"'),
        ('style = "../ref.png"', 'style = "../../refs/oil.png"'),
        ('style = "../ref.png"', 'style = "/etc/passwd"'),
        ('"../../refs/oil.png:0.5"', '"../keys:0.5"'),
    ],
)
def test_copy_with_other_settings_is_refused(tmp_path: Path, before: str, after: str) -> None:
    text = (job(tmp_path) / "project.toml").read_text()
    shutil.copytree(tmp_path / "show", tmp_path / "else")
    assert before in text
    (tmp_path / "else/job/shot.stylize/project.toml").write_text(text.replace(before, after))
    with pytest.raises(ProjectError, match="was not made here by this user"):
        trusted_settings(tmp_path / "else/job/shot.stylize", {}, pytest.fail)


def test_settings_far_from_a_project_are_trusted_at_its_path_only(tmp_path: Path) -> None:
    own(tmp_path / "x.stylize", Path("/plates/shot.mp4"), Settings(style="/a.png"), [])
    root = forged(tmp_path / "y.stylize", 'style = "/a.png"', "/plates/shot.mp4")
    with pytest.raises(ProjectError, match="shot /plates"):
        trusted_settings(root, {}, pytest.fail)


def test_nothing_near_an_unknown_project_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job(tmp_path)
    root = forged(tmp_path / "show/job/theirs.stylize", 'style = "../secret.png"', "../shot.mp4")
    monkeypatch.setattr("stylize.project.relocation._sample", lambda path: pytest.fail(str(path)))
    with pytest.raises(ProjectError, match="secret"):
        trusted_settings(root, {}, pytest.fail)


def test_model_near_the_project_is_not_mistaken_for_a_repo(tmp_path: Path) -> None:
    (tmp_path / "show/job/shot.stylize/keys/net").mkdir(parents=True)
    own_model = tmp_path / "show/job/shot.stylize/keys/net"
    root = job(
        tmp_path, style=None, renderer="diffusion", model=str(own_model), lora=f"{tmp_path}/show/a.safetensors:0.5"
    )
    text = (root / "project.toml").read_text()
    assert 'model = "./keys/net"' in text
    assert read_project(root)[1].model == str(own_model)
    assert str(read_project(root)[1].lora[0]) == f"{tmp_path}/show/a.safetensors:0.5"
    root = forged(tmp_path / "x.stylize", 'renderer = "diffusion"\nmodel = "owner/name"', "./p")
    assert read_project(root)[1].model == "owner/name"
