"""``stylize clean`` removes what can be regenerated, and nothing else."""

import re

import pytest

from stylize.media.images import read_image, write_image
from tests.command.words import command, digests


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_next_run_regenerates_removed_files_bit_identically(movie, style):
    command(movie, "--style", style, "--keyframes", "1,8")
    project = movie.with_name("shot.stylize")
    before, frames, keys = files(project), digests(project / "out"), digests(project / "keys")
    trial = command("clean", project, "-n").stdout
    assert files(project) == before
    output = command("clean", project).stdout
    assert re.search(r"^removed: [\d.]+ [kM]B$", output, re.M)
    assert trial.replace("would remove", "removed") == output
    assert {name.partition("/")[0] for name in before - files(project)} == {"video", "flow", "passes"}
    assert digests(project / "keys") == keys
    assert digests(project / "out") == frames
    again = command(project)
    assert "0 rendered" in again.stdout
    assert digests(project / "out") == frames
    assert before <= files(project)


@pytest.mark.slow
def test_results_are_removed_on_request(movie, style):
    command(movie, "--style", style, "--keyframes", "1,8")
    project = movie.with_name("shot.stylize")
    frames = digests(project / "out")
    command("clean", project, "--results")
    assert not digests(project / "out")
    assert not list((project / "export").iterdir())
    assert "0 rendered" in command(project).stdout
    assert digests(project / "out") == frames


@pytest.mark.slow
def test_edited_and_foreign_files_are_kept(movie, style):
    command(movie, "--style", style, "--keyframes", "1,8")
    project = movie.with_name("shot.stylize")
    for path in (project / "out/shot.0004.png", project / "keys/shot.0001.png"):
        write_image(path, 255 - read_image(path))
    (project / "passes/error/note.png").write_bytes(b"mine")
    keys = digests(project / "keys")
    command("clean", project, "--results")
    assert files(project / "out") == {"shot.0004.png"}
    assert (project / "passes/error/note.png").read_bytes() == b"mine"
    assert digests(project / "keys") == keys


@pytest.mark.slow
def test_layers_are_cleaned(movie, style):
    command(movie, "--layer", f"style={style},keyframes=1", "--to", "propagate")
    project = movie.with_name("shot.stylize")
    assert list((project / "layers/1/passes").rglob("*.png"))
    command("clean", project)
    assert not list((project / "layers/1/passes").rglob("*.png"))
    assert digests(project / "layers/1/keys")


def test_folder_that_is_not_a_project_is_refused(tmp_path, style):
    done = command("clean", tmp_path, check=False)
    assert done.returncode == 1
    assert "expected a project folder" in done.stderr
    assert not (tmp_path / "state.json").exists()


@pytest.mark.slow
def test_unreadable_layer_is_reported_and_nothing_is_removed(movie, style):
    command(movie, "--style", style, "--keyframes", "1,8", "--to", "propagate")
    project = movie.with_name("shot.stylize")
    before = files(project)
    (project / "flow/mine.flow").write_bytes(b"mine")
    (project / "layers/old").mkdir(parents=True)
    (project / "layers/old/state.json").write_text('{"schema": 99}')
    done = command("clean", project, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "schema 99" in done.stderr
    assert before <= files(project)
    (project / "layers/old/state.json").unlink()
    command("clean", project)
    assert (project / "flow/mine.flow").read_bytes() == b"mine"
    assert not list((project / "layers/old").iterdir())


@pytest.mark.slow
def test_dry_run_does_not_upgrade_an_older_project(movie, style):
    command(movie, "--style", style, "--keyframes", "1,8", "--to", "render")
    project = movie.with_name("shot.stylize")
    (project / "state.json").write_text('{"schema": 1, "files": {}, "digests": {}}')
    done = command("clean", project, "-n", check=False)
    assert done.returncode == 1
    assert "was made by an earlier version" in done.stderr
    assert '"schema": 1' in (project / "state.json").read_text()
