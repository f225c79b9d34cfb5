"""Repeated runs: after a kill, after a change, and from the project folder."""

import os
import re
import signal
import time

import numpy as np
import pytest

import stylize
from stylize.media.images import read_image, write_image
from tests import forked_python
from tests.clips import write_movie
from tests.command.words import bunny, command, digests


@pytest.mark.slow
def test_changed_key_regenerates_only_its_two_spans(movie, style):
    stylize.run(movie, style=style, keyframes=(1, 3, 5, 8))
    project = movie.with_name("shot.stylize")
    before = digests(project / "out")
    key = project / "keys" / "shot.0003.png"
    mine = 255 - read_image(key)
    write_image(key, mine)
    result = stylize.run(movie, style=style, keyframes=(1, 3, 5, 8))
    assert result.redone == (2, 3, 4)
    assert result.rendered == ()
    assert result.painted == (3,)
    np.testing.assert_array_equal(read_image(key), mine)
    np.testing.assert_array_equal(read_image(project / "out" / "shot.0003.png"), mine)
    after = digests(project / "out")
    assert {name for name in after if after[name] != before[name]} == {f"shot.{n:04d}.png" for n in (2, 3, 4)}


@pytest.mark.slow
def test_painted_key_at_a_new_frame_is_used(movie, style):
    stylize.run(movie, style=style, keyframes=(1,))
    project = movie.with_name("shot.stylize")
    write_image(project / "keys" / "anything 0006.png", 255 - read_image(project / "video" / "shot.0006.png"))
    result = stylize.run(movie, style=style, keyframes=(1,))
    assert [key.frame for key in result.shots[0].keyframes] == [1, 6]
    assert result.painted == (6,)
    assert result.rendered == ()


@pytest.mark.slow
def test_killed_run_resumes_to_the_same_bits(tmp_path, movie, style):
    words = [movie, "--style", style, "--keyframes", "1,8"]
    command(*words, "--project", tmp_path / "whole.stylize")
    whole = tmp_path / "whole.stylize"
    kills = 0
    # The appearance of each of these files shows the progress of the run, which is then killed at once.
    for mark in ("video/shot.0004.png", "keys/shot.0001.png", "keys/shot.0008.png", "passes/*/forward.4.npz",
                 "out/shot.0006.png", "out/shot.0002.png"):  # fmt: skip
        project = tmp_path / "killed.stylize"
        run = forked_python.Program(["-m", "cli", *words, "--project", project])
        while run.poll() is None and not list(project.glob(mark)):
            time.sleep(0.005)
        if run.poll() is None:
            os.kill(run.pid, signal.SIGKILL)
            kills += 1
        run.wait()
    assert kills >= 4
    command(*words, "--project", project)
    assert digests(project / "keys") == digests(whole / "keys")
    assert digests(project / "out") == digests(whole / "out")
    assert (project / "export/shot.mp4").read_bytes() == (whole / "export/shot.mp4").read_bytes()
    assert not list(project.rglob("*stylize-partial*"))


@pytest.mark.slow
def test_project_can_be_resumed_after_ctrl_c(tmp_path, movie, style):
    words = [movie, "--style", style, "--keyframes", "1,8"]
    project = movie.with_name("shot.stylize")
    run = forked_python.Program(["-m", "cli", *words])
    while run.poll() is None and not list(project.glob("keys/shot.0001.png")):
        time.sleep(0.005)
    run.send_signal(signal.SIGINT)
    _, stderr = run.communicate()
    assert run.returncode == 130
    assert stderr.count("\n") == 1
    assert "continues from here" in stderr
    assert "8 made" in command(*words).stdout


@pytest.mark.slow
def test_project_runs_with_its_stored_settings(movie, style):
    command(movie, "--style", style, "--keyframes", "1,8", "--seed", 5)
    again = command(movie.with_name("shot.stylize"))
    assert "0 made, 8 reused" in again.stdout
    assert "0 rendered" in again.stdout


@pytest.mark.slow
def test_from_and_to_limit_the_stages(movie, style):
    project = movie.with_name("shot.stylize")
    command(movie, "--style", style, "--keyframes", "1,8", "--to", "render")
    assert len(digests(project / "keys")) == 2
    assert not digests(project / "out")
    assert "8 made" in command(project, "--from", "propagate").stdout


@pytest.mark.slow
def test_killed_refined_run_resumes_and_completes(tmp_path, style):
    path = write_movie(tmp_path / "shot.mp4", bunny(30))
    words = [path, "--style", style, "--keyframes", "1", "--refine", "1", "--to", "propagate"]
    whole = command(*words, "--project", tmp_path / "whole.stylize").stdout
    summary = re.search(r"^refined 1: keyframe (\d+), error 0\.(\d+) to 0\.(\d+), kept$", whole, re.M)
    assert summary
    assert int(summary[3]) < int(summary[2])
    project = tmp_path / "killed.stylize"
    run = forked_python.Program(["-m", "cli", *words, "--project", project])
    while run.poll() is None and not (project / "keys" / f"shot.{int(summary[1]):04d}.png").exists():
        time.sleep(0.005)
    assert run.poll() is None
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    assert summary[0] in command(*words, "--project", project).stdout
    assert digests(project / "out") == digests(tmp_path / "whole.stylize" / "out")
    again = command(*words, "--project", project)
    assert summary[0] in again.stdout
    assert "0 made, 30 reused" in again.stdout
    assert again.stderr == ""


@pytest.mark.slow
def test_new_start_number_does_not_reuse_plates_of_other_frames(movie, style):
    stylize.run(movie, style=style, keyframes=(1,), to_stage="pick")
    first = read_image(movie.with_name("shot.stylize") / "video" / "shot.0002.png")
    stylize.run(movie, style=style, keyframes=(2,), start_number=2, to_stage="pick")
    np.testing.assert_array_equal(read_image(movie.with_name("shot.stylize") / "video" / "shot.0003.png"), first)
