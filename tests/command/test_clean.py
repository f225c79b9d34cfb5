"""``stylize clean``: what can be made again goes, and nothing else."""

import re

from stylize.media.images import read_image, write_image
from tests.command.words import command, digests


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_next_run_makes_again_what_was_removed_with_the_same_bits(movie, style):
    command(movie, "--style", style, "--keyframes", "1,8")
    project = movie.with_name("shot.stylize")
    before, frames, keys = files(project), digests(project / "out"), digests(project / "keys")
    trial = command("clean", project, "-n").stdout
    assert files(project) == before
    told = command("clean", project).stdout
    assert re.search(r"^removed: [\d.]+ [kM]B$", told, re.M)
    assert trial.replace("would remove", "removed") == told
    assert {name.partition("/")[0] for name in before - files(project)} == {"video", "flow", "passes"}
    assert digests(project / "keys") == keys
    assert digests(project / "out") == frames
    again = command(project)
    assert "0 rendered" in again.stdout
    assert digests(project / "out") == frames
    assert before <= files(project)


def test_results_are_removed_when_asked_for(movie, style):
    command(movie, "--style", style, "--keyframes", "1,8")
    project = movie.with_name("shot.stylize")
    frames = digests(project / "out")
    command("clean", project, "--results")
    assert not digests(project / "out")
    assert not list((project / "export").iterdir())
    assert "0 rendered" in command(project).stdout
    assert digests(project / "out") == frames


def test_what_a_person_has_changed_or_put_there_stays(movie, style):
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


def test_layers_are_cleaned_too(movie, style):
    command(movie, "--layer", f"style={style},keyframes=1", "--to", "propagate")
    project = movie.with_name("shot.stylize")
    assert list((project / "layers/1/passes").rglob("*.png"))
    command("clean", project)
    assert not list((project / "layers/1/passes").rglob("*.png"))
    assert digests(project / "layers/1/keys")


def test_what_is_no_project_is_refused(tmp_path, style):
    told = command("clean", tmp_path, check=False)
    assert told.returncode == 1
    assert "expected a project folder" in told.stderr
    assert not (tmp_path / "state.json").exists()


def test_what_cannot_be_read_or_removed_leaves_the_rest_and_is_told(movie, style):
    command(movie, "--style", style, "--keyframes", "1,8", "--to", "propagate")
    project = movie.with_name("shot.stylize")
    before = files(project)
    (project / "flow/mine.flow").write_bytes(b"mine")
    (project / "layers/old").mkdir(parents=True)
    (project / "layers/old/state.json").write_text('{"schema": 99}')
    told = command("clean", project, check=False)
    assert (told.returncode, told.stderr.count("\n")) == (1, 1)
    assert "schema 99" in told.stderr
    assert before <= files(project)
    (project / "layers/old/state.json").unlink()
    command("clean", project)
    assert (project / "flow/mine.flow").read_bytes() == b"mine"
    assert not list((project / "layers/old").iterdir())


def test_counting_does_not_upgrade_a_project_of_an_earlier_version(movie, style):
    command(movie, "--style", style, "--keyframes", "1,8", "--to", "render")
    project = movie.with_name("shot.stylize")
    (project / "state.json").write_text('{"schema": 1, "files": {}, "digests": {}}')
    told = command("clean", project, "-n", check=False)
    assert told.returncode == 1
    assert "was made by an earlier version" in told.stderr
    assert '"schema": 1' in (project / "state.json").read_text()
