"""Inputs of a run are never overwritten by its results, even with `--overwrite`."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import stylize
from stylize.errors import OutputError, SettingsError
from stylize.matting.matte_pipeline import make_mattes
from stylize.media.images import write_image
from stylize.media.safe_write import atomic_write
from stylize.project import FOLDERS, Project
from stylize.settings import MatteSettings, Settings
from stylize.settings.input_files import inputs_of
from tests.clips import write_movie
from tests.motion.test_vectors import write_exr

PICTURE = np.random.default_rng(0).integers(0, 255, (24, 32, 3)).astype(np.uint8)
FRAMES = (1, 2, 3)
READ = "one of the input files; choose another -o$"


def sequence(folder: Path, frames: tuple[int, ...] = FRAMES, name: str = "plate.{:04d}.png") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for frame in frames:
        write_image(folder / name.format(frame), PICTURE)
    return folder


def contents(folder: Path) -> dict[Path, bytes]:
    """Contents of all files except those of projects."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".stylize" not in str(path))
    return {path: path.read_bytes() for path in files}


@pytest.fixture
def plates(tmp_path: Path) -> Path:
    return sequence(tmp_path / "plates")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return sequence(tmp_path / "painted", (1,))


def assert_refused(folder: Path, make: Callable[[], object], match: str) -> None:
    """Assert that the run ends with one line before anything is rendered, and that every file is unchanged."""
    before = contents(folder)
    with pytest.raises((OutputError, SettingsError), match=match) as error:
        make()
    assert "\n" not in str(error.value)
    assert contents(folder) == before
    assert not [path for path in folder.glob("*.stylize/out/*") if path.is_file()]


def test_painted_keys_are_not_replaced(plates, keys, tmp_path):
    for output in (f"{keys}/", f"{keys}/plate.####.png"):
        assert_refused(tmp_path, lambda o=output: stylize.run(plates, keys=keys, output=o, overwrite=True), READ)
    assert_refused(
        tmp_path, lambda: stylize.run(plates, keys=keys, output=f"{keys}/other.####.png"), r"painted must not receive"
    )
    (tmp_path / "link").symlink_to(keys)
    assert_refused(
        tmp_path, lambda: stylize.run(plates, keys=keys, output=f"{tmp_path}/link/o.####.png"), "painted must not"
    )


@pytest.mark.parametrize("option", ["matte", "guide", "vectors", "style", "control"])
def test_guides_mattes_and_other_inputs_are_not_replaced(plates, keys, tmp_path, option):
    with_shot = sequence(tmp_path / "with")
    output, suffix = f"{with_shot}/", ""
    more = {"overwrite": True, "output": output}
    if option == "vectors":
        for frame in FRAMES:
            write_exr(with_shot / f"plate.{frame:04d}.exr", ["X", "Y", "Z", "W"], [0, 0, 0, 0], (32, 24))
        output, suffix = f"{with_shot}/plate.####.exr", "/plate.####.exr"
    elif option == "style":
        suffix = "/plate.0002.png"
    elif option == "control":
        more |= {"renderer": "a1111"}
    given = f"{'depth=' if option == 'control' else ''}{with_shot}{suffix}"
    more |= {option: given, "output": output, **({} if option in ("style", "control") else {"keys": keys})}
    assert_refused(tmp_path, lambda: stylize.run(plates, **more), READ)


def test_matte_movie_is_not_replaced(plates, keys, tmp_path):
    matte = write_movie(tmp_path / "matte.mov", [PICTURE] * 3)
    assert_refused(
        tmp_path, lambda: stylize.run(plates, keys=keys, matte=matte, output=str(matte), overwrite=True), READ
    )


def test_exports_do_not_replace_inputs(plates, keys, tmp_path):
    output, inner = f"{tmp_path}/out.mov", tmp_path / "plate_ebsynth"
    mattes = sequence(inner / "mask", name="{:04d}.png")
    given = {"keys": keys, "output": output, "export": "ebsynth", "overwrite": True}
    assert_refused(tmp_path, lambda: stylize.run(plates, matte=mattes, **given), READ)
    painted = sequence(inner / "keys", (2,), "{:04d}.png")
    assert_refused(tmp_path, lambda: stylize.run(plates, **given | {"keys": painted}), READ)


def test_mattes_do_not_replace_the_clean_plate(plates, tmp_path):
    clean = sequence(tmp_path / "clean")
    for flag in ("output", "foreground"):
        asked = MatteSettings(clean=clean, overwrite=True, **{"output": f"{tmp_path}/m/", flag: f"{clean}/"})
        assert_refused(tmp_path, lambda a=asked: make_mattes(plates, a), READ)
    asked = MatteSettings(clean=clean, output=f"{clean}/other.####.png")
    assert_refused(tmp_path, lambda: make_mattes(plates, asked), "clean must not receive results")


