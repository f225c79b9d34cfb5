"""Compared looks and saved versions through the command, on frames of the example."""

import json
import shlex
import shutil

import pytest

from stylize.media.images import read_image, write_image
from tests.command.words import EXAMPLES, command, digests


@pytest.mark.slow
def test_printed_command_paints_the_look_again(movie, tmp_path):
    styles = [word for name in ("oil", "ink") for word in ("--style", str(EXAMPLES / f"{name}.png"))]
    done = command("looks", movie, *styles, "--seed", "2", "-o", tmp_path / "my looks")
    data = json.loads((tmp_path / "my looks" / "looks.json").read_text())
    assert [one["seed"] for one in data["looks"]] == [2, 2]
    for one in data["looks"]:
        assert f"   {one['command']}\n" in done.stdout
    look = data["looks"][1]
    before = (tmp_path / one["picture"]).read_bytes()
    shutil.rmtree(tmp_path / "my looks" / "looks")
    program, *words = shlex.split(look["command"])
    assert program == "stylize"
    assert "keyframes: 1 rendered" in command(*words).stdout
    assert (tmp_path / look["picture"]).read_bytes() == before


@pytest.mark.slow
def test_run_after_restoring_paints_no_key_and_makes_the_same_frames(movie, style):
    project = movie.with_name("shot.stylize")
    command(movie, "--style", style, "--keyframes", "1,8", "--seed", "3")
    painted = project / "keys/shot.0008.png"
    write_image(painted, 255 - read_image(painted))
    command(project)
    keys, frames = digests(project / "keys"), digests(project / "out")
    command("version", "save", project, "mine")
    command(project, "--seed", "4", "--structure", "0.9")
    assert digests(project / "keys") != keys
    restored = command("version", "restore", project, "mine").stdout
    assert "the state before is saved as before-mine" in restored
    assert digests(project / "keys") == keys
    again = command(project).stdout
    assert "keyframes: 0 rendered, 1 painted, 1 reused" in again
    assert digests(project / "out") == frames
    assert "mine  " in command("version", "list", project).stdout.partition("(present)")[0]
    assert "kept: 2 versions" in command("clean", project, "-n").stdout
