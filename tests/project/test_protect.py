"""What a run is made from is safe from its results, whatever `--overwrite` says."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import stylize
from stylize.errors import OutputError, SettingsError
from stylize.matting.matte_pipeline import make_mattes
from stylize.media.images import write_image
from stylize.project import FOLDERS
from stylize.settings import MatteSettings, Settings
from stylize.settings.input_files import inputs_of
from tests.clips import write_movie
from tests.motion.test_vectors import write_exr

PICTURE = np.random.default_rng(0).integers(0, 255, (24, 32, 3)).astype(np.uint8)
FRAMES = (1, 2, 3)
READ = "one of the files that this result is made from; choose another -o$"


def sequence(folder: Path, frames: tuple[int, ...] = FRAMES, name: str = "plate.{:04d}.png") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for frame in frames:
        write_image(folder / name.format(frame), PICTURE)
    return folder


def contents(folder: Path) -> dict[Path, bytes]:
    """Of all files but those of projects."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".stylize" not in str(path))
    return {path: path.read_bytes() for path in files}


@pytest.fixture
def plates(tmp_path: Path) -> Path:
    return sequence(tmp_path / "plates")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return sequence(tmp_path / "painted", (1,))


def refused(folder: Path, make: Callable[[], object], match: str) -> None:
    """The run ends in one line, before anything is painted, and every file is as before."""
    before = contents(folder)
    with pytest.raises((OutputError, SettingsError), match=match) as told:
        make()
    assert "\n" not in str(told.value)
    assert contents(folder) == before
    assert not [path for path in folder.glob("*.stylize/out/*") if path.is_file()]


def test_painted_keys_are_not_replaced(plates, keys, tmp_path):
    for output in (f"{keys}/", f"{keys}/plate.####.png"):
        refused(tmp_path, lambda o=output: stylize.run(plates, keys=keys, output=o, overwrite=True), READ)
    refused(tmp_path, lambda: stylize.run(plates, keys=keys, output=f"{keys}/other.####.png"), r"painted cannot take")
    (tmp_path / "link").symlink_to(keys)
    refused(tmp_path, lambda: stylize.run(plates, keys=keys, output=f"{tmp_path}/link/o.####.png"), "painted cannot")


@pytest.mark.parametrize("option", ["matte", "guide", "vectors", "style", "control"])
def test_what_comes_with_the_shot_is_not_replaced(plates, keys, tmp_path, option):
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
    refused(tmp_path, lambda: stylize.run(plates, **more), READ)


def test_a_movie_of_mattes_is_not_replaced(plates, keys, tmp_path):
    matte = write_movie(tmp_path / "matte.mov", [PICTURE] * 3)
    refused(tmp_path, lambda: stylize.run(plates, keys=keys, matte=matte, output=str(matte), overwrite=True), READ)


def test_exports_replace_no_inputs(plates, keys, tmp_path):
    output, inner = f"{tmp_path}/out.mov", tmp_path / "plate_ebsynth"
    mattes = sequence(inner / "mask", name="{:04d}.png")
    given = {"keys": keys, "output": output, "export": "ebsynth", "overwrite": True}
    refused(tmp_path, lambda: stylize.run(plates, matte=mattes, **given), READ)
    painted = sequence(inner / "keys", (2,), "{:04d}.png")
    refused(tmp_path, lambda: stylize.run(plates, **given | {"keys": painted}), READ)


def test_mattes_replace_no_clean_plate(plates, tmp_path):
    clean = sequence(tmp_path / "clean")
    for flag in ("output", "foreground"):
        asked = MatteSettings(clean=clean, overwrite=True, **{"output": f"{tmp_path}/m/", flag: f"{clean}/"})
        refused(tmp_path, lambda a=asked: make_mattes(plates, a), READ)
    asked = MatteSettings(clean=clean, output=f"{clean}/other.####.png")
    refused(tmp_path, lambda: make_mattes(plates, asked), "clean cannot take the result")


@pytest.mark.parametrize("name", ["", *(name for name in FOLDERS if name != "export"), "mask/auto", "layers/1/keys"])
@pytest.mark.parametrize("file", ["new.####.png", "new.mov"])
def test_no_result_goes_among_the_projects_own_files(plates, keys, tmp_path, name, file):
    output = str(tmp_path / "plates.stylize" / name / file)
    told = f"plates.stylize{'/' if name else ''}{name.partition('/')[0]} cannot take the result.*choose another -o$"
    refused(tmp_path, lambda: stylize.run(plates, keys=keys, output=output, overwrite=True), told)
    if file != "new.mov":
        asked = MatteSettings(luma="0.1:0.3", output=output)
        refused(tmp_path, lambda: make_mattes(plates, asked), told)


@pytest.mark.parametrize("name", ["video", "keys", "mask", ""])
def test_no_result_goes_into_a_folder_of_ebsynths(tmp_path, name):
    folder = tmp_path / "eb"
    for inner, frames in (("video", FRAMES), ("keys", (1,)), ("mask", FRAMES)):
        sequence(folder / inner, frames)
    told = f"{folder / name}.*(cannot take the result|.*is the shot itself)"
    other = {"keys": sequence(tmp_path / "other", (1,)), "matte": folder / "mask/plate.0001.png"}
    for more in ({}, other):
        refused(tmp_path, lambda m=more: stylize.run(folder, output=f"{folder / name}/new.####.png", **m), told)


def test_a_movie_beside_keys_and_a_folder_in_the_project_are_fine(plates, keys, tmp_path):
    for output in (f"{keys}/look.mov", f"{tmp_path}/plates.stylize/export/frames/", f"{tmp_path}/plates.stylize/comp/"):
        for _ in range(2):
            assert len(stylize.run(plates, keys=keys, output=output).frames) == 3


def test_a_plan_goes_beside_what_it_is_made_from(plates, tmp_path):
    picture = tmp_path / "plates.stylize" / "plan.png"
    stylize.plan(plates, keyframes=(1,))
    write_image(picture, PICTURE)
    before, said = picture.read_bytes(), []
    planned = stylize.plan(plates, keyframes=(1,), style=picture, overwrite=True, on_message=said.append)
    assert (planned.outputs[1].name, picture.read_bytes()) == ("plan.2.png", before)
    assert said == [f"{picture} is read by this run and stays as it is; this plan is written to plan.2.png"]


def test_every_option_that_names_files_is_looked_at(tmp_path):
    write_image(tmp_path / "a.png", PICTURE)
    file, sheet = tmp_path / "a.png", tmp_path / "keys.csv"
    sheet.write_text("frame,key\n1,x\n")
    asked = Settings(
        keys=tmp_path, keyframes=str(sheet), guide=f"{file}:2", matte=str(file), matte_grow=2, renderer="auto"
    )
    assert set(inputs_of(asked).files) == {file, sheet}
    assert inputs_of(asked).folders == (tmp_path,)
    led = Settings(
        renderer="diffusion", model=str(file), prompt="a", lora=f"{file}:0.5", control=f"depth={file}:1:0-0.5"
    )
    assert inputs_of(led).files == (file,) * 3
    assert inputs_of(MatteSettings(key=f"3:{file}", output=f"{tmp_path}/")).files == (file,)
    assert inputs_of(Settings(style=tmp_path / "gone.png", matte="alpha")).files == ()
