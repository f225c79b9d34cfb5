"""Links in a project are refused, so that nothing outside is read, written or removed."""

from collections.abc import Callable
from pathlib import Path

import pytest

import stylize
from stylize.errors import OutputError, ProjectError
from stylize.matting.matte_pipeline import make_mattes
from stylize.media.images import read_image, write_image
from stylize.project import FOLDERS, Project, clean, read_project
from stylize.settings import MatteSettings
from tests.sliding import folder_of, scene


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shot.stylize"
    for name in (*FOLDERS, "state", "layers/a/keys", "layers/a/state", "guides/depth.0123456789ab", "passes/error"):
        (root / name).mkdir(parents=True)
    (root / "project.toml").write_text('shot = "/shot.mp4"\n')
    (root / "state.json").write_text('{"schema": 2}')
    (root / "project.lock").touch()
    (root / "state/span.0002.jsonl").touch()
    return root


@pytest.fixture
def foreign_folder(tmp_path: Path) -> Path:
    """A folder of the user's with files named like ours."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for name in ("shot.0001.png", "shot.0001-0002.flow", "forward.4.npz", "state.json"):
        (folder / name).write_bytes(b"mine")
    return folder


def linked(path: Path, target: Path) -> None:
    """Put a link in the place of a file or a folder."""
    if path.is_dir():
        path.rename(path.with_name(f"{path.name} before"))
    else:
        path.unlink(missing_ok=True)
    path.symlink_to(target)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


FOLDERS_OF_ALL_DEPTHS = (
    *FOLDERS, "state", "layers", "layers/a", "layers/a/keys", "layers/a/state", "guides/depth.0123456789ab",
    "passes/error", "out/deeper",
)  # fmt: skip


@pytest.mark.parametrize("name", FOLDERS_OF_ALL_DEPTHS)
def test_folder_that_is_a_link_is_refused_with_a_remedy(root: Path, foreign_folder: Path, name: str) -> None:
    linked(root / name, foreign_folder)
    before = contents(foreign_folder)
    message = (
        rf"{name} is a symbolic link to {foreign_folder}, "
        r"expected a folder .*replace it by a folder, or choose another "
    )
    with pytest.raises(ProjectError, match=f"{message}project with --project FOLDER$") as error:
        Project(root)
    assert "\n" not in str(error.value)
    assert contents(foreign_folder) == before
    assert (root / name).is_symlink()


@pytest.mark.parametrize(
    "name", ["project.toml", "state.json", "project.lock", "state/span.0002.jsonl", "keys/shot.0001.png",
             "video/shot.0001.png", "guides/depth.0123456789ab/depth.0001.png", "export/shot.mp4"]
)  # fmt: skip
@pytest.mark.parametrize("exists", [True, False])
def test_file_that_links_outside_is_refused(root: Path, foreign_folder: Path, name: str, exists: bool) -> None:
    linked(root / name, foreign_folder / ("shot.0001.png" if exists else "gone.png"))
    before = contents(foreign_folder)
    with pytest.raises(ProjectError, match=rf"{name} is a symbolic link to .*replace it by a copy of the file"):
        Project(root)
    assert contents(foreign_folder) == before


def test_circular_links_are_refused(root: Path) -> None:
    (root / "keys/a.png").symlink_to("b.png")
    (root / "keys/b.png").symlink_to("a.png")
    with pytest.raises(ProjectError, match=r"keys/[ab]\.png is a symbolic link to .*replace it by a copy"):
        Project(root)


def test_links_within_the_project_and_next_to_our_folders_are_accepted(root: Path, foreign_folder: Path) -> None:
    (root / "keys/shot.0001.png").write_bytes(b"painted")
    (root / "keys/shot.0004.png").symlink_to("shot.0001.png")
    (root / "notes").symlink_to(foreign_folder)
    (root / "readme.txt").symlink_to(foreign_folder / "state.json")
    (root.with_name("link.stylize")).symlink_to(root)
    with Project(root.with_name("link.stylize")).locked():
        pass


def test_settings_are_not_read_through_a_link(root: Path, foreign_folder: Path) -> None:
    (foreign_folder / "other.toml").write_text("password = 'secret'\n")
    linked(root / "project.toml", foreign_folder / "other.toml")
    with pytest.raises(ProjectError, match=r"project\.toml is a symbolic link to"):
        read_project(root)


@pytest.mark.parametrize("name", ["state/session.jsonl", "project.lock"])
def test_link_placed_later_is_not_written_through(root: Path, foreign_folder: Path, name: str) -> None:
    """Links within the project pass the first check, but files that are appended to must not be links."""
    project = Project(root)
    (root / "keys/shot.0001.png").write_bytes(b"painted")
    linked(root / name, root / "keys/shot.0001.png")

    def write() -> None:
        with project.locked():
            project.remember("fact", "key", 1)

    with pytest.raises((OutputError, ProjectError), match=f"{name} cannot be written.*symbolic link"):
        write()
    assert (root / "keys/shot.0001.png").read_bytes() == b"painted"


def test_clean_refuses_links(root: Path, foreign_folder: Path) -> None:
    linked(root / "flow", foreign_folder)
    with pytest.raises(ProjectError, match="flow is a symbolic link"):
        clean(Project(root))
    assert (foreign_folder / "shot.0001-0002.flow").exists()


# In a run


@pytest.fixture
def plates(tmp_path: Path) -> Path:
    return folder_of(tmp_path / "plates", scene(3))


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return folder_of(tmp_path / "painted", [255 - scene(1)[0]])


def test_run_removes_no_foreign_files_from_its_folders(plates: Path, keys: Path) -> None:
    """Foreign motion files and folders of passes are kept; those of earlier runs are removed."""
    project = stylize.run(plates, keys=keys, to_stage="propagate").project
    key = "0123456789abcdef0123456789abcdef-0123456789abcdef"
    mine = ("flow/other.0007-0008.flow", "passes/mine/deeper/a.png", f"passes/{key}/notes.txt", "passes/error/a.png",
            "passes/mix/plate.0009.png")  # fmt: skip
    ours = (f"passes/{key}/forward.4.npz", f"passes/{key}/.backward.state.npz.stylize-partial",
            "flow/.7.plate.0001-0002.flow.stylize-partial")  # fmt: skip
    for name in (*mine, *ours):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_bytes(b"mine")
    (plates / "plate.0003.png").unlink()
    stylize.run(plates, keys=keys, to_stage="propagate")
    assert all((project / name).read_bytes() == b"mine" for name in mine)
    assert not any((project / name).exists() for name in ours)
    assert {path.name for path in (project / "flow").iterdir()} == {"plate.0001-0002.flow", "other.0007-0008.flow"}
    with (opened := Project(project)).locked():
        clean(opened)
    assert all((project / name).read_bytes() == b"mine" for name in mine)
    assert {path.name for path in (project / "flow").iterdir()} == {"other.0007-0008.flow"}


def frames(plates: Path, keys: Path, folder: Path) -> Callable[[bool], object]:
    return lambda overwrite: stylize.run(plates, keys=keys, output=f"{folder}/", overwrite=overwrite)


def mattes(plates: Path, keys: Path, folder: Path) -> Callable[[bool], object]:
    asked = {"luma": "0.1:0.3", "output": f"{folder}/"}
    return lambda overwrite: make_mattes(plates, MatteSettings(overwrite=overwrite, **asked))


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("command", [frames, mattes])
def test_link_in_the_place_of_a_result_is_replaced_on_request_and_never_followed(
    tmp_path: Path, plates: Path, keys: Path, command: Callable[..., Callable[[bool], object]], exists: bool
) -> None:
    out, mine = tmp_path / "results", tmp_path / "mine.png"
    out.mkdir()
    if exists:
        write_image(mine, scene(1)[0])
    (out / "plate.0002.png").symlink_to(mine)
    run = command(plates, keys, out)
    with pytest.raises(OutputError, match=r"plate\.0002\.png already exists.*--overwrite"):
        run(False)
    assert (out / "plate.0002.png").is_symlink()
    run(True)
    assert not (out / "plate.0002.png").is_symlink()
    assert read_image(out / "plate.0002.png").shape[:2] == scene(1)[0].shape[:2]
    assert mine.exists() == exists
    assert not exists or (read_image(mine) == scene(1)[0]).all()
    run(False)  # the replacement is our own file
