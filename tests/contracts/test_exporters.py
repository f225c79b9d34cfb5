"""Contract of Exporter: all registered exporters in one run, without and with layers."""

from pathlib import Path

import numpy as np
import pytest

import stylize
from stylize.errors import OutputError
from stylize.extensions.built_in import BUILT_IN
from stylize.interchange.exporter import ExportPlan
from stylize.interchange.handoff import check_handoff
from stylize.interchange.layout import layout_of
from stylize.interchange.registered import open_exporters
from stylize.media.images import write_image
from stylize.media.opening import open_shot
from stylize.media.targets import target_of
from stylize.project import Project
from stylize.settings import Settings, looks_of
from tests.sliding import SIZE, folder_of, picture, scene

NAMES = (*BUILT_IN["stylize.exporters"], "framelist")
FRAMES = 4


@pytest.fixture(params=["one look", "layers"], scope="module")
def run(request, recipe, tmp_path_factory):
    """Settings of a run with all exporters, its shot and its target, before the run is made."""
    folder = tmp_path_factory.mktemp("exports")
    folder_of(folder / "plates", scene(FRAMES))
    for name, value in (("dark", 30), ("bright", 220)):
        (folder / name).mkdir()
        for number in (1, FRAMES):
            write_image(folder / name / f"{number}.png", picture(value))
    write_image(
        folder / "m.png", np.tile(np.linspace(0, 255, SIZE[0]).astype(np.uint8)[None, :, None], (SIZE[1], 1, 3))
    )
    look = {"keys": folder / "dark", "matte": str(folder / "m.png")}
    if request.param == "layers":
        look = {"layers": [look, {"keys": folder / "bright", "matte": f"{folder}/m.png:invert"}]}
    return folder, look | {"output": f"{folder}/result/", "export": NAMES}


@pytest.fixture(scope="module")
def listed_files(run):
    """Map each exporter's name to the files that it lists before any work."""
    folder, options = run
    settings = Settings(**options)
    shot = open_shot(folder / "plates")
    target = target_of(settings.output, shot.name, folder)
    layout, found = layout_of(shot, target), {}
    for one in open_exporters(settings):
        per_look, whole = one.exports(layered=bool(settings.layers))
        names = [*([look.name for look in looks_of(settings)] if per_look else []), *([""] if whole else [])]
        plans = [ExportPlan(settings, shot, target, layout.for_layer(name), name, (1, FRAMES), True) for name in names]
        found[one.registration.name] = [path for plan in plans for path in one.exporter.files(plan)]
    assert not (folder / "result").exists(), "files() must not write"
    return found


@pytest.fixture(scope="module")
def finished_run(run, listed_files):
    folder, options = run
    return stylize.run(folder / "plates", **options)


def contents(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_exporter_writes_the_files_that_it_lists(name, listed_files, finished_run, run):
    assert listed_files[name]
    assert len(set(listed_files[name])) == len(listed_files[name])
    for path in listed_files[name]:
        assert path.is_file()
        assert path.is_relative_to(run[0] / "result")


@pytest.mark.slow
def test_nothing_else_is_written(listed_files, finished_run, run):
    ours = {path for some in listed_files.values() for path in some} | set(finished_run.frames.values())
    ours |= {run[0] / f"result/plate.{number:04d}.png" for number in range(1, FRAMES + 1)}
    # Additional files: movies in place of pictures, and the combined matte of all layers.
    extra = {path for path in contents(run[0] / "result") if path not in ours}
    assert {path.name.partition(".")[0] for path in extra} <= {"plate_plate", "plate_stylized", "plate_matte"}


@pytest.mark.parametrize("name", NAMES)
def test_foreign_output_file_is_refused_before_any_work(name, listed_files, finished_run, run, tmp_path):
    _, options = run
    settings = Settings(**{**options, "export": name, "output": f"{tmp_path}/other/"})
    shot = open_shot(run[0] / "plates")
    target = target_of(settings.output, shot.name, tmp_path)
    path = tmp_path / "other" / Path(listed_files[name][0]).relative_to(run[0] / "result")
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    with pytest.raises(OutputError, match=path.name):
        check_handoff(settings, shot, target, Project(tmp_path / "p.stylize"))
    assert path.read_text() == "mine"


@pytest.mark.slow
def test_second_run_gives_the_same_bytes(finished_run, run):
    folder, options = run
    before = contents(folder / "result")
    stylize.run(folder / "plates", **options)
    assert contents(folder / "result") == before