@pytest.mark.parametrize("name", ["", *(name for name in FOLDERS if name != "export"), "mask/auto", "layers/1/keys"])
@pytest.mark.parametrize("file", ["new.####.png", "new.mov"])
def test_results_cannot_go_into_folders_of_the_project(plates, keys, tmp_path, name, file):
    output = str(tmp_path / "plates.stylize" / name / file)
    message = (
        f"plates.stylize{'/' if name else ''}{name.partition('/')[0]} must not receive results.*choose another -o$"
    )
    assert_refused(tmp_path, lambda: stylize.run(plates, keys=keys, output=output, overwrite=True), message)
    if file != "new.mov":
        asked = MatteSettings(luma="0.1:0.3", output=output)
        assert_refused(tmp_path, lambda: make_mattes(plates, asked), message)


@pytest.mark.parametrize("name", ["video", "keys", "mask", ""])
def test_results_cannot_go_into_an_ebsynth_folder(tmp_path, name):
    folder = tmp_path / "eb"
    for inner, frames in (("video", FRAMES), ("keys", (1,)), ("mask", FRAMES)):
        sequence(folder / inner, frames)
    message = f"{folder / name}.*(must not receive results|.*is the shot itself)"
    other = {"keys": sequence(tmp_path / "other", (1,)), "matte": folder / "mask/plate.0001.png"}
    for more in ({}, other):
        assert_refused(
            tmp_path, lambda m=more: stylize.run(folder, output=f"{folder / name}/new.####.png", **m), message
        )


def test_movie_next_to_keys_and_new_folder_in_the_project_are_accepted(plates, keys, tmp_path):
    for output in (f"{keys}/look.mov", f"{tmp_path}/plates.stylize/export/frames/", f"{tmp_path}/plates.stylize/comp/"):
        for _ in range(2):
            assert len(stylize.run(plates, keys=keys, output=output).frames) == 3


@pytest.mark.slow
def test_plan_may_go_next_to_its_inputs(plates, tmp_path):
    picture = tmp_path / "plates.stylize" / "plan.png"
    stylize.plan(plates, keyframes=(1,))
    write_image(picture, PICTURE)
    before, messages = picture.read_bytes(), []
    given = {"keyframes": (1,), "style": picture, "overwrite": True, "rate": 24, "on": "ones"}
    planned = stylize.plan(plates, **given, on_message=messages.append)
    assert (planned.outputs[1].name, picture.read_bytes()) == ("plan.2.png", before)
    assert messages == [f"{picture} is an input of this run and is kept; this plan is written to plan.2.png"]


def test_every_option_that_names_files_is_protected(tmp_path):
    write_image(tmp_path / "a.png", PICTURE)
    file, sheet = tmp_path / "a.png", tmp_path / "keys.csv"
    sheet.write_text("frame,key\n1,x\n")
    asked = Settings(
        keys=tmp_path, keyframes=str(sheet), guide=f"{file}:2", matte=str(file), matte_grow=2, renderer="auto"
    )
    assert set(inputs_of(asked).files) == {file, sheet}
    assert inputs_of(asked).folders == (tmp_path,)
    references = Settings(
        renderer="diffusion", model=str(file), prompt="a", lora=f"{file}:0.5", control=f"depth={file}:1:0-0.5"
    )
    assert inputs_of(references).files == (file,) * 3
    assert inputs_of(MatteSettings(key=f"3:{file}", output=f"{tmp_path}/")).files == (file,)
    assert inputs_of(Settings(style=tmp_path / "gone.png", matte="alpha")).files == ()


@pytest.mark.parametrize("place", ["film.mp4", "shot.stylize/export/film.mp4"])
def test_file_placed_while_a_result_is_written_is_kept(tmp_path: Path, place: str) -> None:
    """Writing a movie can take hours, and the check before the work cannot foresee later files."""
    project, target = Project(tmp_path / "shot.stylize"), tmp_path / place

    def make(project: Project, *, put: Callable[[], object] = lambda: None) -> None:
        with atomic_write(target, seal=project.seal("key")) as partial:
            partial.write_text("a result")
            put()

    make(project)
    make(project)  # its own result is replaced
    target.unlink()
    with pytest.raises(OutputError, match=r"during this run; move it away .* --overwrite$"):
        make(project, put=lambda: target.write_text("mine"))
    assert target.read_text() == "mine"
    make(Project(tmp_path / "shot.stylize", overwrite=True))
    assert target.read_text() == "a result"


def test_link_placed_while_a_result_is_written_is_kept(tmp_path: Path) -> None:
    other, target = tmp_path / "other.mp4", tmp_path / "film.mp4"
    other.write_text("a result")
    project = Project(tmp_path / "shot.stylize")

    def make() -> None:
        with atomic_write(target, seal=project.seal("key")) as partial:
            partial.write_text("a result")
            target.symlink_to(other)

    with pytest.raises(OutputError, match="during this run"):
        make()
    assert target.is_symlink()
    assert other.read_text() == "a result"
